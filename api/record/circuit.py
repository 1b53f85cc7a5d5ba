"""Leave a database alone that is away, so that no request waits for what will not come."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

log = logging.getLogger(__name__)

RETRY_S = 2.0  # after a failure one request, or the housekeeper, asks again so often


class Circuit:
    """Open after the database failed, closed again when it answers. One for each worker.

    Counts on a clock that nobody can set back.
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
        """Whether to ask the database: always while it answers, else one caller now and then."""
        with self._lock:
            if self._try_at is None:
                return True
            if self._clock() < self._try_at:
                return False
            self._try_at = self._clock() + RETRY_S
            return True

    def failed(self, error: SQLAlchemyError) -> None:
        """Note an error of the database; one about a row's own values says nothing about it."""
        if isinstance(error, DataError | IntegrityError):
            return
        with self._lock:
            if self._try_at is None:
                log.error("the database is away: %s", type(error).__name__)
            self._try_at = self._clock() + RETRY_S

    def answered(self) -> None:
        """Note that the database did what it was asked to."""
        with self._lock:
            if self._try_at is not None:
                log.warning("the database is back")
            self._try_at = None
