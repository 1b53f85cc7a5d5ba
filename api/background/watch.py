"""A file that is watched: what it says anew is taken, or else tried again as long as it says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from moderation.scoring.store import ModelError

RETRY_S = 2.0  # what cannot be taken yet may be half copied; looking again costs little

log = logging.getLogger(__name__)


class FileWatcher:
    """Calls `take` at the first look, and whenever the file's content has changed since.

    A file that is not there has a content too, of its own. Where `take` raises, `trouble` says why
    until it succeeds.
    """

    def __init__(self, path: Path, take: Callable[[], None]) -> None:
        self.path = path
        self.trouble: str | None = None
        self._take = take
        self._seen: tuple[bytes | None] | None = None
        self._again = 0.0

    def look(self) -> None:
        """Look once; whatever fails is logged once."""
        seen = (self._content(),)
        if seen == self._seen and (self.trouble is None or time.monotonic() < self._again):
            return
        self._seen = seen
        try:
            self._take()
        except Exception as error:  # noqa: BLE001 - whatever it is, all stays as it was
            self._refuse(str(error) if isinstance(error, ModelError) else type(error).__name__)
        else:
            self.trouble = None

    def _refuse(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("%s is not taken: %s", self.path, trouble)
        self.trouble = trouble
        self._again = time.monotonic() + RETRY_S

    def _content(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except OSError:
            return None
