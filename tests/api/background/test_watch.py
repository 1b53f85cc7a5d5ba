"""A watched file: each new content is taken once, or retried until it can be."""

import logging
from pathlib import Path

import pytest

from api.background import watch
from api.background.watch import FileWatcher
from moderation.scoring.store import ModelError


class Taker:
    """Counts how often the file is taken, or raises `failing`."""

    def __init__(self) -> None:
        self.count = 0
        self.failing: Exception | None = None

    def __call__(self) -> None:
        """Count the call, or raise."""
        if self.failing:
            raise self.failing
        self.count += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that exists."""
    path = tmp_path / "champion.json"
    path.write_text("{}")
    return path


def test_each_content_is_taken_once(path: Path) -> None:
    """It is taken at the first look, after every change, and when the file goes or comes."""
    take = Taker()
    watcher = FileWatcher(path, take)
    watcher.look()
    watcher.look()
    assert take.count == 1
    path.write_text('{"a": "b"}')
    watcher.look()
    watcher.look()
    assert take.count == 2
    path.unlink()
    watcher.look()
    watcher.look()
    assert take.count == 3
    path.write_text("{}")
    watcher.look()
    assert take.count == 4


def test_a_failure_is_retried_and_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`trouble` has the reason until it succeeds."""
    monkeypatch.setattr(watch, "RETRY_S", 0.0)
    take = Taker()
    take.failing = ModelError("weights.npy is not the file its card describes")
    watcher = FileWatcher(path, take)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            watcher.look()
    assert watcher.trouble == "weights.npy is not the file its card describes"
    assert len(caplog.records) == 1
    take.failing = None
    watcher.look()
    watcher.look()
    assert take.count == 1
    assert not watcher.trouble


def test_it_is_not_retried_at_every_look(path: Path) -> None:
    """There is a pause between retries. A new content is tried at once."""
    take = Taker()
    take.failing = ModelError("half of it")
    watcher = FileWatcher(path, take)
    watcher.look()
    take.failing = None
    watcher.look()
    assert take.count == 0
    path.write_text('{"a": "b"}')
    watcher.look()
    assert take.count == 1
    assert not watcher.trouble


def test_messages_of_unexpected_errors_are_hidden(path: Path) -> None:
    """Such a message may contain anything, so only the type is shown."""
    take = Taker()
    take.failing = RuntimeError("a comment's text")
    watcher = FileWatcher(path, take)
    watcher.look()
    assert watcher.trouble == "RuntimeError"
