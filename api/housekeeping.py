"""What happens between requests: the spool is written, webhooks go out, old texts are forgotten."""

from __future__ import annotations

import datetime as dt
import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from api.keeper import Keeper
from api.record import database, erase, webhooks
from api.record.database import writing

log = logging.getLogger(__name__)

EVERY_S = 1.0
FORGET_EVERY = dt.timedelta(hours=1)


class Housekeeper:
    """Runs beside the requests of a worker; any number of workers may run one each."""

    def __init__(self, keeper: Keeper, retention_days: int | None = None) -> None:
        self.keeper = keeper
        self.retention_days = retention_days
        self._prepared = False
        self._forgot_at: dt.datetime | None = None
        self._stop = threading.Event()

    def prepare(self) -> None:
        """Bring the database's schema up to date, now or, if it is away, as soon as it is back."""
        try:
            database.upgrade(self.keeper.sessions.kw["bind"])
            self._prepared = True
        except SQLAlchemyError as error:
            log.error("the database is away at start: %s", type(error).__name__)

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="housekeeper", daemon=True).start()

    def stop(self) -> None:
        """End after the round under way."""
        self._stop.set()

    def round(self) -> None:
        """One round: whatever fails is tried again in the next."""
        keeper = self.keeper
        try:
            if not self._prepared:
                self.prepare()
            keeper.drain()
            if not keeper.away:
                if keeper.hooks:
                    webhooks.deliver(keeper.sessions, keeper.hooks, keeper.clock())
                self._forget()
        except (SQLAlchemyError, OSError, ValueError) as error:
            log.error("housekeeping failed: %s", type(error).__name__)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.round()

    def _forget(self) -> None:
        """Empty what is older than the retention, once an hour."""
        now = self.keeper.clock()
        due = self._forgot_at is None or abs(now - self._forgot_at) >= FORGET_EVERY
        if self.retention_days is not None and due:
            self._forgot_at = now
            with writing(self.keeper.sessions) as session:
                erase.older_than(session, self.retention_days, now)
