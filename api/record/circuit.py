"""A circuit breaker, so that requests do not wait for a database that is down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from api.record.storable import is_refusal

log = logging.getLogger(__name__)

RETRY_S = 2.0  # seconds after a failure until one request, or the background loop, asks again


class Circuit:
    """A circuit breaker: opens when the database fails, and closes when the database answers again.

    While the circuit is open, requests do not use the database. Each worker process has its own
    circuit. The default clock is monotonic, so changes of the system time do not matter.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._try_at: float | None = None
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        """Whether the circuit is open: the database has failed, and has not answered since."""
        return self._try_at is not None

    def may_try(self) -> bool:
        """Return whether the caller may use the database.

        While the circuit is open, one caller may try in every `RETRY_S` seconds.
        """
        with self._lock:
            if self._try_at is None:
                return True
            if self._clock() < self._try_at:
                return False
            self._try_at = self._clock() + RETRY_S
            return True

    def failed(self, error: Exception) -> None:
        """Open the circuit because of a database error.

        An error about the values of a row does not open the circuit, because the database is not
        down.
        """
        if is_refusal(error):
            return
        with self._lock:
            if self._try_at is None:
                log.error("the database is away: %s", type(error).__name__)
            self._try_at = self._clock() + RETRY_S

    def answered(self) -> None:
        """Close the circuit, because the database has answered."""
        with self._lock:
            if self._try_at is not None:
                log.warning("the database is back")
            self._try_at = None
