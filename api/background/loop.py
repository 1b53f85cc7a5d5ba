"""Run the background work of a worker process.

The work is to move decisions that waited on disk (in the spool) to the database, to send webhooks,
to erase old texts, to load promoted models, to let a challenger decide in shadow (without effect),
and to measure drift.
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
NICENESS = 10  # of the thread that loads models, so that requests have priority
ERASE_EVERY = dt.timedelta(hours=1)
CLOCK_SET_S = 60.0  # a clock that moves by more than this was set
STEADY_S = 600.0  # nothing is erased for so long after the clock was set


class BackgroundLoop:
    """Runs the background work in threads. Every worker process may have its own loop.

    Every second it calls `on_look` with the moderator in use and with what `refused` returns: why
    promoted models could not be loaded. `record_uses` records when API keys were last used.
    """

    def __init__(
        self,
        decider: Decider,
        *,
        retention_days: int | None = None,
        sensitive_retention_days: int | None = None,
        watchers: Sequence[FileWatcher] = (),
        drift: DriftMonitor | None = None,
        shadow: ShadowRunner | None = None,
        on_look: Callable[[Moderator, Sequence[str]], None] | None = None,
        record_uses: Callable[[], None] | None = None,
    ) -> None:
        self.decider = decider
        self.retention_days = retention_days
        self.sensitive_retention_days = sensitive_retention_days
        self.watchers = watchers
        self.drift = drift
        self.shadow = shadow
        self._on_look = on_look
        self._record_uses = record_uses
        self._prepared = False
        self._erased_at: dt.datetime | None = None
        self._booted_at: float | None = None  # when the machine started, by its clock
        self._steady_from = 0.0
        self._stop = threading.Event()

    def prepare(self) -> None:
        """Upgrade the database's schema. If the database is down, do nothing."""
        if not self.decider.is_reachable():
            return
        try:
            database.upgrade(self.decider.sessions.kw["bind"])
            self._prepared = True
        except SQLAlchemyError as error:
            self.decider.circuit.failed(error)

    def start(self) -> None:
        """Start the threads. They end with the process.

        Each webhook has a thread of its own.
        """
        self.look()  # so that a worker that starts late has the promoted models from the start
        tasks = [self.round, self.look]
        if self.shadow:
            tasks.append(self.shadow.round)
        if self.decider.hooks:
            tasks.append(self.turn_away)
            tasks += [partial(self.send, hook) for hook in self.decider.hooks]
        for task in tasks:
            threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def stop(self) -> None:
        """Let the threads end after their current round."""
        self._stop.set()

    def round(self) -> None:
        """Do one round of work on the database.

        Upgrade its schema if necessary, move waiting decisions from the spool to it, record when
        keys were used, erase old texts, and measure drift.
        """
        if self.decider.circuit.open:
            self._prepared = False  # the database may come back as another, such as a backup
        if not self._prepared:
            self.prepare()
        try:
            self.decider.drain()
        finally:  # an error in the spool must not delay the retention
            if not self.decider.circuit.open:
                if self._record_uses:
                    self._record_uses()
                self._erase_old()
                if self.drift:
                    self.drift.look()

    def send(self, hook: Hook) -> None:
        """Send all messages to the webhook `hook` that are due."""
        decider = self.decider
        self._repeat(lambda: webhooks.deliver(decider.sessions, hook, decider.clock()))

    def turn_away(self) -> None:
        """Mark due webhook messages as failed if the settings no longer name their address."""
        decider = self.decider
        self._repeat(
            lambda: webhooks.fail_removed(decider.sessions, decider.hooks, decider.clock())
        )

    def _repeat(self, deliver: Callable[[], bool]) -> None:
        """Call `deliver`, which handles one webhook message, until no message is due."""
        while not self.decider.circuit.open and not self._stop.is_set() and deliver():
            pass

    def look(self) -> None:
        """Check the watched files, such as `champion.json`, and act on changes."""
        for watcher in self.watchers:
            watcher.look()
        if self.shadow:
            self.shadow.watcher.look()
        if self._on_look:
            self._on_look(self.decider.moderator, self.refused())

    def refused(self) -> list[str]:
        """Return why promoted models could not be loaded; an empty list if they were loaded."""
        return [watcher.trouble for watcher in self.watchers if watcher.trouble]

    def _run(self, task: Callable[[], None]) -> None:
        if task == self.look and sys.platform == "linux":  # where threads have priorities
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._stop.wait(EVERY_S):
            try:
                task()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                log.error("housekeeping failed: %s", type(error).__name__)

    def _erase_old(self) -> None:
        """Erase texts and authors' references that have reached their maximum age, once an hour.

        Erases also what a legal hold has kept until now.
        """
        now, sessions = self.decider.clock(), self.decider.sessions
        all_days, sensitive_days = self.retention_days, self.sensitive_retention_days
        keep_days = self.decider.moderator.policy.publication.keep_removed_days
        if not self._is_steady(now):
            return
        if self._erased_at is None or abs(now - self._erased_at) >= ERASE_EVERY:
            self._erased_at = now
            retain = partial(
                erase.older_than,
                sessions,
                now=now,
                keep_removed_days=keep_days,
                between=self.decider.drain,  # does not wait until the retention has finished
            )
            if sensitive_days is not None:
                retain(sensitive_days, only_sensitive=True)
            if all_days is not None:
                retain(all_days)
            erase.due(sessions, now)
            database.empty_log(sessions.kw["bind"])

    def _is_steady(self, now: dt.datetime) -> bool:
        """Return whether the machine's clock is reliable, because it was not set lately.

        With a wrong clock, every text would seem old and be erased. A machine that has just started
        may not know the time yet.
        """
        running = time.monotonic()
        booted_at = now.timestamp() - running
        if self._booted_at is None or abs(booted_at - self._booted_at) > CLOCK_SET_S:
            self._booted_at, self._steady_from = booted_at, running + STEADY_S
        return running >= self._steady_from
