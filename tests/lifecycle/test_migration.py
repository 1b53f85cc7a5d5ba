"""`moderation migrate state` takes over what an earlier version left, and deletes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moderation import paths
from moderation.lifecycle import migration
from moderation.lifecycle.promotion import history
from moderation.scoring.models import Models
from moderation.scoring.store import SHIPPED, ModelStore, champions
from tests.api.conftest import Run, run

__all__ = ["run"]  # a fixture

SPAM = champions(SHIPPED)["spam"]
PROMOTED = {"at": "2026-11-01T10:00:00+00:00", "who": "asha", "model": "spam", "before": SPAM}


@pytest.fixture
def old(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder as an earlier version left it: a record with a key, and a promoted model."""
    folder = tmp_path / "old"
    for name in ("MODERATION_DATABASE", "MODERATION_SPOOL"):
        monkeypatch.delenv(name)
    with monkeypatch.context() as earlier:
        earlier.setenv("MODERATION_HOME", str(folder / "var"))
        assert run("keys", "create", "--name", "site", "--scope", "decide").exit_code == 0
    (folder / "var" / "spool").mkdir()
    (folder / "var" / "spool" / ".protected").touch()
    (folder / "var" / "spool" / "waiting.json").write_text('{"id": "1"}', "utf-8")
    (folder / "var" / "perspective.jsonl").write_text("{}\n", "utf-8")
    models = folder / "models"
    for version in (SPAM, "mine"):
        shutil.copytree(SHIPPED / "spam" / SPAM, models / "spam" / version)
    (models / "champion.json").write_text(json.dumps({**champions(SHIPPED), "spam": "mine"}))
    (models / "history.jsonl").write_text(json.dumps({**PROMOTED, "after": "mine"}) + "\n")
    (models / "spam" / SPAM / "reference.json").write_text("{}", "utf-8")
    (models / "shadow.json").write_text("{}", "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(migration, "old_folders", lambda: [folder])  # not this checkout's models
    return folder


@pytest.fixture
def store() -> ModelStore:
    """Return the newsroom's own models in the new state directory."""
    return ModelStore.at(Path(os.environ["MODERATION_HOME"]))


def tree(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without the note that the migration leaves."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (paths.MOVED, paths.RECORD)
    }


def rows(record: Path) -> list[tuple[object, ...]]:
    """Return the keys in a record."""
    with closing(sqlite3.connect(record)) as connection:
        return connection.execute("SELECT * FROM keys").fetchall()


def test_everything_is_taken_over(run: Run, old: Path, store: ModelStore) -> None:
    """The record, waiting decisions, the champion, its history and what was measured."""
    before, keys = tree(old), rows(old / "var" / paths.RECORD)
    result = run("migrate", "state")
    assert result.exit_code == 0, result.stderr
    home = store.own.parent
    assert rows(home / paths.RECORD) == keys
    assert (home / paths.RECORD).stat().st_mode & 0o777 == 0o600
    assert (home / "spool" / "waiting.json").read_text("utf-8") == '{"id": "1"}'
    assert (home / "spool" / ".protected").exists()
    assert (home / "perspective.jsonl").exists()
    assert Models.load(store).versions["spam"] == "mine"
    assert [change.after for change in history(store)] == ["mine"]
    assert (store.own / "spam" / SPAM / "reference.json").exists()
    assert (store.own / "shadow.json").exists()
    assert tree(old) == before, "nothing is deleted or changed"
    assert rows(old / "var" / paths.RECORD) == keys


def test_it_may_be_run_again(run: Run, old: Path, store: ModelStore) -> None:
    """The second run changes nothing, not even what was promoted in between."""
    run("migrate", "state")
    (store.own / "champion.json").write_text("{}", "utf-8")
    before = tree(store.own.parent)
    result = run("migrate", "state")
    assert result.exit_code == 0, result.stderr
    assert f"{old / 'var'} was moved to {store.own.parent} before." in result.stdout
    assert tree(store.own.parent) == before


def test_the_old_folder_leads_to_the_new_one(
    run: Run, old: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that is started in the old folder, without the variable, finds the new record."""
    run("migrate", "state")
    monkeypatch.delenv("MODERATION_HOME")
    assert paths.home() == store.own.parent
    assert "site" in run("keys", "list").stdout
    assert (old / "var" / paths.RECORD).exists()


def test_a_record_in_use_is_not_copied(run: Run, old: Path, store: ModelStore) -> None:
    """Its next decisions would be missing from the copy."""
    with closing(sqlite3.connect(old / "var" / paths.RECORD)) as service:
        service.execute("SELECT * FROM keys").fetchall()
        result = run("migrate", "state")
    assert result.exit_code == 1
    assert "stop the service" in result.stderr
    assert not (store.own.parent / paths.RECORD).exists()
    assert not (old / "var" / paths.MOVED).exists()
    assert run("migrate", "state").exit_code == 0


def test_another_record_is_not_overwritten(run: Run, old: Path, store: ModelStore) -> None:
    """Both stay as they are, and the message names them."""
    assert run("keys", "create", "--name", "other", "--scope", "decide").exit_code == 0
    before = rows(store.own.parent / paths.RECORD)
    result = run("migrate", "state")
    assert result.exit_code == 1
    assert "hold different records" in result.stderr
    assert rows(store.own.parent / paths.RECORD) == before
    assert not (old / "var" / paths.MOVED).exists()


def test_a_copy_that_is_not_faithful_is_given_up(
    run: Run, old: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that loses data is noticed."""
    monkeypatch.setattr(shutil, "copy2", lambda _, target: Path(target).write_text("lost"))
    result = run("migrate", "state")
    assert result.exit_code == 1
    assert "not copied faithfully" in result.stderr
    assert not (old / "var" / paths.MOVED).exists()
    assert not (store.own.parent / "spool" / "waiting.json").exists()


def test_a_record_elsewhere_stays_there(
    run: Run, old: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings name it; only what they do not name is moved."""
    monkeypatch.setenv("MODERATION_DATABASE", "sqlite:///var/record.sqlite")
    assert run("migrate", "state").exit_code == 0
    assert not (store.own.parent / paths.RECORD).exists()
    assert (store.own.parent / "spool" / "waiting.json").exists()
    assert (old / "var" / paths.MOVED).exists()


def test_a_rolled_back_model_follows_upgrades(run: Run, old: Path, store: ModelStore) -> None:
    """The shipped version is in use, and the challenger stays available."""
    back = {**PROMOTED, "before": "mine", "after": SPAM, "why": "rolled back"}
    with (old / "models" / "history.jsonl").open("a") as file:
        file.write(json.dumps(back) + "\n")
    run("migrate", "state")
    assert store.chosen() == {}
    assert store.find("spam", "mine").is_relative_to(store.own)


def test_a_lost_champion_is_reported(run: Run, old: Path, store: ModelStore) -> None:
    """The history names a version whose files are gone."""
    shutil.rmtree(old / "models" / "spam" / "mine")
    result = run("migrate", "state")
    assert f"spam/mine was in use, but its files are gone. Now in use: {SPAM}" in result.stdout
    assert store.champions()["spam"] == SPAM


def test_the_service_says_what_was_left_behind(old: Path, store: ModelStore) -> None:
    """A champion of an earlier version is never lost silently."""
    (notice,) = migration.notices(store, store.own.parent)
    assert str(old / "models") in notice
    assert "moderation migrate state" in notice
    migration.move_models(old / "models", store)
    assert migration.notices(store, store.own.parent) == []


def test_nothing_to_move(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new installation has nothing to migrate."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site-packages" / "moderation")
    assert migration.old_folders() == [tmp_path / "site-packages", tmp_path / "empty"]
    result = run("migrate", "state")
    assert result.exit_code == 0
    assert result.stdout.startswith("There is nothing to move into ")
