"""Move the state of an earlier version into the state directory.

Earlier versions kept the record and the spool in a folder `var`, and promoted models next to the
shipped ones, in the checkout or in the folder of installed packages. Everything is copied, and each
copy is compared with its original. Nothing is deleted. A note in `var` then says where its content
is, so that this version uses the new folder and no other.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from moderation import paths
from moderation.lifecycle.drift import OWN_REFERENCE
from moderation.lifecycle.promotion import HISTORY, ROLLED_BACK, Change, choice, history, keep
from moderation.lifecycle.shadow import SHADOW
from moderation.lifecycle.together import with_version
from moderation.scoring.card import CARD
from moderation.scoring.store import CHAMPION, SHIPPED, ModelError, ModelStore, write_json


class MigrationError(RuntimeError):
    """The state cannot be moved. Nothing was changed, or running the command again completes it."""


def old_folders() -> list[Path]:
    """Return the folders in which an earlier version may have kept `var` and `models`.

    They are the folder that holds the package (a checkout, or the installed packages) and the
    current folder.
    """
    return list(dict.fromkeys([paths.PACKAGE.parent, Path.cwd()]))


def notices(store: ModelStore, home: Path) -> list[str]:
    """Return a sentence about each thing that an earlier version left and this one does not use.

    `home` is the state directory in use.
    """
    known = set(history(store))
    lines = [
        f"{folder / 'models'}: an earlier version promoted models there, which are not in use. "
        "Take them over: moderation migrate state"
        for folder in old_folders()
        if folder / "models" != store.own and not known.issuperset(history(folder / "models"))
    ]
    if home == Path.cwd() / "var" and paths.PACKAGE.parent != Path.cwd():
        lines.append(
            f"{home}: the record is here only for commands in this folder. Let all commands find "
            "it: moderation migrate state"
        )
    return lines


def changed_in_checkout(store: ModelStore) -> bool:
    """Return whether the shipped `champion.json` of a checkout names a model of the newsroom's."""
    promoted = {(change.model, change.after) for change in history(store) if change.before}
    return (SHIPPED.parent / ".git").exists() and not promoted.isdisjoint(store.defaults().items())


def move_state(old: Path, home: Path, *, record: bool = True, spool: bool = True) -> list[str]:
    """Copy what is in the folder `old` (`var`) into the state directory, and leave a note in `old`.

    `record` and `spool` say whether they are in the folder at all: settings may name other places.
    Returns sentences about what was done. Raises `MigrationError`.
    """
    moved = old / paths.MOVED
    if moved.is_file():
        return [f"{old} was moved to {moved.read_text('utf-8').strip()} before."]
    names = [
        *([paths.RECORD] if record else []),
        *([paths.SPOOL] if spool else []),
        paths.PERSPECTIVE,
    ]
    present = [old / name for name in names if (old / name).exists()]
    if not present or old.resolve() == home.resolve():
        return []
    _require_owner(old)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for source in present:
        if source.name == paths.RECORD:
            _copy_record(source, home / source.name)
        else:
            _copy(source, home / source.name)
    moved.write_text(f"{home}\n", "utf-8")
    return [f"{source} -> {home / source.name}" for source in present]


def move_models(old: Path, store: ModelStore) -> list[str]:
    """Copy the challengers, the history and the choice of champions into the newsroom's own models.

    What is there already stays. Returns sentences about what was done. Raises `MigrationError` or
    `ModelError`.
    """
    if not old.is_dir() or old.resolve() == store.own.resolve():
        return []
    changes = [change for change in history(old) if change not in history(store)]
    done = list(_move_versions(old, store, {change.after for change in changes}))
    if changes:
        store.own.mkdir(parents=True, exist_ok=True)
        done += _choose(store, changes)
        with (store.own / HISTORY).open("a", encoding="utf-8") as file:
            file.writelines(
                json.dumps(vars(change), ensure_ascii=False) + "\n" for change in changes
            )
        if (old / SHADOW).is_file() and not (store.own / SHADOW).exists():
            _copy(old / SHADOW, store.own / SHADOW)
    return done


def _move_versions(old: Path, store: ModelStore, used: set[str]) -> Iterator[str]:
    """Copy versions that are not shipped, and the references of drift of those that are."""
    shipped = ModelStore(SHIPPED).champions()
    for card in sorted(old.glob(f"*/[!.]*/{CARD}")):
        name, version = card.parts[-3:-1]
        target = store.own / name / version
        if version in used or shipped.get(name) != version:
            if not (target / CARD).is_file():
                try:
                    ModelStore(store.own, old).keep(name, version)
                except ModelError as error:
                    yield f"not copied: {error}"
                else:
                    yield f"{card.parent} -> {target}"
            continue
        reference = card.parent / OWN_REFERENCE
        if reference.is_file() and not (target / OWN_REFERENCE).exists():
            _copy(reference, store.notes(name, version) / OWN_REFERENCE)
            yield f"{reference} -> {target / OWN_REFERENCE}"


def _choose(store: ModelStore, changes: list[Change]) -> Iterator[str]:
    """Put the last version of each model in the history in use, unless one was chosen here."""
    latest = {change.model: change for change in changes}
    chosen = store.chosen()
    for model, change in latest.items():
        follows = change.why == ROLLED_BACK and change.after == store.defaults().get(model)
        if model in chosen or follows:
            continue
        if not (store.find(model, change.after) / CARD).is_file():
            yield (
                f"{model}/{change.after} was in use, but its files are gone. "
                f"Now in use: {store.champions().get(model, 'none')}"
            )
            continue
        versions = with_version(store, store.champions(), model, change.after)
        chosen = choice(store, versions, model, pin=True)
        keep(store, [chosen], model)
        write_json(store.own / CHAMPION, chosen)
        yield f"{model}: {change.after} is in use, as before"


def _require_owner(old: Path) -> None:
    """Raise `MigrationError` if another user runs the service: the copies would not be theirs."""
    owner = old.stat().st_uid
    if hasattr(os, "getuid") and owner != os.getuid():
        raise MigrationError(f"{old} belongs to the user {owner}: run this command as that user")


@contextmanager
def _locked(record: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to the record, and keep every other program from it in the block.

    Raises `MigrationError` if a program, such as the service, has the record open.
    """
    with closing(sqlite3.connect(record, timeout=1.0, isolation_level=None)) as connection:
        try:
            connection.execute(
                "PRAGMA journal_mode=DELETE"
            )  # impossible while others are connected
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")  # from the next transaction on
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise MigrationError(
                f"{record} is in use ({error}): stop the service, and run this command again"
            ) from None
        yield connection


def _copy_record(record: Path, target: Path) -> None:
    """Copy the database, and compare all rows. A copy with the same rows is left as it is."""
    with _locked(record) as connection:
        if target.exists():
            _require_same_rows(record, connection, target)
            return
        partial = target.with_name(f".{target.name}.partial")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
        _require_same_rows(record, connection, partial)
        partial.replace(target)


def _require_same_rows(record: Path, connection: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target)) as copy:
        if _rows_digest(connection) != _rows_digest(copy):
            raise MigrationError(
                f"{target} and {record} hold different records. Nothing was moved: set aside the "
                "one that you do not need"
            )


def _rows_digest(connection: sqlite3.Connection) -> str:
    """Return a hash over all tables, with their definitions and rows."""
    digest = hashlib.sha256()
    tables = "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"
    for name, definition in connection.execute(tables).fetchall():
        digest.update(f"{definition}".encode())
        for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'):  # noqa: S608 - a table
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, and compare the copies. Raises `MigrationError`.

    An existing file stays if it is the same, and is never overwritten.
    """
    if source.is_dir():
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(source.iterdir()):
            _copy(path, target / path.name)
        return
    if target.exists():
        if _digest(source) != _digest(target):
            raise MigrationError(
                f"{target} exists already and differs from {source}: set aside the one that you do "
                "not need"
            )
        return
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.copy2(source, partial)
    except OSError as error:
        raise MigrationError(f"{target} cannot be written: {error.strerror}") from None
    if _digest(source) != _digest(partial):
        partial.unlink()
        raise MigrationError(f"{source} was not copied faithfully; the original is as it was")
    partial.replace(target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
