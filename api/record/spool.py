"""The spool: while the database is away, decisions wait on the local disk.

Each decision is a file. It is written under another name, synced, and linked into place, so a
power cut leaves a complete file or none. The file's name is a hash of the community, the comment's
id and its text, so only the first decision about the same comment and text waits. Without a
comment id, the name is the decision's id. The record holds each id at most once, so a row that was
written just before a crash is not written again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
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
from moderation import Comment

log = logging.getLogger(__name__)

BATCH = 100
REFUSED = ".refused"
LOCK = ".lock"
# The errors of file systems that have no hard links.
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
ABANDONED_S = 600.0


class Spool:
    """A folder of decisions that wait for the database. Only its owner may read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._make()
        with contextlib.suppress(OSError), self._locked(wait=False):
            pass  # creates the file whose time `drained` returns

    def put(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a decision to disk, unless one about the same comment and text waits there.

        Returns the decision that waits: this one or the earlier one. Raises `OSError` if the
        disk is full.
        """
        self._make()
        path = self.folder / f"{_name(values)}.json"
        while not _write_new(path, values):
            try:
                first = _waiting(path)
            except FileNotFoundError:
                continue  # it has just been recorded or erased
            if first is not None:
                return first
            path = path.with_stem(values["id"])  # the earlier file is damaged
        return values

    def find(self, community: str, comment: Comment) -> Mapping[str, Any] | None:
        """Return the waiting decision about this comment with this text, if any."""
        if comment.id is None:
            return None
        name = _key(community, comment.id, decisions.text_key(comment.text))
        with contextlib.suppress(FileNotFoundError):
            return _waiting(self.folder / f"{name}.json")
        return None

    def drained(self) -> int:
        """Return a number that changes whenever waiting decisions have been recorded.

        It changes before the files are removed, so callers can tell why a file is missing.
        """
        try:
            return (self.folder / LOCK).stat().st_mtime_ns
        except OSError:
            return 0

    def probe(self) -> None:
        """Raise `OSError` if the folder is not writable."""
        self._make()
        path = self.folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            path.write_bytes(b"\0" * 4096)
        finally:
            path.unlink(missing_ok=True)

    def _make(self) -> None:
        """Create the folder, also if someone removed it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json"))

    def drain(self, sessions: Sessions, now: dt.datetime, hooks: Sequence[Hook] = ()) -> int:
        """Write the waiting decisions to the record. Return how many were written.

        Only one worker at a time does this; the others return 0. A file that the database
        refuses is renamed to `.refused`, so it does not block the others. Raises
        `SQLAlchemyError` if the database is away.
        """
        written = 0
        with self._locked(wait=False) as acquired:
            if acquired:
                self._sweep()
            waiting = self._waiting() if acquired else []
            for start in range(0, len(waiting), BATCH):
                batch = self._read(waiting[start : start + BATCH])
                recorded = _record(sessions, list(batch.values()), now, hooks)
                self._mark()
                for path, values in batch.items():
                    if values["id"] in recorded:
                        path.unlink(missing_ok=True)
                        written += 1
                    else:
                        path.rename(path.with_name(f"{values['id']}{REFUSED}"))
        return written

    def _mark(self) -> None:
        """Change what `drained` returns. The caller must hold the lock."""
        now = time.time_ns()
        with contextlib.suppress(OSError):
            os.utime(self.folder / LOCK, ns=(now, now))

    def forget(self, matches: Callable[[Mapping[str, Any]], bool], now: dt.datetime) -> int:
        """Clear the private values of the waiting decisions that match. Return how many.

        Waits for a worker that drains. Erase the database afterwards: it may hold them by then.
        """
        count = 0
        with self._locked(wait=True):
            for path in [*self._waiting(), *self.folder.glob(f"*{REFUSED}")]:
                try:
                    values = json.loads(path.read_text("utf-8"))
                except ValueError:
                    continue
                if isinstance(values, dict) and matches(values):
                    empty = dict.fromkeys(DecisionRow.PRIVATE)
                    # The file's name contains a hash of the text.
                    target = path.with_stem(values["id"]) if _read(path) else path
                    _write(target, {**values, **empty, "erased_at": now.isoformat()})
                    if path != target:
                        path.unlink(missing_ok=True)
                    count += 1
        return count

    def _waiting(self) -> list[Path]:
        """Return the files, oldest first: this order numbers a comment's edits."""
        return sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)

    def _read(self, paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
        """Return the files' contents. Sets damaged files aside; leaves unreadable ones to wait."""
        batch = {}
        for path in paths:
            try:
                values = _read(path)
            except OSError as error:
                log.error("a waiting decision: %s: %s", path.name, error.strerror)
                continue
            if values is not None:
                batch[path] = values
            else:
                log.error("a waiting decision cannot be read: %s", path.name)
                path.rename(path.with_suffix(REFUSED))
        return batch

    def _sweep(self) -> None:
        """Remove the partial files of killed workers. No client was told they were recorded."""
        for path in self.folder.glob("*.partial"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()

    @contextlib.contextmanager
    def _locked(self, *, wait: bool) -> Iterator[bool]:
        self._make()
        path = self.folder / LOCK
        with path.open("a") as file:  # not "w", which would change its time
            _chown_like_folder(path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _record(
    sessions: Sessions, rows: Sequence[Mapping[str, Any]], now: dt.datetime, hooks: Sequence[Hook]
) -> set[str]:
    """Record the rows. Return the ids of those recorded; a malformed row fails alone."""
    try:
        return set(decisions.keep(sessions, rows, now, hooks, answered=True))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if len(rows) > 1:
            return set().union(*(_record(sessions, [row], now, hooks) for row in rows))
        # Another version of this program wrote it. Keep the file.
        log.error("a waiting decision has an unknown format: %s", type(error).__name__)
        return set()


def _key(community: str, comment_id: str, text_key: str) -> str:
    """Return the name of a file: the same for the same comment and text."""
    return hashlib.sha256(json.dumps([community, comment_id, text_key]).encode()).hexdigest()


def _name(values: Mapping[str, Any]) -> str:
    """Return the name of a decision's file, without its suffix."""
    parts = [values[name] for name in ("community", "comment_id", "text_key")]
    return str(values["id"]) if None in parts else _key(*parts)


def _read(path: Path) -> dict[str, Any] | None:
    """Return a file's content; None if it is damaged or does not fit its name."""
    try:
        values = json.loads(path.read_text("utf-8"))
        if path.stem in (values["id"], _name(values)):
            return dict(values)
    except (KeyError, TypeError, ValueError):
        pass
    return None


def _waiting(path: Path) -> dict[str, Any] | None:
    """Return the decision in a file; None if it cannot be read or serialised.

    Raises `FileNotFoundError` if there is no file.
    """
    try:
        values = _read(path)
        if values is not None:
            decisions.spooled_to_dict(values)
    except FileNotFoundError:
        raise
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        log.error("a waiting decision: %s: %s", path.name, type(error).__name__)
        return None
    return values


def _chown_like_folder(path: Path) -> None:
    """Give a file the folder's owner, so the service can read what root wrote."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _write(final: Path, values: Mapping[str, Any]) -> None:
    """Write a file completely and synced, or not at all."""
    with _written(final, values) as partial:
        partial.rename(final)
    _sync(final.parent)


def _write_new(final: Path, values: Mapping[str, Any]) -> bool:
    """Write a file like `_write` unless it exists. Return whether it was written."""
    with _written(final.with_stem(str(values["id"])), values) as partial:
        try:
            os.link(partial, final)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if final.exists():  # not atomic: two writers at the same moment may both pass
                return False
            partial.rename(final)
        finally:
            partial.unlink(missing_ok=True)
    _sync(final.parent)
    return True


@contextlib.contextmanager
def _written(final: Path, values: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a synced temporary file next to `final`; remove it if moving it fails."""
    partial = final.with_suffix(".partial")
    try:
        handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - Path.open takes no mode
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        _chown_like_folder(partial)
        yield partial
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
