"""Let a challenger decide in shadow: some comments are decided again, without any effect.

A challenger is a version of a model that may replace the version in use (the champion). Requests do
not wait for the challenger. Recorded decisions are put into a queue, or dropped if the queue is
full. The background loop takes them from the queue one by one, and records what the challenger
would have decided. The challenger decides by the same policy, and with the same history of the
author and the same other models as the champion.
"""

from __future__ import annotations

import datetime as dt
import logging
import queue
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from api.background.watch import FileWatcher
from api.busy import BusyCounter
from api.record import shadows
from api.record.circuit import Circuit
from api.record.database import Sessions
from api.record.tables import ShadowRow
from moderation import Action, Comment, Decision, Moderator
from moderation.lifecycle.shadow import SHADOW, Shadow
from moderation.scoring.models import load
from moderation.scoring.scorer import Scorer
from moderation.scoring.store import AnyStore, ModelError, ModelStore, find
from moderation.text.reading import read

log = logging.getLogger(__name__)

MOST_WAITING = 4_000_000  # characters of text in the queue, which limits its memory
BATCH = 50  # rows in one transaction
WARM_UP = "You are an idiot."  # some models load at their first text
PATIENCE_S = 1.0  # how long the challenger waits for a moment without requests


class Job(NamedTuple):
    """A comment, its decision, and the moderator that made it with the champion."""

    decision: Decision
    comment: Comment
    champion: Moderator

    @property
    def weight(self) -> int:
        """The number of characters in the comment and its context, which measures memory use."""
        comment = self.comment
        texts = (comment.text, comment.article or "", comment.parent or "", *comment.recent)
        return 1 + sum(map(len, texts))


class WeightedQueue(queue.Queue[Job]):
    """A queue whose limit is the total weight of its jobs (see `Job.weight`), not their number."""

    def _init(self, _: int) -> None:
        self._jobs: deque[Job] = deque()
        self._weight = 0

    def _qsize(self) -> int:
        return self._weight

    def _put(self, item: Job) -> None:
        self._jobs.append(item)
        self._weight += item.weight

    def _get(self) -> Job:
        job = self._jobs.popleft()
        self._weight -= job.weight
        return job


class ShadowRunner:
    """Lets the challenger that `shadow.json` names decide again about this worker's comments.

    `on_decided` is called with the champion's and the challenger's action. `on_dropped` is called
    for each comment for which the queue had no room. `on_failed` is called for each comment that
    the challenger could not decide or whose second decision could not be recorded.
    """

    def __init__(
        self,
        models: AnyStore,
        sessions: Sessions,
        circuit: Circuit,
        busy: BusyCounter,
        clock: Callable[[], dt.datetime],
        *,
        most_waiting: int = MOST_WAITING,
        on_decided: Callable[[Action, Action], None] | None = None,
        on_dropped: Callable[[], None] | None = None,
        on_failed: Callable[[], None] | None = None,
    ) -> None:
        self.models = models
        self.sessions = sessions
        self.circuit = circuit
        self.busy = busy
        self.clock = clock
        self._on_decided = on_decided or (lambda *_: None)
        self._on_dropped = on_dropped or (lambda: None)
        self._on_failed = on_failed or (lambda: None)
        self._jobs = WeightedQueue(most_waiting)
        self._running: tuple[Shadow, Scorer] | None = None
        self.watcher = FileWatcher(ModelStore.of(models).own / SHADOW, self._load)

    def offer(self, decision: Decision, comment: Comment, champion: Moderator) -> None:
        """Queue a recorded decision, if it is in the share of comments that the challenger decides.

        Never blocks and never raises.
        """
        running = self._running
        if running and running[0].takes(decision.id):
            try:
                self._jobs.put_nowait(Job(decision, comment, champion))
            except queue.Full:
                self._on_dropped()

    def round(self) -> None:
        """Let the challenger decide about the comments in the queue, while the database answers."""
        while not self.circuit.open and (rows := self._next_rows()):
            self._record(rows)

    def _load(self) -> None:
        """Load the challenger that `shadow.json` names. Raises `ModelError` if it is damaged."""
        self._running = None
        if shadow := Shadow.read(self.models):
            scorer = load(find(self.models, shadow.model, shadow.version))
            scorer.score([read(WARM_UP)])
            self._running = shadow, scorer

    def _next_rows(self) -> list[tuple[Action, ShadowRow]]:
        """Take some jobs from the queue, and let the challenger decide about their comments.

        Returns pairs: the champion's action, and the row to record with the challenger's decision.
        """
        rows: list[tuple[Action, ShadowRow]] = []
        while len(rows) < BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            self.busy.wait(PATIENCE_S)
            try:
                if row := self._decide(job):
                    rows.append((job.decision.action, row))
            except Exception as error:  # noqa: BLE001 - after any error, the next job is tried
                # Only the type: an exception's message may contain the comment's text.
                log.error("the challenger in shadow failed: %s", type(error).__name__)
                self._on_failed()
        return rows

    def _decide(self, job: Job) -> ShadowRow | None:
        if self._running is None:
            return None
        shadow, scorer = self._running
        if job.champion.models.versions.get(shadow.model, shadow.version) == shadow.version:
            return None  # it has been promoted, or the champion does not use this model
        models = job.champion.models.with_version(shadow.model, shadow.version, scorer)
        champion = job.champion
        challenger = Moderator(champion.policy, models, explains=False, guards=champion.guards)
        decision = challenger.moderate(job.comment)
        missing = job.decision.scores.keys() - decision.scores.keys()
        if missing:
            raise ModelError(f"{shadow.model}/{shadow.version} gave no {', '.join(missing)}")
        return shadows.row(shadow, job.decision, decision, self.clock())

    def _record(self, rows: list[tuple[Action, ShadowRow]]) -> None:
        actions = [(champion, Action[row.action.upper()]) for champion, row in rows]
        try:
            shadows.keep(self.sessions, [row for _, row in rows])
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            for _ in rows:
                self._on_failed()
        else:
            for champion, challenger in actions:
                self._on_decided(champion, challenger)
