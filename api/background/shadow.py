"""A challenger in shadow: it decides about a share of the comments again, after the champion.

Nobody waits for it. What was decided and recorded is offered to a queue, which drops what does not
fit; the housekeeper takes it from there, one comment at a time, and writes what the challenger
would have done. It is given the same context and policy, and the champion's other models.
"""

from __future__ import annotations

import datetime as dt
import logging
import queue
from collections import deque
from collections.abc import Callable
from pathlib import Path
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
from moderation.scoring.store import ModelError
from moderation.text.reading import read

log = logging.getLogger(__name__)

WAITING = 4_000_000  # characters of texts, so that what waits has a bound in memory
TOGETHER = 50  # rows written at once
WARMING = "You are an idiot."  # a reader loads itself at its first text
PATIENCE_S = 1.0  # it waits so long for a moment without requests; where there is none it is slow


class Job(NamedTuple):
    """What the champion decided, about what, and who that was."""

    decision: Decision
    comment: Comment
    champion: Moderator

    @property
    def weight(self) -> int:
        """Characters, those of the author's comments before among them."""
        known = self.comment
        return 1 + sum(
            map(len, (known.text, known.article or "", known.parent or "", *known.recent))
        )


class WeightedQueue(queue.Queue[Job]):
    """A queue whose size is what its jobs weigh."""

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
    """Takes what a worker decided, and lets the challenger of `shadow.json` decide it again."""

    def __init__(
        self,
        root: Path,
        sessions: Sessions,
        circuit: Circuit,
        busy: BusyCounter,
        clock: Callable[[], dt.datetime],
        *,
        waiting: int = WAITING,
        on_decided: Callable[[Action, Action], None] | None = None,
        on_dropped: Callable[[], None] | None = None,
        on_failed: Callable[[], None] | None = None,
    ) -> None:
        self.root = root
        self.sessions = sessions
        self.circuit = circuit
        self.busy = busy
        self.clock = clock
        self._on_decided = on_decided or (lambda *_: None)
        self._on_dropped = on_dropped or (lambda: None)
        self._on_failed = on_failed or (lambda: None)
        self._jobs = WeightedQueue(waiting)
        self._running: tuple[Shadow, Scorer] | None = None
        self.watch = FileWatcher(root / SHADOW, self._take)

    def offer(self, decision: Decision, comment: Comment, champion: Moderator) -> None:
        """Take a recorded decision, if it is in the share; without waiting, and never raising."""
        running = self._running
        if running and running[0].takes(decision.id):
            try:
                self._jobs.put_nowait(Job(decision, comment, champion))
            except queue.Full:
                self._on_dropped()

    def round(self) -> None:
        """Let the challenger decide what waits, as long as the record is there."""
        while not self.circuit.open and (rows := self._decided()):
            self._keep(rows)

    def _take(self) -> None:
        """Take up the challenger that `shadow.json` names now; raises what it cannot read."""
        self._running = None
        if shadow := Shadow.read(self.root):
            reader = load(self.root / shadow.model / shadow.version)
            reader.score([read(WARMING)])
            self._running = shadow, reader

    def _decided(self) -> list[tuple[Action, ShadowRow]]:
        """What the challenger says about the next few that wait."""
        rows: list[tuple[Action, ShadowRow]] = []
        while len(rows) < TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            self.busy.wait(PATIENCE_S)
            try:
                if row := self._decide(job):
                    rows.append((job.decision.action, row))
            except Exception as error:  # noqa: BLE001 - whatever breaks, the next one is tried
                # The type alone: an exception's message may hold the comment's text.
                log.error("the challenger in shadow failed: %s", type(error).__name__)
                self._on_failed()
        return rows

    def _decide(self, job: Job) -> ShadowRow | None:
        if self._running is None:
            return None
        shadow, reader = self._running
        if job.champion.models.versions.get(shadow.model, shadow.version) == shadow.version:
            return None  # it was promoted meanwhile, or nobody asks this model
        models = job.champion.models.replacing(shadow.model, shadow.version, reader)
        made = Moderator(job.champion.policy, models, explains=False).moderate(job.comment)
        missing = job.decision.scores.keys() - made.scores.keys()
        if missing:
            raise ModelError(f"{shadow.model}/{shadow.version} gave no {', '.join(missing)}")
        return shadows.row(shadow, job.decision, made, self.clock())

    def _keep(self, rows: list[tuple[Action, ShadowRow]]) -> None:
        actions = [(champion, Action[row.action.upper()]) for champion, row in rows]
        try:
            shadows.keep(self.sessions, [row for _, row in rows])
        except SQLAlchemyError as error:
            self.circuit.failed(error)
            for _ in rows:
                self._on_failed()
        else:
            for pair in actions:
                self._on_decided(*pair)
