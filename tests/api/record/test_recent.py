"""The latest decisions are read for their scores, however large the record is."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import recent
from api.record.database import Sessions
from tests.api.record.conftest import NOW, Keep

DAY = dt.timedelta(days=1)


def test_the_latest_first_and_none_from_before(
    sessions: Sessions, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, up to a number."""
    monkeypatch.setattr(recent, "PAGE", 2)
    for day in range(7):
        keep(f"Number {day}", at=NOW + day * DAY)
    days = [one.at for one in recent.recent(sessions, NOW + 2 * DAY, 10)]
    assert days == [NOW + day * DAY for day in (6, 5, 4, 3, 2)]
    assert len(recent.recent(sessions, NOW, 3)) == 3
    assert recent.recent(sessions, NOW + 9 * DAY, 10) == []


def test_an_old_decision_that_was_written_late_is_passed_over(
    sessions: Sessions, keep: Keep
) -> None:
    """It waited in the spool; those before it are found all the same."""
    for day in (5, 0, 6):
        keep(f"Number {day}", at=NOW + day * DAY)
    found = recent.recent(sessions, NOW + DAY, 10)
    assert [one.at for one in found] == [NOW + 6 * DAY, NOW + 5 * DAY]


def test_a_large_record_is_not_read_through(
    sessions: Sessions, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page too far, and no further."""
    monkeypatch.setattr(recent, "PAGE", 2)
    for day in range(9):
        keep(f"Number {day}", at=NOW + day * DAY)
    asked: list[str] = []
    sa.event.listen(
        sessions.kw["bind"],
        "before_cursor_execute",
        lambda _, __, statement, *___: asked.append(statement),
    )
    assert len(recent.recent(sessions, NOW + 7 * DAY, 10)) == 2
    assert sum("FROM decisions" in one for one in asked) == 2
    assert not any("decisions.text" in one for one in asked)


def test_scores_and_models_come_as_they_were_kept(sessions: Sessions, keep: Keep) -> None:
    """And what was said of the language."""
    keep("Too short")
    (one,) = recent.recent(sessions, NOW, 10)
    assert (one.models, one.scores, one.language) == ({}, {}, {"code": "und"})
