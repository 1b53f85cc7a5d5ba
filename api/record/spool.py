"""When the database is away: decisions wait on local disk, and are written once it is back.

One file a decision, written beside, synced, and renamed into place, so that a power cut leaves
a whole file or none. Its name is the decision's id, which the record holds at most once: a row
that was written just before a crash is not written again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.record import decisions
from api.record.database import Sessions
from api.record.webhooks import Hook

BATCH = 100


class Spool:
    """A folder of decisions that wait for the database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep a decision safely on disk. Raises `OSError` where the disk is full."""
        final = self.folder / f"{values['id']}.json"
        partial = final.with_suffix(".partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(final)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
        _sync(self.folder)

    def probe(self) -> None:
        """Raise `OSError` where nothing can be written here."""
        path = self.folder / f".probe-{os.getpid()}"
        path.write_bytes(b"\0" * 4096)
        path.unlink()

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json"))

    def drain(self, sessions: Sessions, now: dt.datetime, hooks: Sequence[Hook] = ()) -> int:
        """Write what waits to the record; how many. Raises the database's error if it is away.

        One worker at a time does this; the others find the folder locked and go on.
        """
        written = 0
        with self._locked() as mine:
            waiting = sorted(self.folder.glob("*.json")) if mine else []
            for at in range(0, len(waiting), BATCH):
                batch = waiting[at : at + BATCH]
                values = [json.loads(path.read_text("utf-8")) for path in batch]
                decisions.keep(sessions, values, now, hooks)
                for path in batch:
                    path.unlink()
                written += len(batch)
        return written

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
