"""Verdicts, appeals and the moderators' queue."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import queue, verdicts
from api.record.database import Sessions, writing
from api.record.decisions import get
from moderation import Action
from tests.api.record.conftest import NOW, Keep

LATER = NOW + dt.timedelta(minutes=1)
CLAIM = dt.timedelta(minutes=10)


def _page(sessions: Sessions, who: str | None = None, **options: object) -> list[str]:
    """Return the ids on all pages of the queue, with two decisions a page."""
    ids: list[str] = []
    cursor = None
    now = options.pop("now", NOW)
    order = options.pop("order", "oldest")
    with sessions() as session:
        while True:
            rows, cursor = queue.page(
                session,
                order=order,  # type: ignore[arg-type]  # 'oldest' or 'doubtful'
                limit=2,
                cursor=cursor,
                who=who,
                filters=queue.Filters(**options),  # type: ignore[arg-type]  # its fields
                now=now,  # type: ignore[arg-type]  # a time
            )
            ids += [row.id for row in rows]
            if cursor is None:
                return ids


def test_the_queue_holds_what_waits_in_order(sessions: Sessions, keep: Keep) -> None:
    """It shows each comment for review once, oldest first, and no approved ones."""
    waiting = [keep(f"Short {n}") for n in range(5)]
    keep("This one is long enough to pass.")
    assert _page(sessions) == waiting


def test_the_queue_can_be_filtered(sessions: Sessions, keep: Keep) -> None:
    """The filters are rule, author and time."""
    first = keep("Short one", author="ravi", at=NOW - dt.timedelta(days=2))
    second = keep("Short two", author="asha")
    assert _page(sessions, author="ravi") == [first]
    assert _page(sessions, rule="length") == [first, second]
    assert _page(sessions, rule="len") == []
    assert _page(sessions, after=NOW - dt.timedelta(days=1)) == [second]


def test_doubtful_first_pages_without_gaps(sessions: Sessions, keep: Keep) -> None:
    """Age orders decisions with equal doubt, so no page repeats or drops a row."""
    waiting = [keep(f"Short {n}") for n in range(5)]
    assert _page(sessions, order="doubtful") == waiting


def test_a_claimed_comment_is_not_shown_to_a_second_moderator(
    sessions: Sessions, keep: Keep
) -> None:
    """It is shown when the claim ends or is released."""
    first, second = keep("Short one"), keep("Short two")
    with writing(sessions) as session:
        queue.claim(session, first, who="asha", lasts=CLAIM, now=NOW)
        with pytest.raises(verdicts.ConflictError, match="asha is reading"):
            queue.claim(session, first, who="mohan", lasts=CLAIM, now=NOW)
    assert _page(sessions, who="mohan") == [second]
    assert _page(sessions, who="asha") == [first, second]
    assert _page(sessions, who="mohan", now=NOW + CLAIM) == [first, second]
    with writing(sessions) as session:
        queue.release(session, first, who="mohan")
        queue.release(session, first, who="asha")
    assert _page(sessions, who="mohan") == [first, second]


def test_releasing_keeps_another_moderators_claim(sessions: Sessions, keep: Keep) -> None:
    """Releasing a claim that has ended does not affect the next moderator's claim."""
    id_ = keep("Short one")
    with writing(sessions) as session:
        row = queue.claim(session, id_, who="asha", lasts=CLAIM, now=NOW)
        assert row.claimed_by == "asha"
        statement = sa.text("UPDATE decisions SET claimed_by = 'mohan'")
        session.connection().execute(statement)  # past the ORM, which still has 'asha'
        queue.release(session, id_, who="asha")
    with sessions() as session:
        assert get(session, id_).claimed_by == "mohan"


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24=", "WzEsMl0="])
def test_a_foreign_cursor_is_refused(sessions: Sessions, cursor: str) -> None:
    """Only cursors of an earlier page are valid."""
    with sessions() as session, pytest.raises(queue.CursorError):
        queue.page(
            session,
            order="oldest",
            limit=2,
            cursor=cursor or "!",
            who=None,
            filters=queue.Filters(),
            now=NOW,
        )


def test_the_last_verdict_stands(sessions: Sessions, keep: Keep) -> None:
    """All verdicts are in the history. A verdict removes the comment from the queue."""
    id_ = keep("Short one")
    with writing(sessions) as session:
        for action, who in ((Action.REJECT, "asha"), (Action.APPROVE, "mohan")):
            verdicts.give(session, id_, action=action, who=who, reason=None, route="v1", now=NOW)
    with sessions() as session:
        row = get(session, id_)
        actions = [verdict["action"] for verdict in verdicts.history(row)["verdicts"]]
    assert (row.action, row.standing, actions) == ("review", "approve", ["reject", "approve"])
    assert _page(sessions) == []


def test_an_appeal_is_decided_by_someone_else(sessions: Sessions, keep: Keep) -> None:
    """The comment returns to the queue. The first moderator cannot settle the appeal."""
    id_ = keep("Short one")
    with writing(sessions) as session:
        verdicts.give(
            session, id_, action=Action.REJECT, who="asha", reason=None, route="v1", now=NOW
        )
        received = verdicts.appeal(
            session,
            id_,
            who="ravi",
            reason="It is fair.",
            acknowledge_within=dt.timedelta(hours=24),
            decide_within=dt.timedelta(days=7),
            now=NOW,
        )
        assert received.acknowledge_by == NOW + dt.timedelta(hours=24)
        assert received.decide_by == NOW + dt.timedelta(days=7)
    assert _page(sessions) == [id_]
    with writing(sessions) as session:
        verdicts.acknowledge(session, id_, who="asha", now=LATER)
        with pytest.raises(verdicts.ConflictError, match="someone other"):
            verdicts.settle(
                session, id_, action=Action.APPROVE, who="asha", reason="No.", now=LATER
            )
        settled = verdicts.settle(
            session, id_, action=Action.APPROVE, who="mohan", reason="It was fair.", now=LATER
        )
        assert settled.step == "overturned"
    with sessions() as session:
        steps = [step["step"] for step in verdicts.history(get(session, id_))["appeals"]]
    assert steps == ["received", "acknowledged", "overturned"]
    assert _page(sessions) == []


def test_one_appeal_at_a_time(sessions: Sessions, keep: Keep) -> None:
    """A second appeal is refused while one is open. Settling needs an open appeal."""
    id_ = keep("Short one")
    hours = dt.timedelta(hours=1)

    def appeal() -> None:
        with writing(sessions) as session:
            verdicts.appeal(
                session,
                id_,
                who=None,
                reason="Why?",
                acknowledge_within=hours,
                decide_within=hours,
                now=NOW,
            )

    with writing(sessions) as session, pytest.raises(verdicts.ConflictError, match="No appeal"):
        verdicts.settle(session, id_, action=Action.APPROVE, who="a", reason="r", now=NOW)
    appeal()
    with pytest.raises(verdicts.ConflictError, match="already open"):
        appeal()
