"""Decisions in the order of their last change, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import changes, verdicts
from api.record.database import Sessions, writing
from api.record.queue import CursorError
from api.record.tables import DecisionRow
from moderation import Action
from tests.api.record.conftest import NOW, Keep

MINUTE = dt.timedelta(minutes=1)


def listed(sessions: Sessions, since: dt.datetime | None = None, limit: int = 2) -> list[str]:
    """Return the ids of all pages."""
    ids: list[str] = []
    cursor = None
    while True:
        with sessions() as session:
            rows, cursor = changes.page(session, since=since, limit=limit, cursor=cursor)
            ids += [row.id for row in rows]
        if cursor is None:
            return ids


def judge(sessions: Sessions, decision_id: str, at: dt.datetime) -> None:
    """Record a verdict."""
    with writing(sessions) as session:
        verdicts.give(
            session,
            decision_id,
            action=Action.APPROVE,
            who="asha",
            reason=None,
            route="v1",
            now=at,
        )


def test_the_last_change_counts(sessions: Sessions, keep: Keep) -> None:
    """A verdict and an appeal move a decision to the end of the list."""
    first, second, third = (keep(f"No {n}", at=NOW + n * MINUTE) for n in range(3))
    assert listed(sessions) == [first, second, third]
    judge(sessions, first, NOW + 5 * MINUTE)
    assert listed(sessions) == [second, third, first]
    with writing(sessions) as session:
        day = dt.timedelta(days=1)
        verdicts.appeal(
            session,
            second,
            who=None,
            reason="Why?",
            acknowledge_within=day,
            decide_within=day,
            now=NOW + 6 * MINUTE,
        )
    assert listed(sessions) == [third, first, second]
    assert listed(sessions, NOW + 5 * MINUTE) == [first, second]
    assert listed(sessions, NOW + 7 * MINUTE) == []


def test_pages_with_equal_times(sessions: Sessions, keep: Keep) -> None:
    """Decisions of the same moment are on one page each, in the order of recording."""
    ids = [keep(f"No {number}") for number in range(7)]
    for limit in (1, 2, 3, 7, 8):
        assert listed(sessions, NOW, limit) == ids


def test_a_change_between_two_pages(sessions: Sessions, keep: Keep) -> None:
    """Nothing is left out. What changes meanwhile is listed again."""
    ids = [keep(f"No {n}", at=NOW + n * MINUTE) for n in range(4)]
    with sessions() as session:
        _, cursor = changes.page(session, since=NOW, limit=2, cursor=None)
    judge(sessions, ids[0], NOW + 9 * MINUTE)
    judge(sessions, ids[2], NOW + 8 * MINUTE)
    with sessions() as session:
        rows, end = changes.page(session, since=NOW, limit=9, cursor=cursor)
    assert [row.id for row in rows] == [ids[3], ids[2], ids[0]]
    assert end is None


@pytest.mark.parametrize("cursor", ["", "nonsense", "W10=", "WyJjaGFuZ2VkIiwgIjIwMjYiLCAxXQ=="])
def test_a_wrong_cursor(sessions: Sessions, cursor: str) -> None:
    """The error says to use the cursor unchanged."""
    with sessions() as session, pytest.raises(CursorError, match="unchanged"):
        changes.page(session, since=None, limit=1, cursor=cursor)


def test_the_index_is_used(sessions: Sessions) -> None:
    """A poll reads only what has changed."""
    query = sa.select(DecisionRow.id).where(DecisionRow.changed_at >= NOW)
    query = query.order_by(DecisionRow.changed_at, DecisionRow.sequence).limit(51)
    engine = sessions.kw["bind"]
    text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            for other in ("seqscan", "bitmapscan"):  # better for a table that is empty
                connection.execute(sa.text(f"SET enable_{other} = off"))
            plan = connection.exec_driver_sql(f"EXPLAIN {text}").scalars().all()
        else:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert "decisions_changed" in " ".join(plan)
    assert "sort" not in " ".join(plan).lower()
    assert "b-tree" not in " ".join(plan).lower()
