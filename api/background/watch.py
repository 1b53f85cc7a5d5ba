"""Watch a file, and act when its content changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from moderation.scoring.store import ModelError

RETRY_S = 2.0  # a file may be half written at the first attempt

log = logging.getLogger(__name__)


class FileWatcher:
    """Calls `take` at the first look, and at each look that finds the file's content changed.

    If the file is created or deleted, its content counts as changed. If `take` fails, it is called
    again later until it succeeds. In the meantime, `trouble` contains the reason.
    """

    def __init__(self, path: Path, take: Callable[[], None]) -> None:
        self.path = path
        self.trouble: str | None = None
        self._take = take
        self._content: tuple[bytes | None] | None = None  # None before the first look
        self._retry_at = 0.0

    def look(self) -> None:
        """Check the file once. If the same error occurs again, it is not logged again."""
        content = (self._read(),)
        if content == self._content and (self.trouble is None or time.monotonic() < self._retry_at):
            return
        self._content = content
        try:
            self._take()
        except Exception as error:  # noqa: BLE001 - after any error, what is in use stays in use
            self._refuse(str(error) if isinstance(error, ModelError) else type(error).__name__)
        else:
            self.trouble = None

    def _refuse(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("%s is not taken: %s", self.path, trouble)
        self.trouble = trouble
        self._retry_at = time.monotonic() + RETRY_S

    def _read(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except OSError:
            return None
