"""Check API keys, which have scopes and rate limits.

Until an operator creates the first key, programs on this machine need no key (see
`api/http/local.py`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import math
import time
from pathlib import Path

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.exc import SQLAlchemyError

from api.http.errors import Problem
from api.http.rates import Meter
from api.record import keys
from api.record.circuit import Circuit
from api.record.database import Sessions
from api.record.keys import Key

log = logging.getLogger(__name__)

# A revoked key is refused after this time at the latest. While the database is down, cached keys
# stay valid.
CACHED_S = 10.0
MOST_CACHED = 10_000
LOOK_S = 1.0  # while there is no key: the first one is noticed after this time at the latest
_MOST_FAILURES = parse("10 per minute")
OPEN = "open"
ANYONE = Key(OPEN, "anyone on this machine", frozenset({"admin"}), "", trusted_names=True)


class Unsure(Key):
    """Stands for the key of a caller while the service cannot know whether any keys exist.

    This happens if the database has been down since the service started. The caller may then have
    comments decided, and nothing else.
    """

    def may(self, scope: str) -> bool:
        """Return True for the scope 'decide'. Raises a `Problem` (503) for every other scope."""
        if scope == "decide":
            return True
        raise _cannot_check()


UNSURE = Unsure(OPEN, ANYONE.name, frozenset({"decide"}), "")


class ExpiredKeyError(Problem):
    """The problem (401) for an API key that has expired."""

    def __init__(self, expired_at: dt.datetime) -> None:
        when = f"{expired_at:%Y-%m-%d at %H:%M} UTC"
        super().__init__(401, f"This API key expired on {when}. Ask its operator for a new one.")


class Authenticator:
    """Checks the secrets of API keys, caches the keys, and enforces their rate limits.

    The file `marker` exists once a key was created. If the service starts while its database is
    down, this file tells it that it must not be open to everyone.
    """

    def __init__(
        self,
        sessions: Sessions,
        circuit: Circuit,
        *,
        unprotected: bool,
        rate: str,
        storage: str = "memory://",
        marker: Path,
    ) -> None:
        self.sessions = sessions
        self.circuit = circuit
        self.unprotected = unprotected
        self.meter = Meter(rate, storage)
        self.marker = marker
        self._failures = MovingWindowRateLimiter(MemoryStorage())  # by address, in this worker
        self._keys_exist = marker.exists()
        self._looked_at: float | None = None  # when the database last answered if there are keys
        self._cache: dict[bytes, tuple[float, Key]] = {}  # by the hash of the secret
        self._used: dict[str, dt.datetime] = {}  # when keys were used, until that is recorded
        self._used_recorded: dict[str, float] = {}  # when that was done last

    def authenticate(self, secret: str | None, *, akismet: bool = False) -> Key:
        """Return the API key with this secret. If no key was ever created, no secret is needed.

        With `akismet`, the secret is one of 12 digits for Akismet's plug-in.

        Raises a `Problem`: 401 for an unknown secret or an expired key, 503 if the database cannot
        be asked.
        """
        key = self._find(secret, akismet)
        if key.id != OPEN:
            now = _now()
            if key.expires_at is not None and key.expires_at <= now:
                raise ExpiredKeyError(key.expires_at)
            self._used[key.id] = now
        return key

    def _find(self, secret: str | None, akismet: bool) -> Key:
        if self.open(look=secret is not None and secret[:3].lower() == "hr-"):
            return UNSURE if self._looked_at is None else ANYONE
        if secret is None:
            raise Problem(401, "Send your API key in the header Authorization: Bearer <key>.")
        if not (secret.isascii() and secret.isprintable()):
            raise _unknown()  # databases refuse some of these characters
        now = time.monotonic()
        # A key for Akismet's plug-in must not be found in the cache by other routes.
        digest = hashlib.sha256(f"{akismet} {secret}".encode()).digest()
        cached_at, cached = self._cache.get(digest, (0.0, None))
        if cached is not None and (now - cached_at < CACHED_S or self.circuit.open):
            return cached
        if self.circuit.open:
            raise _cannot_check()
        try:
            with self.sessions() as session:
                key = (keys.check_akismet if akismet else keys.check)(session, secret)
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            if cached is not None:
                return cached
            raise _cannot_check() from None
        if key is None:
            self._cache.pop(digest, None)
            raise _unknown()
        if len(self._cache) > MOST_CACHED:
            self._cache.clear()
        self._cache[digest] = (now, key)
        return key

    def record_uses(self) -> None:
        """Record when keys were last used, at most once a minute for each key.

        Requests do not write that themselves, so that they do not wait for other writers.
        """
        now, pause_s = time.monotonic(), keys.USES_EVERY.total_seconds()
        due = [
            id_
            for id_ in list(self._used)
            if now - self._used_recorded.get(id_, -math.inf) >= pause_s
        ]
        if not due or self.circuit.open:
            return
        uses = {id_: self._used[id_] for id_ in due}
        self._used_recorded |= dict.fromkeys(due, now)
        try:
            recorded = keys.record_uses(self.sessions, uses, _now())
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            return
        for id_ in recorded:
            if self._used[id_] == uses[id_]:  # not used again in the meantime
                del self._used[id_]

    def authorize(self, secret: str | None, *scopes: str) -> Key:
        """Return the API key with this secret, and count the request against the key's rate limit.

        Raises a `Problem` (403) if the key has none of `scopes`. Raises the problems of
        `authenticate` and `check_rate` too.
        """
        return self._permitted(self.authenticate(secret), *scopes)

    def authorize_akismet(self, secret: str, scope: str, address: str) -> Key:
        """Return the API key for Akismet's plug-in with this secret of 12 digits, as `authorize`.

        After ten wrong keys within a minute from one address, raises a `Problem` (429): such keys
        are short enough to be guessed by whoever may try often.
        """
        if not self._failures.test(_MOST_FAILURES, address):
            detail = "Too many wrong keys came from this address. Wait a minute and try again."
            raise Problem(429, detail, headers=[("Retry-After", "60")])
        try:
            key = self.authenticate(secret, akismet=True)
        except Problem as problem:
            if problem.code == 401:
                self._failures.hit(_MOST_FAILURES, address)
            raise
        return self._permitted(key, scope)

    def _permitted(self, key: Key, *scopes: str) -> Key:
        """Return the key, if it has one of `scopes` and is within its rate limit."""
        if not any(key.may(scope) for scope in scopes):
            names = " or ".join(f"'{scope}'" for scope in scopes)
            raise Problem(403, f"This key has no scope {names}.")
        self.check_rate(key)
        return key

    def check_rate(self, key: Key) -> None:
        """Count a request of this API key. Raises a `Problem` (429) if it is over the limit."""
        if key.id != OPEN:
            self.meter.count_request(key.id, key.rate)

    def open(self, *, look: bool = False) -> bool:
        """Return whether requests need no API key at present.

        The answer may be a second old. With `look`, the database is asked now.
        """
        return self.unprotected and not self._has_keys(look=look)

    def keyless(self) -> bool | None:
        """Return whether no API key was ever created; None if the database has not answered yet."""
        if self._has_keys():
            return False
        return None if self._looked_at is None else True

    def _has_keys(self, *, look: bool = False) -> bool:
        """Return whether an API key was ever created. Revoked keys count too.

        The answer may be a second old. With `look`, the database is asked now.
        """
        now = time.monotonic()
        due = look or self._looked_at is None or now - self._looked_at >= LOOK_S
        if not self._keys_exist and due and not self.circuit.open:
            try:
                with self.sessions() as session:
                    self._keys_exist = keys.any_exist(session)
            except SQLAlchemyError as error:
                self.circuit.failed(error)
                return False  # while the database is down, an open service stays open
            self._looked_at = now
            if self._keys_exist:
                self._write_marker()
        return self._keys_exist

    def _write_marker(self) -> None:
        try:
            self.marker.touch(mode=0o600)
        except OSError as error:
            log.error("cannot write %s: %s", self.marker, error.strerror)


def _now() -> dt.datetime:
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


def _unknown() -> Problem:
    return Problem(401, "This API key is unknown or revoked.")


def _cannot_check() -> Problem:
    detail = "Keys cannot be checked at the moment. Try again soon."
    return Problem(503, detail, headers=[("Retry-After", "5")])


def bearer(header: str) -> str | None:
    """Return the API key in an Authorization header; None if there is none.

    >>> bearer("Bearer hr-1-2")
    'hr-1-2'
    """
    scheme, _, secret = header.partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
