"""Long tasks on the record work in short transactions, between which others can write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from api.record import database, decisions, erase, seal
from api.record import spool as record_spool
from api.record.database import Sessions
from api.record.spool import Spool
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW, Keep

ROWS = 3 * max(erase.CHUNK, record_spool.BATCH) + 1
LATER = NOW + dt.timedelta(days=40)


@pytest.fixture
def steps(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows of decisions each transaction has written. In each pause, another can write."""
    engine = sessions.kw["bind"]
    written: list[int] = []

    def count(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if statement.startswith(("UPDATE decisions", "INSERT INTO decisions")):
            written[-1] += cursor.rowcount

    def write_in_pause(seconds: float) -> None:
        assert seconds > 0
        other = database.connect(str(engine.url), timeout_s=0)
        with other.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(sa.text("DELETE FROM keys"))
        other.dispose()
        pauses.append(seconds)

    pauses: list[float] = []
    monkeypatch.setattr("api.record.database.time.sleep", write_in_pause)
    event.listen(engine, "begin", lambda _: written.append(0))
    event.listen(engine, "after_cursor_execute", count)
    yield written
    if engine.dialect.name == "sqlite":
        assert len(pauses) >= len([rows for rows in written if rows])


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(lambda sessions, _: erase.older_than(sessions, 30, LATER), id="retention"),
        pytest.param(
            lambda sessions, spool: erase.by_author(sessions, spool, None, "ravi", LATER).erased,
            id="bulk erasure",
        ),
    ],
)
def test_erasure(
    sessions: Sessions,
    spool: Spool,
    keep: Keep,
    steps: list[int],
    task: Callable[[Sessions, Spool], int],
) -> None:
    """A transaction erases at most `CHUNK` decisions."""
    for number in range(ROWS):
        keep(f"Text {number}", author="ravi")
    steps.clear()
    assert task(sessions, spool) == ROWS
    assert sum(steps) == ROWS
    assert max(steps) <= erase.CHUNK <= 20


def test_seal(sessions: Sessions, keep: Keep, steps: list[int]) -> None:
    """A transaction seals at most `MOST` rows."""
    for number in range(seal.MOST + 1):
        keep(f"Text {number}")
    steps.clear()
    while seal.seal(sessions, NOW):
        pass
    assert sum(steps) == seal.MOST + 1
    assert max(steps) <= seal.MOST <= 50


def test_the_spool(
    sessions: Sessions, moderator: Moderator, tmp_path: Path, steps: list[int]
) -> None:
    """A transaction records at most `BATCH` decisions that waited."""
    spool = Spool(tmp_path / "spool")
    for number in range(ROWS):
        comment = Comment(f"Text {number}")
        values = decisions.fields(
            moderator.moderate(comment),
            comment,
            moderator.policy,
            community="",
            route="v1",
            store=True,
            now=NOW,
        )
        spool.put(values)
    steps.clear()
    assert spool.drain(sessions, NOW) == ROWS
    assert sum(steps) == ROWS
    assert max(steps) <= record_spool.BATCH <= 20


def test_the_retention_lets_the_spool_be_emptied(sessions: Sessions, keep: Keep) -> None:
    """A caller can do other work between the transactions of a retention that takes minutes."""
    for number in range(erase.CHUNK * 2):
        keep(f"Text {number}")
    calls: list[int] = []
    erase.older_than(sessions, 30, LATER, between=lambda: calls.append(1))
    assert len(calls) >= 3
