"""When the database is away: decisions wait on local disk, and are written once it is back.

One file a decision, written beside, synced, and linked into place, so that a power cut leaves
a whole file or none. The file is named by what makes a comment the same, so that the first of two
decisions about the same comment with the same text is the only one that waits; where there is no
such key, by the decision's id. The record holds each id at most once: a row that was written just
before a crash is not written again.
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
# What a file system answers that has no hard links.
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
ABANDONED_S = 600.0


class Spool:
    """A folder of decisions that wait for the database. Nobody else may read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._make()
        with contextlib.suppress(OSError), self._locked(wait=False):
            pass  # so that the file is there whose time `drained` tells

    def put(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep a decision safely on disk, unless one about the same comment and text is there.

        Returns the decision that waits: this one, or the one that was first. Raises `OSError`
        where the disk is full.
        """
        self._make()
        path = self.folder / f"{_name(values)}.json"
        while not _write_new(path, values):
            try:
                first = _waiting(path)
            except FileNotFoundError:
                continue  # it was recorded, or forgotten, just now
            if first is not None:
                return first
            path = path.with_stem(values["id"])  # that one is damaged
        return values

    def find(self, community: str, comment: Comment) -> Mapping[str, Any] | None:
        """The decision that waits about this comment with this text."""
        if comment.id is None:
            return None
        name = _key(community, comment.id, decisions.text_key(comment.text))
        with contextlib.suppress(FileNotFoundError):
            return _waiting(self.folder / f"{name}.json")
        return None

    def drained(self) -> int:
        """A number that changes whenever waiting decisions have been recorded.

        It changes before their files are removed, so that whoever misses a file can tell.
        """
        try:
            return (self.folder / LOCK).stat().st_mtime_ns
        except OSError:
            return 0

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
                kept = _kept(sessions, list(batch.values()), now, hooks)
                self._mark()
                for path, values in batch.items():
                    if values["id"] in kept:
                        path.unlink(missing_ok=True)
                        written += 1
                    else:
                        path.rename(path.with_name(f"{values['id']}{REFUSED}"))
        return written

    def _mark(self) -> None:
        """Change what `drained` returns; only who holds the lock may."""
        moment = time.time_ns()
        with contextlib.suppress(OSError):
            os.utime(self.folder / LOCK, ns=(moment, moment))

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
                if isinstance(values, dict) and matches(values):
                    empty = dict.fromkeys(DecisionRow.PRIVATE)
                    # The text is in the file's name too, as a hash.
                    nameless = path.with_stem(values["id"]) if _read(path) else path
                    _write(nameless, {**values, **empty, "erased_at": now.isoformat()})
                    if path != nameless:
                        path.unlink(missing_ok=True)
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
                values = _read(path)
            except OSError as error:
                log.error("a waiting decision: %s: %s", path.name, error.strerror)
                continue
            if values is not None:
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
        path = self.folder / LOCK
        with path.open("a") as file:  # not "w", which would change its time
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
    """Record the rows; the ids of those that are kept. One that never can be costs no other."""
    try:
        return set(decisions.keep(sessions, rows, now, hooks, answered=True))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if len(rows) > 1:
            return set().union(*(_kept(sessions, [row], now, hooks) for row in rows))
        # As another version of this program wrote it: not ours to read, nor to throw away.
        log.error("a waiting decision is of another shape: %s", type(error).__name__)
        return set()


def _key(community: str, comment_id: str, text_key: str) -> str:
    """A file's name by what makes two comments the same."""
    return hashlib.sha256(json.dumps([community, comment_id, text_key]).encode()).hexdigest()


def _name(values: Mapping[str, Any]) -> str:
    """The name of a decision's file, without its suffix."""
    parts = [values[name] for name in ("community", "comment_id", "text_key")]
    return str(values["id"]) if None in parts else _key(*parts)


def _read(path: Path) -> dict[str, Any] | None:
    """What a file holds; None where it is damaged or not the decision that its name says."""
    try:
        values = json.loads(path.read_text("utf-8"))
        if path.stem in (values["id"], _name(values)):
            return dict(values)
    except (KeyError, TypeError, ValueError):
        pass
    return None


def _waiting(path: Path) -> dict[str, Any] | None:
    """The decision in a file, to be answered again; None where it cannot be read.

    Raises `FileNotFoundError` where there is no file.
    """
    try:
        values = _read(path)
        if values is not None:
            decisions.waiting(values)
    except FileNotFoundError:
        raise
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        log.error("a waiting decision: %s: %s", path.name, type(error).__name__)
        return None
    return values


def _like_its_folder(path: Path) -> None:
    """Root, who erases from the command line, leaves nothing that the service cannot read."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _write(final: Path, values: Mapping[str, Any]) -> None:
    """Put a file in place whole and synced, or not at all."""
    with _written(final, values) as partial:
        partial.rename(final)
    _sync(final.parent)


def _write_new(final: Path, values: Mapping[str, Any]) -> bool:
    """Put a file in place like `_write`, if there is none; whether there was none."""
    with _written(final.with_stem(str(values["id"])), values) as partial:
        try:
            os.link(partial, final)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if final.exists():  # two at the same moment are not told apart without links
                return False
            partial.rename(final)
        finally:
            partial.unlink(missing_ok=True)
    _sync(final.parent)
    return True


@contextlib.contextmanager
def _written(final: Path, values: Mapping[str, Any]) -> Iterator[Path]:
    """A file beside the final one, whole and synced; removed where putting it in place fails."""
    partial = final.with_suffix(".partial")
    try:
        handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - Path.open takes no mode
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        _like_its_folder(partial)
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
