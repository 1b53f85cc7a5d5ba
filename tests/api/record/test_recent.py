"""`recent` reads the latest decisions' scores, however large the record is."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import recent
from api.record.database import Sessions
from tests.api.record.conftest import NOW, Keep

DAY = dt.timedelta(days=1)


def test_latest_first_since_a_time(
    sessions: Sessions, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest come first, page by page, up to the limit."""
    monkeypatch.setattr(recent, "PAGE", 2)
    for day in range(7):
        keep(f"Number {day}", at=NOW + day * DAY)
    days = [decision.at for decision in recent.recent(sessions, NOW + 2 * DAY, 10)]
    assert days == [NOW + day * DAY for day in (6, 5, 4, 3, 2)]
    assert len(recent.recent(sessions, NOW, 3)) == 3
    assert recent.recent(sessions, NOW + 9 * DAY, 10) == []


def test_an_old_decision_that_was_written_late_is_skipped(sessions: Sessions, keep: Keep) -> None:
    """It waited in the spool. Decisions recorded before it are still found."""
    for day in (5, 0, 6):
        keep(f"Number {day}", at=NOW + day * DAY)
    decisions = recent.recent(sessions, NOW + DAY, 10)
    assert [decision.at for decision in decisions] == [NOW + 6 * DAY, NOW + 5 * DAY]


def test_a_large_record_is_not_read_completely(
    sessions: Sessions, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads at most one page more than needed."""
    monkeypatch.setattr(recent, "PAGE", 2)
    for day in range(9):
        keep(f"Number {day}", at=NOW + day * DAY)
    statements: list[str] = []
    sa.event.listen(
        sessions.kw["bind"],
        "before_cursor_execute",
        lambda _, __, statement, *___: statements.append(statement),
    )
    assert len(recent.recent(sessions, NOW + 7 * DAY, 10)) == 2
    assert sum("FROM decisions" in statement for statement in statements) == 2
    assert not any("decisions.text" in statement for statement in statements)


def test_models_scores_and_language_are_as_recorded(sessions: Sessions, keep: Keep) -> None:
    """A decision without models has no scores and no language."""
    keep("Too short")
    (decision,) = recent.recent(sessions, NOW, 10)
    assert (decision.models, decision.scores, decision.language) == ({}, {}, {"code": "und"})
