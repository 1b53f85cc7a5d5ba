"""Store API keys. A key is shown once, and only its hash is stored.

A key is `hr-<id>-<secret>`. It is in lower case, because clients of Akismet send it as a part of a
host name. The secret has 160 random bits, so one round of SHA-256 is as safe as a slow hash.

The settings page of Akismet's plug-in takes only 12 hexadecimal digits. Such a key has 48 random
bits, which is not enough for a fast hash. So it has a slow one, its failures are limited by
address, and it is valid on Akismet's routes only.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from limits import parse
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.record.database import Sessions, writing
from api.record.tables import KeyRow

SCOPES = ("decide", "read", "verdict", "erase", "admin")
AKISMET_SCOPES = ("decide", "verdict")
_AKISMET = "akis-"  # starts the ids of keys for Akismet's plug-in
USES_EVERY = dt.timedelta(minutes=1)  # how often the last use of a key is written


@dataclass(frozen=True)
class Key:
    """A valid API key: its owner, its scopes and its rate limit."""

    id: str
    name: str
    scopes: frozenset[str]
    rate: str
    expires_at: dt.datetime | None = None
    trusted_names: bool = False  # whether `who` in its requests says who acts

    def may(self, scope: str) -> bool:
        """Return whether the key has this scope, which allows it certain requests.

        A key with the scope 'admin' has all scopes.
        """
        return scope in self.scopes or "admin" in self.scopes


def create(
    session: Session,
    name: str,
    scopes: list[str],
    rate: str,
    now: dt.datetime,
    *,
    expires_at: dt.datetime | None = None,
    trusted_names: bool = False,
    akismet: bool = False,
) -> tuple[KeyRow, str]:
    """Create a key. Return its row and its secret, which is not stored.

    The key is refused from `expires_at` on. `trusted_names` is for a program that signs several
    moderators in: its requests say truthfully who acts. With `akismet`, the key has 12 digits for
    the settings page of Akismet's plug-in, and the scopes `decide` and `verdict` only. Raises
    `ValueError` for unknown scopes, an invalid rate, or a time to expire that is over.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"scopes: use {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}")
    if rate:
        try:
            parse(rate)
        except ValueError:
            raise ValueError(f"rate: use one such as '50 per second', not '{rate}'") from None
    if expires_at is not None and expires_at <= now:
        raise ValueError(f"expires: must be later than now ({now:%Y-%m-%d %H:%M} UTC)")
    if akismet and set(scopes) != set(AKISMET_SCOPES):
        raise ValueError(f"scopes: a key for Akismet's plug-in has {' and '.join(AKISMET_SCOPES)}")
    key_id = f"{_AKISMET if akismet else ''}{secrets.token_hex(4)}"
    secret = secrets.token_hex(6) if akismet else f"hr-{key_id}-{secrets.token_hex(20)}"
    row = KeyRow(
        id=key_id,
        name=name,
        hash=_slow_hash(secret, key_id) if akismet else _hash(secret),
        scopes=" ".join(scopes),
        rate=rate,
        created_at=now,
        expires_at=expires_at,
        trusted_names=trusted_names,
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
    """Return the key with this secret, or None if the secret is unknown or revoked.

    The key may have expired.
    """
    parts = secret.split("-")
    if len(parts) != 3:
        return None
    row = session.get(KeyRow, parts[1])
    digest = _hash(secret)
    # Compare for unknown keys too, so that timing does not reveal which ids exist.
    valid = hmac.compare_digest(row.hash if row else _hash(""), digest)
    if row is None or not valid or row.revoked_at is not None:
        return None
    return _key(row)


def check_akismet(session: Session, secret: str) -> Key | None:
    """Return the key for Akismet's plug-in with this secret, or None as `check` does.

    Takes some 50 ms for each such key that exists.
    """
    valid = KeyRow.id.startswith(_AKISMET), KeyRow.revoked_at.is_(None)
    for row in session.scalars(select(KeyRow).where(*valid)):
        if hmac.compare_digest(row.hash, _slow_hash(secret, row.id)):
            return _key(row)
    return None


def record_uses(sessions: Sessions, uses: Mapping[str, dt.datetime], now: dt.datetime) -> list[str]:
    """Record when keys were last used, by the id of the key. Return the ids that were recorded.

    Leaves out keys whose last use was recorded less than a minute ago, by any worker.
    """
    with sessions() as session:
        known = session.execute(select(KeyRow.id, KeyRow.used_at).where(KeyRow.id.in_(uses))).all()
    due = [id_ for id_, used_at in known if used_at is None or abs(now - used_at) >= USES_EVERY]
    if due:
        with writing(sessions) as session:
            for id_ in due:
                session.execute(update(KeyRow).where(KeyRow.id == id_).values(used_at=uses[id_]))
    return due


def any_exist(session: Session) -> bool:
    """Return whether any key was ever created. Revoked keys count too."""
    return session.scalars(select(KeyRow.id).limit(1)).first() is not None


def listing(session: Session) -> list[KeyRow]:
    """Return all keys, including revoked ones, oldest first."""
    return list(session.scalars(select(KeyRow).order_by(KeyRow.created_at)))


def _key(row: KeyRow) -> Key:
    scopes = frozenset(row.scopes.split())
    return Key(row.id, row.name, scopes, row.rate, row.expires_at, row.trusted_names)


def _slow_hash(secret: str, salt: str) -> str:
    """Return scrypt's hash with the parameters that its author recommends for sign-in."""
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
