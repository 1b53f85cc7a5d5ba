"""A watched file: every new content is taken once, or tried again until it can be."""

import logging
from pathlib import Path

import pytest

from api.background import watch
from api.background.watch import FileWatcher
from moderation.scoring.store import ModelError


class Taker:
    """Takes what the file says, unless told to fail."""

    def __init__(self) -> None:
        self.taken = 0
        self.failing: Exception | None = None

    def __call__(self) -> None:
        """Count."""
        if self.failing:
            raise self.failing
        self.taken += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is there."""
    made = tmp_path / "champion.json"
    made.write_text("{}")
    return made


def test_each_content_is_taken_once(path: Path) -> None:
    """At the first look, after every change, and also when the file goes and comes."""
    take = Taker()
    watched = FileWatcher(path, take)
    watched.look()
    watched.look()
    assert take.taken == 1
    path.write_text('{"a": "b"}')
    watched.look()
    watched.look()
    assert take.taken == 2
    path.unlink()
    watched.look()
    watched.look()
    assert take.taken == 3
    path.write_text("{}")
    watched.look()
    assert take.taken == 4


def test_what_fails_is_tried_again_and_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason stands while it fails, and is gone when it succeeds."""
    monkeypatch.setattr(watch, "RETRY_S", 0.0)
    take = Taker()
    take.failing = ModelError("weights.npy is not the file its card describes")
    watched = FileWatcher(path, take)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            watched.look()
    assert watched.trouble == "weights.npy is not the file its card describes"
    assert len(caplog.records) == 1
    take.failing = None
    watched.look()
    watched.look()
    assert take.taken == 1
    assert not watched.trouble


def test_it_is_not_tried_again_at_every_look(path: Path) -> None:
    """Looking is cheap; trying is not. A new content is tried at once."""
    take = Taker()
    take.failing = ModelError("half of it")
    watched = FileWatcher(path, take)
    watched.look()
    take.failing = None
    watched.look()
    assert take.taken == 0
    path.write_text('{"a": "b"}')
    watched.look()
    assert take.taken == 1
    assert not watched.trouble


def test_only_our_own_words_are_told(path: Path) -> None:
    """An unforeseen error's message may hold anything: its type must do."""
    take = Taker()
    take.failing = RuntimeError("a comment's text")
    watched = FileWatcher(path, take)
    watched.look()
    assert watched.trouble == "RuntimeError"
