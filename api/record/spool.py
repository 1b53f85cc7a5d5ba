"""Keep decisions on the local disk while the database is down, in a folder called the spool.

Each decision is a file. It is written under another name, synced, and linked to its final name, so
a power cut leaves a complete file or none. The name is a hash of the community, the comment's id
and its text. So if there are several decisions about the same comment and text, only the first
waits. If the comment has no id, the file is named by the decision's id. After a crash, a decision
may be in the database while its file still exists. It is not recorded twice, because the database
accepts each id only once.
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
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from api.record import decisions
from api.record.database import Sessions, pause
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from api.settings import SettingsError
from moderation import Comment

log = logging.getLogger(__name__)

BATCH = 20  # decisions per transaction
REFUSED = ".refused"
LOCK = ".lock"
# The errors of file systems that have no hard links.
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
ABANDONED_S = 600.0


class Spool:
    """A folder with decisions that wait for the database. Only its owner can read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._make()
        with contextlib.suppress(OSError), self._locked(wait=False):
            pass  # creates the file whose time `drained` returns

    def put(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a decision to the folder, unless one about the same comment and text waits in it.

        Returns the decision that waits: the new one or the earlier one. Raises `OSError` if the
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

    def set_aside(self, values: Mapping[str, Any]) -> None:
        """Keep a decision whose values the database refuses in a file that ends in `.refused`.

        Nothing reads the file again, except to erase it. Raises `OSError` if the disk is full.
        """
        self._make()
        _write(self.folder / f"{values['id']}{REFUSED}", values)

    def find(self, community: str, comment: Comment) -> Mapping[str, Any] | None:
        """Return the waiting decision about this comment id and exactly this text.

        Returns None if no decision about them waits.
        """
        if comment.id is None:
            return None
        name = _key(community, comment.id, decisions.text_key(comment.text))
        with contextlib.suppress(FileNotFoundError):
            return _waiting(self.folder / f"{name}.json")
        return None

    def drained(self) -> int:
        """Return a number that changes whenever waiting decisions have moved to the database.

        It changes before the files are removed. So if a caller finds no file for a decision, and
        the number has changed, the decision may be in the database by now.
        """
        try:
            return (self.folder / LOCK).stat().st_mtime_ns
        except OSError:
            return 0

    def probe(self) -> None:
        """Raise `OSError` if files cannot be written to the folder."""
        self._make()
        path = self.folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            path.write_bytes(b"\0" * 4096)
        finally:
            path.unlink(missing_ok=True)

    def _make(self) -> None:
        """Create the spool's folder, even if someone has removed it since the start."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json"))

    def drain(self, sessions: Sessions, now: dt.datetime, hooks: Sequence[Hook] = ()) -> int:
        """Record the waiting decisions in the database, remove their files, and return how many.

        Only one worker does this at a time; the others return 0. If the database refuses a
        decision, its file gets the suffix `.refused`, so that it does not block the others. Raises
        `SQLAlchemyError` if the database is down.
        """
        written = 0
        with self._locked(wait=False) as acquired:
            if acquired:
                self._sweep()
            waiting = self._waiting() if acquired else []
            for start in range(0, len(waiting), BATCH):
                batch = self._read(waiting[start : start + BATCH])
                started = time.monotonic()
                recorded = _record(sessions, list(batch.values()), now, hooks)
                held_s = time.monotonic() - started
                self._mark()
                for path, values in batch.items():
                    if values["id"] in recorded:
                        path.unlink(missing_ok=True)
                        written += 1
                    else:
                        path.rename(path.with_name(f"{values['id']}{REFUSED}"))
                pause(sessions, held_s)
        return written

    def _mark(self) -> None:
        """Change the number that `drained` returns. The caller must hold the folder's lock."""
        now = time.time_ns()
        with contextlib.suppress(OSError):
            os.utime(self.folder / LOCK, ns=(now, now))

    def forget(
        self,
        matches: Callable[[Mapping[str, Any]], bool],
        now: dt.datetime,
        held_until: Callable[[Mapping[str, Any]], dt.datetime | None] = lambda _: None,
    ) -> list[tuple[dict[str, Any], dt.datetime | None]]:
        """Erase the personal data of the waiting decisions for which `matches` is true.

        A decision for which `held_until` returns a later time than `now` keeps its data until then.
        Returns the decisions as they were, each with that time, or None if it was erased. Waits
        while another worker moves decisions to the database. Erase the database after this call,
        because it may have the decisions by then.
        """
        forgotten = []
        with self._locked(wait=True):
            self._sweep()
            for path, values in self._stored():
                if not matches(values):
                    continue
                until = held_until(values)
                if until is not None and until > now:
                    _write(path, {**values, "erase_due_at": until.isoformat()})
                else:
                    until = None
                    self._erase(path, values, now)
                forgotten.append((values, until))
        return forgotten

    def _erase(self, path: Path, values: Mapping[str, Any], now: dt.datetime) -> None:
        empty = dict.fromkeys(DecisionRow.PRIVATE)
        # The file's name contains a hash of the text.
        target = path.with_stem(values["id"]) if _read(path) else path
        _write(target, {**values, **empty, "erased_at": now.isoformat()})
        if path != target:
            path.unlink(missing_ok=True)

    def forget_copies(self, keys: AbstractSet[str]) -> None:
        """Erase the parents of waiting replies if their text has one of these keys (`copy_key`)."""
        with self._locked(wait=True):
            for path, values in self._stored() if keys else ():
                if values.get("parent") and decisions.copy_key(values["parent"]) in keys:
                    _write(path, {**values, "parent": None})

    def _stored(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield the decisions that wait, and those that the database refused, with their paths."""
        for path in [*self._waiting(), *self.folder.glob(f"*{REFUSED}")]:
            with contextlib.suppress(ValueError):
                values = json.loads(path.read_text("utf-8"))
                if isinstance(values, dict):
                    yield path, values

    def _waiting(self) -> list[Path]:
        """Return the paths of the waiting decisions' files, oldest first.

        The edits of a comment are numbered in this order.
        """
        return sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)

    def _read(self, paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
        """Return the decisions in the files, by path.

        Damaged files are renamed, so that they are not read again. Files that cannot be read
        because of a system error are left for later.
        """
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
        """Remove the unfinished files that killed workers have left.

        Nothing is lost: no client was told that the decisions in unfinished files were recorded.
        """
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


def open_spool(folder: Path) -> Spool:
    """Open the folder where decisions wait. Raises `SettingsError` if it cannot be written."""
    try:
        return Spool(folder)
    except OSError as error:
        problem = f"MODERATION_SPOOL: {folder} cannot be written: {error.strerror}"
        raise SettingsError([problem]) from None


def _record(
    sessions: Sessions, rows: Sequence[Mapping[str, Any]], now: dt.datetime, hooks: Sequence[Hook]
) -> set[str]:
    """Record the decisions in the database. Return the ids of those that were recorded.

    If a decision is malformed, the others are still recorded.
    """
    try:
        return set(decisions.keep(sessions, rows, now, hooks, answered=True))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if len(rows) > 1:
            return set().union(*(_record(sessions, [row], now, hooks) for row in rows))
        # Another version of this program wrote it. Keep the file.
        log.error("a waiting decision has an unknown format: %s", type(error).__name__)
        return set()


def _key(community: str, comment_id: str, text_key: str) -> str:
    """Return the name of the file in which a decision about this comment id and text waits.

    It is a hash of the arguments, so a second decision about the same text gets the same name.
    """
    return hashlib.sha256(json.dumps([community, comment_id, text_key]).encode()).hexdigest()


def _name(values: Mapping[str, Any]) -> str:
    """Return the name of the file in which the decision `values` waits, without its suffix."""
    parts = [values[name] for name in ("community", "comment_id", "text_key")]
    return str(values["id"]) if None in parts else _key(*parts)


def _read(path: Path) -> dict[str, Any] | None:
    """Return the decision in a file, or None if the file is damaged.

    A file also counts as damaged if its name does not fit the decision.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        if path.stem in (values["id"], _name(values)):
            return dict(values)
    except (KeyError, TypeError, ValueError):
        pass
    return None


def _waiting(path: Path) -> dict[str, Any] | None:
    """Return the decision in a file, or None if it cannot be read or is incomplete.

    Raises `FileNotFoundError` if the file does not exist.
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
    """Give a file the owner of its folder.

    Without this, the service cannot read files that root has written.
    """
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _write(final: Path, values: Mapping[str, Any]) -> None:
    """Write values to a file and sync it. On a failure, no incomplete file is left."""
    with _written(final, values) as partial:
        partial.rename(final)
    _sync(final.parent)


def _write_new(final: Path, values: Mapping[str, Any]) -> bool:
    """Write values to a file and sync it, but only if the file does not exist.

    Returns whether the file was written. On a failure, no incomplete file is left.
    """
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
    """Yield the path of a synced temporary file with the values, in the folder of `final`.

    The caller moves the file to `final`. If that fails, the temporary file is removed.
    """
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
