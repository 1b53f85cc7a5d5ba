"""Commands that only read leave an empty home empty, and say that there is no record yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moderation.lifecycle import migration
from tests.api.conftest import Run, run

__all__ = ["run"]  # a fixture

READING = [
    "keys list",
    "record export",
    "record export --verdicts",
    "record verify",
    "record seal",
    "webhooks dead",
    "webhooks resend",
    "drift",
    "ask",
    "policy replay POLICY",
    "train abuse --verdicts record",
    "models list",
    "models show spam",
    "models history",
    "models shadow",
    "models compare spam/VERSION",
    "migrate state",
    "settings",
    "check Hello.",
    "policy show",
    "corpus list",
]
SPEAKS_OF_THE_RECORD = ("keys", "record", "webhooks", "drift", "ask", "policy replay", "train")


@pytest.mark.parametrize("command", READING)
def test_a_reading_command_creates_nothing(
    command: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database, no folder. The path in the message shows where the command looked."""
    monkeypatch.delenv("MODERATION_DATABASE")
    monkeypatch.delenv("MODERATION_SPOOL")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    home, here = Path(os.environ["MODERATION_HOME"]), tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(migration, "old_folders", lambda: [here])  # not this checkout's models
    (tmp_path / "policy.toml").write_text("[shouting]\nreview = 0.4\n", "utf-8")
    words = command.replace("POLICY", str(tmp_path / "policy.toml")).split()
    result = run(*words)
    assert not home.exists()
    assert list(here.iterdir()) == []
    if command.startswith(SPEAKS_OF_THE_RECORD):
        assert f"there is no record yet in {home / 'record.sqlite'}" in result.stderr


@pytest.mark.parametrize("command", ["db upgrade", "keys create --name site --scope decide"])
def test_a_writing_command_creates_the_record(
    command: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the owner may read it."""
    monkeypatch.delenv("MODERATION_DATABASE")
    assert run(*command.split()).exit_code == 0
    home = Path(os.environ["MODERATION_HOME"])
    assert ((home / "record.sqlite").stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
