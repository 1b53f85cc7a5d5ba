"""A circuit breaker: requests do not wait for a database that is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

log = logging.getLogger(__name__)

RETRY_S = 2.0  # seconds after a failure until one request, or the background loop, asks again


class Circuit:
    """Opens when the database fails and closes when it answers. Each worker has its own.

    The default clock is monotonic, so changes of the system time do not matter.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._try_at: float | None = None
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        """Whether the database failed and has not answered since."""
        return self._try_at is not None

    def may_try(self) -> bool:
        """Return whether to ask the database. While it is away, one caller per `RETRY_S` may."""
        with self._lock:
            if self._try_at is None:
                return True
            if self._clock() < self._try_at:
                return False
            self._try_at = self._clock() + RETRY_S
            return True

    def failed(self, error: SQLAlchemyError) -> None:
        """Note a database error. Errors about a row's own values do not open the circuit."""
        if isinstance(error, DataError | IntegrityError):
            return
        with self._lock:
            if self._try_at is None:
                log.error("the database is away: %s", type(error).__name__)
            self._try_at = self._clock() + RETRY_S

    def answered(self) -> None:
        """Note that the database answered."""
        with self._lock:
            if self._try_at is not None:
                log.warning("the database is back")
            self._try_at = None
