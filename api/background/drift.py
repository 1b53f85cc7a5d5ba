"""Measure whether the scores of recent comments have drifted, while the service runs.

Recent scores are compared with a reference: the scores from the time when the models were measured.
`moderation.lifecycle.drift` has the method.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence

from api.decisions import Decider
from api.record.recent import recent
from moderation.lifecycle import drift
from moderation.lifecycle.drift import Drift
from moderation.scoring.store import AnyStore

EVERY = dt.timedelta(minutes=10)
WITHIN = dt.timedelta(days=7)
MOST = 2_000  # decisions: enough for a verdict, and few enough not to slow requests down

log = logging.getLogger(__name__)


class DriftMonitor:
    """Compares recent scores with the models' references (scores from when they were measured).

    Logs a warning for scores that have moved, and calls `on_measured` with all results.
    """

    def __init__(
        self,
        decider: Decider,
        models: AnyStore,
        on_measured: Callable[[Sequence[Drift]], None] | None = None,
    ) -> None:
        self.decider = decider
        self.models = models
        self._on_measured = on_measured
        self._measured_at: dt.datetime | None = None
        self._moved: set[str] = set()

    def look(self) -> None:
        """Measure the drift, unless it was measured less than ten minutes ago."""
        now = self.decider.clock()
        if self._measured_at is not None and abs(now - self._measured_at) < EVERY:
            return
        self._measured_at = now
        models = self.decider.moderator.models  # read once: they may be replaced at any time
        references = drift.read_references(self.models, models)
        decisions = recent(self.decider.sessions, now - WITHIN, MOST) if references else []
        drifts = [
            result
            for result in drift.compare(models, references, decisions)
            if result.now.total >= drift.MIN_DECISIONS
        ]
        self._log(drifts)
        if self._on_measured:
            self._on_measured(drifts)

    def _log(self, drifts: Sequence[Drift]) -> None:
        """Log the scores that have drifted now but had not at the last measurement."""
        moved = {
            result.name: result.beyond_chance for result in drifts if result.verdict == "moved"
        }
        if new := [f"{name} {moved[name]:.2f}" for name in moved if name not in self._moved]:
            log.warning("drift: moved beyond chance: %s; see moderation drift", ", ".join(new))
        self._moved = set(moved)
