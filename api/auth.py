"""Who may ask for what: API keys with scopes, and a rate for each.

Without any key the API is open, and for that reason answers on loopback addresses only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, g, request
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.exc import SQLAlchemyError

from api.errors import Problem
from api.record import keys
from api.record.database import Sessions
from api.record.keys import Key

P = ParamSpec("P")
R = TypeVar("R")

CACHED_S = 10.0  # a revoked key is refused after so long at the latest, and while the
# database is away those seen before go on working
ANYONE = Key("open", "anyone on this machine", frozenset({"admin"}), "")


class Gate:
    """Knows keys by their secrets, remembers them for a moment, and counts their requests."""

    def __init__(
        self, sessions: Sessions, *, unprotected: bool, rate: str, storage: str = "memory://"
    ) -> None:
        self.sessions = sessions
        self.unprotected = unprotected
        self.rate = rate
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage))
        self._keys_there, self._looked = False, -CACHED_S
        self._seen: dict[str, tuple[float, Key]] = {}

    def key(self, secret: str | None) -> Key:
        """The key of this secret; raises a `Problem` (401) for none that is known."""
        if secret is None:
            if self.unprotected and not self._has_keys():
                return ANYONE
            raise Problem(401, "Send your API key in the header Authorization: Bearer <key>.")
        now = time.monotonic()
        at, known = self._seen.get(secret, (0.0, None))
        if known is not None and now - at < CACHED_S:
            return known
        try:
            with self.sessions() as session:
                found = keys.check(session, secret)
        except SQLAlchemyError:
            if known is not None:
                return known  # it was good a moment ago, and comments must go on
            raise Problem(503, "Keys cannot be checked just now. Try again soon.") from None
        if found is None:
            self._seen.pop(secret, None)
            raise Problem(401, "This API key is not known, or was revoked.")
        if len(self._seen) > 10_000:
            self._seen.clear()
        self._seen[secret] = (now, found)
        return found

    def count(self, key: Key) -> None:
        """Count a request; raises a `Problem` (429) when the key has used up its rate."""
        rate = key.rate or self.rate
        if key is not ANYONE and not self._limiter.hit(parse(rate), key.id):
            said = f"This key may ask {rate}. Wait a second and try again."
            raise Problem(429, said, headers=[("Retry-After", "1")])

    def keyless(self) -> bool:
        """Whether no key was ever made, as far as can be known."""
        return not self._has_keys()

    def _has_keys(self) -> bool:
        """Whether a key was ever made; from then on everyone needs one."""
        now = time.monotonic()
        if not self._keys_there and now - self._looked >= CACHED_S:
            try:
                with self.sessions() as session:
                    self._keys_there = keys.any_there(session)
            except SQLAlchemyError:
                return False  # never seen one: the API was open, and stays so while it is away
            self._looked = now
        return self._keys_there


def gate() -> Gate:
    """The gate of this app."""
    found: Gate = current_app.extensions["gate"]
    return found


def needs(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A route that only a key with this scope may ask."""

    def guarded(route: Callable[P, R]) -> Callable[P, R]:
        @wraps(route)
        def guard(*args: P.args, **kwargs: P.kwargs) -> R:
            key = gate().key(bearer(request.headers.get("Authorization", "")))
            if not key.may(scope):
                raise Problem(403, f"This key has no scope '{scope}'.")
            gate().count(key)
            g.key = key
            return route(*args, **kwargs)

        return guard

    return guarded


def bearer(header: str) -> str | None:
    """The key in an Authorization header, if there is one.

    >>> bearer("Bearer hr-1-2")
    'hr-1-2'
    """
    kind, _, secret = header.partition(" ")
    return secret.strip() or None if kind.lower() == "bearer" else None
