"""Who may ask for what: API keys with scopes, and a rate for each.

As long as no key was made, the API is open to programs on this machine: see `api/http/local.py`.
"""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

from limits import parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.exc import SQLAlchemyError

from api.http.errors import Problem
from api.record import keys
from api.record.circuit import Circuit
from api.record.database import Sessions
from api.record.keys import Key

log = logging.getLogger(__name__)

CACHED_S = 10.0  # a revoked key is refused after so long at the latest, and while the
# database is away those seen before go on working
LOOK_S = 1.0  # while there is no key: after so long at the latest, the first one is noticed
OPEN = "open"
ANYONE = Key(OPEN, "anyone on this machine", frozenset({"admin"}), "")


class Unsure(Key):
    """Who asks while the database is away and was never asked whether there are keys.

    Comments are decided, and nothing else is done: there may be keys.
    """

    def may(self, scope: str) -> bool:
        """True for 'decide'. Raises a `Problem` (503) for every other scope."""
        if scope == "decide":
            return True
        raise _cannot_check()


UNSURE = Unsure(OPEN, ANYONE.name, frozenset({"decide"}), "")


class Authenticator:
    """Knows keys by their secrets, remembers them for a moment, and counts their requests.

    `marker` is a file that remembers that keys were made: a service that starts while its
    database is away must not be open for that.
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
        self.rate = rate
        self.marker = marker
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True))
        self._counted_at = 0.0
        self._keys_there = marker.exists()
        self._looked: float | None = None  # when the database last said whether there are keys
        self._seen: dict[bytes, tuple[float, Key]] = {}  # by the secret's hash

    def authenticate(self, secret: str | None) -> Key:
        """The key of this secret. As long as there is no key, any secret will do, and none.

        Raises a `Problem`: 401 for a secret that is not known, 503 where that cannot be checked.
        """
        if self.open(look=secret is not None and secret[:3].lower() == "hr-"):
            return UNSURE if self._looked is None else ANYONE
        if secret is None:
            raise Problem(401, "Send your API key in the header Authorization: Bearer <key>.")
        if not (secret.isascii() and secret.isprintable()):
            raise _unknown()  # no key of ours, nor one that a database can look for
        now = time.monotonic()
        hashed = hashlib.sha256(secret.encode()).digest()
        at, known = self._seen.get(hashed, (0.0, None))
        if known is not None and (now - at < CACHED_S or self.circuit.open):
            return known  # it was good a moment ago, and comments must go on
        if self.circuit.open:
            raise _cannot_check()
        try:
            with self.sessions() as session:
                found = keys.check(session, secret)
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            if known is not None:
                return known
            raise _cannot_check() from None
        if found is None:
            self._seen.pop(hashed, None)
            raise _unknown()
        if len(self._seen) > 10_000:
            self._seen.clear()
        self._seen[hashed] = (now, found)
        return found

    def authorize(self, secret: str | None, scope: str) -> Key:
        """Return the key of this secret, and count the request.

        Raises a `Problem`: as `authenticate` and `check_rate`, and 403 if the key lacks `scope`.
        """
        key = self.authenticate(secret)
        if not key.may(scope):
            raise Problem(403, f"This key has no scope '{scope}'.")
        self.check_rate(key)
        return key

    def check_rate(self, key: Key) -> None:
        """Count a request; raises a `Problem` (429) when the key has used up its rate."""
        rate = key.rate or self.rate
        if key.id == OPEN:
            return
        self._mind_the_clock()
        try:
            free = self._limiter.hit(parse(rate), key.id)
        except StorageError:
            log.error("requests cannot be counted: their storage is away")
            return
        if not free:
            said = f"This key may ask {rate}. Wait a second and try again."
            raise Problem(429, said, headers=[("Retry-After", "1")])

    def _mind_the_clock(self) -> None:
        """Begin anew where the clock was set back: what was counted lies in the future then.

        A storage that services share is left alone: its clock need not be this one.
        """
        now, before = time.time(), self._counted_at
        self._counted_at = now
        if now < before - 1 and isinstance(self._limiter.storage, MemoryStorage):
            self._limiter.storage.reset()

    def open(self, *, look: bool = False) -> bool:
        """Whether requests need no key now: none was made, as far as is known.

        `look` asks the database at once. Else what it answered a second ago is good enough.
        """
        return self.unprotected and not self._has_keys(look=look)

    def keyless(self) -> bool | None:
        """Whether no key was ever made; None while the database was never asked."""
        if self._has_keys():
            return False
        return None if self._looked is None else True

    def _has_keys(self, *, look: bool = False) -> bool:
        """Whether a key was ever made; from then on everyone needs one."""
        now = time.monotonic()
        due = look or self._looked is None or now - self._looked >= LOOK_S
        if not self._keys_there and due and not self.circuit.open:
            try:
                with self.sessions() as session:
                    self._keys_there = keys.any_there(session)
            except SQLAlchemyError as error:
                self.circuit.failed(error)
                return False  # never seen one: what was open stays so while the database is away
            self._looked = now
            if self._keys_there:
                self._remember()
        return self._keys_there

    def _remember(self) -> None:
        try:
            self.marker.touch(mode=0o600)
        except OSError as error:
            log.error("that there are keys cannot be remembered: %s", error.strerror)


def _unknown() -> Problem:
    return Problem(401, "This API key is not known, or was revoked.")


def _cannot_check() -> Problem:
    said = "Keys cannot be checked just now. Try again soon."
    return Problem(503, said, headers=[("Retry-After", "5")])


def bearer(header: str) -> str | None:
    """The key in an Authorization header, if there is one.

    >>> bearer("Bearer hr-1-2")
    'hr-1-2'
    """
    kind, _, secret = header.partition(" ")
    return secret.strip() or None if kind.lower() == "bearer" else None
