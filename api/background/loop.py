"""What happens between requests.

The spool is written, webhooks go out, old texts are forgotten, promoted models are taken, a
challenger in shadow decides, and the scores of late are compared with those that were measured.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from api.background.drift import DriftMonitor
from api.background.shadow import ShadowRunner
from api.background.watch import FileWatcher
from api.decisions import Decider
from api.record import database, erase, webhooks
from api.record.webhooks import Hook
from moderation import Moderator

log = logging.getLogger(__name__)

EVERY_S = 1.0
BESIDE = 10  # the niceness of the thread that loads models, so that requests go first
FORGET_EVERY = dt.timedelta(hours=1)
SET_S = 60.0  # a clock that moves by more than so much was set
STEADY_S = 600.0  # so long nobody is forgotten after that


class BackgroundLoop:
    """Runs beside the requests of a worker; any number of workers may run one each."""

    def __init__(
        self,
        decider: Decider,
        *,
        retention_days: int | None = None,
        watches: Sequence[FileWatcher] = (),
        drift: DriftMonitor | None = None,
        shadow: ShadowRunner | None = None,
        on_look: Callable[[Moderator, Sequence[str]], None] | None = None,
    ) -> None:
        self.decider = decider
        self.retention_days = retention_days
        self.watches = watches
        self.drift = drift
        self.shadow = shadow
        self._on_look = on_look
        self._prepared = False
        self._forgot_at: dt.datetime | None = None
        self._began: float | None = None  # when the machine started, by the clock
        self._steady_from = 0.0
        self._stop = threading.Event()

    def prepare(self) -> None:
        """Bring the database's schema up to date, now or, if it is away, as soon as it is back."""
        if not self.decider.reach():
            return
        try:
            database.upgrade(self.decider.sessions.kw["bind"])
            self._prepared = True
        except SQLAlchemyError as error:
            self.decider.circuit.failed(error)

    def start(self) -> None:
        """Begin, in threads that end with the process; a slow webhook keeps no decision waiting."""
        self.look()  # a worker that starts late takes at once what was promoted before
        hooks = self.decider.hooks
        sending = [self.turn_away, *(partial(self.send, hook) for hook in hooks)] if hooks else []
        shadow = [self.shadow.round] if self.shadow else []
        for round_ in (self.round, self.look, *shadow, *sending):
            threading.Thread(target=self._run, args=(round_,), daemon=True).start()

    def stop(self) -> None:
        """End after the round under way."""
        self._stop.set()

    def round(self) -> None:
        """One round: the schema, the spool, the retention, the drift."""
        if self.decider.circuit.open:
            self._prepared = False  # what comes back may be another, such as a backup put in place
        if not self._prepared:
            self.prepare()
        try:
            self.decider.drain()
        finally:  # whatever waits in the spool, people are forgotten in time
            if not self.decider.circuit.open:
                self._forget()
                if self.drift:
                    self.drift.look()

    def send(self, hook: Hook) -> None:
        """Send the calls that are due to one webhook, in a thread of its own.

        So that one which hangs keeps no other waiting.
        """
        self._each(lambda: webhooks.deliver(self.decider.sessions, hook, self.decider.clock()))

    def turn_away(self) -> None:
        """Let the calls fail that are due to addresses which the settings no longer name."""
        decider = self.decider
        self._each(lambda: webhooks.turn_away(decider.sessions, decider.hooks, decider.clock()))

    def _each(self, one: Callable[[], bool]) -> None:
        """One delivery after another, until none is due."""
        while not self.decider.circuit.open and not self._stop.is_set() and one():
            pass

    def look(self) -> None:
        """Look whether a file that is watched says something new."""
        for watch in self.watches:
            watch.look()
        if self.shadow:
            self.shadow.watch.look()
        if self._on_look:
            self._on_look(self.decider.moderator, self.refused())

    def refused(self) -> list[str]:
        """Why what the watched files say is not taken; empty where all is."""
        return [watch.trouble for watch in self.watches if watch.trouble]

    def _run(self, round_: Callable[[], None]) -> None:
        if round_ == self.look and sys.platform == "linux":  # where each thread has a priority
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BESIDE)
        while not self._stop.wait(EVERY_S):
            try:
                round_()
            except Exception as error:  # noqa: BLE001 - whatever fails is tried again in the next
                log.error("housekeeping failed: %s", type(error).__name__)

    def _forget(self) -> None:
        """Empty what is older than the retention, once an hour."""
        now = self.decider.clock()
        if self.retention_days is None or not self._steady(now):
            return
        due = self._forgot_at is None or abs(now - self._forgot_at) >= FORGET_EVERY
        if due:
            self._forgot_at = now
            erase.older_than(self.decider.sessions, self.retention_days, now)

    def _steady(self, now: dt.datetime) -> bool:
        """Whether nobody has set the clock of late: by one that is wrong all would be forgotten.

        A machine that has just started may not know the time yet, either.
        """
        running = time.monotonic()
        began = now.timestamp() - running
        if self._began is None or abs(began - self._began) > SET_S:
            self._began, self._steady_from = began, running + STEADY_S
        return running >= self._steady_from
