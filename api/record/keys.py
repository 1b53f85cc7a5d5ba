"""Store API keys. A key is shown once, and only its hash is stored.

A key is `hr-<id>-<secret>`. It is in lower case, because clients of Akismet send it as a part of a
host name. The secret has 160 random bits, so one round of SHA-256 is as safe as a slow hash.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from limits import parse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.record.tables import KeyRow

SCOPES = ("decide", "read", "verdict", "erase", "admin")


@dataclass(frozen=True)
class Key:
    """A valid API key: its owner, its scopes and its rate limit."""

    id: str
    name: str
    scopes: frozenset[str]
    rate: str

    def may(self, scope: str) -> bool:
        """Return whether the key has this scope, which allows it certain requests.

        A key with the scope 'admin' has all scopes.
        """
        return scope in self.scopes or "admin" in self.scopes


def create(
    session: Session, name: str, scopes: list[str], rate: str, now: dt.datetime
) -> tuple[KeyRow, str]:
    """Create a key. Return its row and its secret, which is not stored.

    Raises `ValueError` for unknown scopes or an invalid rate.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"scopes: use {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}")
    if rate:
        try:
            parse(rate)
        except ValueError:
            raise ValueError(f"rate: use one such as '50 per second', not '{rate}'") from None
    key_id = secrets.token_hex(4)
    secret = f"hr-{key_id}-{secrets.token_hex(20)}"
    row = KeyRow(
        id=key_id,
        name=name,
        hash=_hash(secret),
        scopes=" ".join(scopes),
        rate=rate,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row, secret


def revoke(session: Session, key_id: str, now: dt.datetime) -> None:
    """Revoke a key. Raises `LookupError` if there is no key with this id."""
    row = session.get(KeyRow, key_id)
    if row is None:
        raise LookupError(f"there is no key '{key_id}'")
    row.revoked_at = row.revoked_at or now


def check(session: Session, secret: str) -> Key | None:
    """Return the valid key with this secret, or None if the secret is unknown or revoked."""
    parts = secret.split("-")
    if len(parts) != 3:
        return None
    row = session.get(KeyRow, parts[1])
    digest = _hash(secret)
    # Compare for unknown keys too, so that timing does not reveal which ids exist.
    valid = hmac.compare_digest(row.hash if row else _hash(""), digest)
    if row is None or not valid or row.revoked_at is not None:
        return None
    return Key(row.id, row.name, frozenset(row.scopes.split()), row.rate)


def any_exist(session: Session) -> bool:
    """Return whether any key was ever created. Revoked keys count too."""
    return session.scalars(select(KeyRow.id).limit(1)).first() is not None


def listing(session: Session) -> list[KeyRow]:
    """Return all keys, including revoked ones, oldest first."""
    return list(session.scalars(select(KeyRow).order_by(KeyRow.created_at)))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
