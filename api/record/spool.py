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
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.record import decisions
from api.record.database import Sessions
from api.record.tables import DecisionRow
from api.record.webhooks import Hook

log = logging.getLogger(__name__)

BATCH = 100
REFUSED = ".refused"
ABANDONED_S = 600.0


class Spool:
    """A folder of decisions that wait for the database. Nobody else may read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._make()

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep a decision safely on disk. Raises `OSError` where the disk is full."""
        self._make()
        _write(self.folder / f"{values['id']}.json", values)

    def probe(self) -> None:
        """Raise `OSError` where nothing can be written here."""
        self._make()
        path = self.folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            path.write_bytes(b"\0" * 4096)
        finally:
            path.unlink(missing_ok=True)

    def _make(self) -> None:
        """Make the folder, anew where someone removed it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json"))

    def drain(self, sessions: Sessions, now: dt.datetime, hooks: Sequence[Hook] = ()) -> int:
        """Write what waits to the record; how many. Raises the database's error if it is away.

        One worker at a time does this; the others find the folder locked and go on. A file
        that the database will never take is set aside as `.refused`, so that it stops no other.
        """
        written = 0
        with self._locked(wait=False) as mine:
            if mine:
                self._sweep()
            waiting = self._waiting() if mine else []
            for at in range(0, len(waiting), BATCH):
                batch = self._read(waiting[at : at + BATCH])
                refused = _kept(sessions, list(batch.values()), now, hooks)
                for path, values in batch.items():
                    if values["id"] in refused:
                        path.rename(path.with_suffix(REFUSED))
                    else:
                        path.unlink()
                        written += 1
        return written

    def forget(self, matches: Callable[[Mapping[str, Any]], bool], now: dt.datetime) -> int:
        """Empty the private values of the waiting decisions that match; how many.

        Waits for a worker that drains: what it wrote is the database's to forget.
        """
        count = 0
        with self._locked(wait=True):
            for path in [*self._waiting(), *self.folder.glob(f"*{REFUSED}")]:
                try:
                    values = json.loads(path.read_text("utf-8"))
                except ValueError:
                    continue
                if matches(values):
                    empty = dict.fromkeys(DecisionRow.PRIVATE)
                    _write(path, {**values, **empty, "erased_at": now.isoformat()})
                    count += 1
        return count

    def _waiting(self) -> list[Path]:
        """The files, in the order they came: a comment's edits are numbered so."""
        return sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)

    def _read(self, paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
        """What the files hold; one that is damaged is set aside, one that is locked waits on."""
        found = {}
        for path in paths:
            try:
                values = json.loads(path.read_text("utf-8"))
            except ValueError:
                values = None
            except OSError as error:
                log.error("a waiting decision: %s: %s", path.name, error.strerror)
                continue
            if isinstance(values, dict) and values.get("id") == path.stem:
                found[path] = values
            else:
                log.error("a waiting decision cannot be read: %s", path.name)
                path.rename(path.with_suffix(REFUSED))
        return found

    def _sweep(self) -> None:
        """Remove what a worker that was killed left half written: nobody was told it was kept."""
        for path in self.folder.glob("*.partial"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()

    @contextlib.contextmanager
    def _locked(self, *, wait: bool) -> Iterator[bool]:
        self._make()
        path = self.folder / ".lock"
        with path.open("w") as file:
            _like_its_folder(path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _kept(
    sessions: Sessions, rows: Sequence[Mapping[str, Any]], now: dt.datetime, hooks: Sequence[Hook]
) -> set[str]:
    """Record the rows; the ids of those that can never be, which cost the others nothing."""
    try:
        return decisions.keep(sessions, rows, now, hooks)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if len(rows) > 1:
            return set().union(*(_kept(sessions, [row], now, hooks) for row in rows))
        # As another version of this program wrote it: not ours to read, nor to throw away.
        log.error("a waiting decision is of another shape: %s", type(error).__name__)
        return {rows[0]["id"]}


def _like_its_folder(path: Path) -> None:
    """Root, who erases from the command line, leaves nothing that the service cannot read."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _write(final: Path, values: Mapping[str, Any]) -> None:
    """Put a file in place whole and synced, or not at all."""
    partial = final.with_suffix(".partial")
    try:
        handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - Path.open takes no mode
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        _like_its_folder(partial)
        partial.rename(final)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _sync(final.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
