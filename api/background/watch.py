"""Watches a file, and acts when its content changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from moderation.scoring.store import ModelError

RETRY_S = 2.0  # a file may be half written at the first attempt

log = logging.getLogger(__name__)


class FileWatcher:
    """Calls `take` at the first look and when the file's content changes. Retries if it fails.

    The creation and the deletion of the file are changes too. While `take` fails, `trouble`
    contains the reason.
    """

    def __init__(self, path: Path, take: Callable[[], None]) -> None:
        self.path = path
        self.trouble: str | None = None
        self._take = take
        self._content: tuple[bytes | None] | None = None  # None before the first look
        self._retry_at = 0.0

    def look(self) -> None:
        """Check the file once. Logs an error once, however often it recurs."""
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
