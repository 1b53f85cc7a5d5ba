"""Now and then, and never in a request: have the comments moved from those that were measured?"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from api.decisions import Decider
from api.record.recent import recent
from moderation.lifecycle import drift
from moderation.lifecycle.drift import Drift

EVERY = dt.timedelta(minutes=10)
WITHIN = dt.timedelta(days=7)
MOST = 2_000  # decisions: enough to tell, and soon read: requests wait a little longer meanwhile

log = logging.getLogger(__name__)


class DriftMonitor:
    """Compares the recent scores with the reference of the models in use, and says what moved."""

    def __init__(
        self,
        decider: Decider,
        models: Path,
        on_found: Callable[[Sequence[Drift]], None] | None = None,
    ) -> None:
        self.decider = decider
        self.models = models
        self._on_found = on_found
        self._looked_at: dt.datetime | None = None
        self._moved: set[str] = set()

    def look(self) -> None:
        """Look, if it is time to."""
        now = self.decider.clock()
        if self._looked_at is not None and abs(now - self._looked_at) < EVERY:
            return
        self._looked_at = now
        models = self.decider.moderator.models  # taken once: another may take its place any time
        references = drift.references(self.models, models)
        seen = recent(self.decider.sessions, now - WITHIN, MOST) if references else []
        found = [
            it for it in drift.compare(models, references, seen) if it.now.total >= drift.FEWEST
        ]
        self._tell(found)
        if self._on_found:
            self._on_found(found)

    def _tell(self, found: Sequence[Drift]) -> None:
        """Log what has moved, and again only if it had come back meanwhile."""
        moved = {it.name: it.beyond for it in found if it.verdict == "moved"}
        if new := [f"{name} {moved[name]:.2f}" for name in moved if name not in self._moved]:
            log.warning("drift: moved beyond chance: %s; see moderation drift", ", ".join(new))
        self._moved = set(moved)
