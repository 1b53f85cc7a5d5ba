"""Replay reads recorded comments as they were when they were decided."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import erase, replay, verdicts
from api.record.database import Sessions, writing
from api.record.history import history
from api.record.replay import Replay
from moderation import Action, Comment
from moderation.lifecycle.replay import ReplayFilter
from tests.api.record.conftest import NOW, Keep

HOUR = dt.timedelta(hours=1)


def texts(sessions: Sessions, filters: ReplayFilter | None = None) -> list[str]:
    """Return the texts that are read. Checks that the announced count is right."""
    replayed = Replay(sessions, filters or ReplayFilter())
    read = [recorded.comment.text for recorded in replayed]
    assert len(read) == replayed.comments
    return read


def test_an_empty_record_has_nothing(sessions: Sessions) -> None:
    """The counts are 0 before anything is read."""
    assert texts(sessions) == []
    assert Replay(sessions, ReplayFilter()).decisions == 0


def test_texts_that_are_kept_oldest_first(
    sessions: Sessions, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads page by page. Decisions without a text are counted but not read."""
    monkeypatch.setattr(replay, "PAGE", 2)
    for number in range(5):
        keep(f"Number {number}", id=f"c{number}")
    keep("Not kept", store=False)
    with writing(sessions) as session:
        session.execute(sa.text("UPDATE decisions SET text = NULL WHERE comment_id = 'c3'"))
    assert texts(sessions) == ["Number 0", "Number 1", "Number 2", "Number 4"]
    assert Replay(sessions, ReplayFilter()).decisions == 6


def test_later_decisions_are_left_out(sessions: Sessions, keep: Keep) -> None:
    """Reading ends even while the record grows."""
    keep("Before")
    replayed = Replay(sessions, ReplayFilter())
    keep("After")
    assert [recorded.comment.text for recorded in replayed] == ["Before"]


@pytest.mark.parametrize(
    ("filters", "read"),
    [
        (ReplayFilter(since=NOW + HOUR), ["One", "Two", "Three"]),
        (ReplayFilter(until=NOW + 2 * HOUR), ["None", "One"]),
        (ReplayFilter(most=2), ["Two", "Three"]),
        (ReplayFilter(until=NOW + 3 * HOUR, most=2), ["One", "Two"]),
        (ReplayFilter(since=NOW + 9 * HOUR, most=2), []),
    ],
    ids=["since is inside", "until is outside", "the latest", "the latest before", "none"],
)
def test_a_time_and_a_number(
    sessions: Sessions, keep: Keep, filters: ReplayFilter, read: list[str]
) -> None:
    """The filters use the time of the decision."""
    for hour, text in enumerate(("None", "One", "Two", "Three")):
        keep(text, at=NOW + hour * HOUR)
    assert texts(sessions, filters) == read


def test_the_whole_comment_is_replayed(sessions: Sessions, keep: Keep) -> None:
    """The comment, the decision, the policy and the last verdict come back."""
    id_ = keep("Too short", id="c1", article="The budget", parent="Is it so?")
    with writing(sessions) as session:
        for action in (Action.REJECT, Action.APPROVE):
            verdicts.give(session, id_, action=action, who="desk", reason=None, route="v1", now=NOW)
    (recorded,) = Replay(sessions, ReplayFilter())
    comment = Comment("Too short", id="c1", article="The budget", parent="Is it so?")
    assert recorded.comment == comment
    assert (recorded.id, recorded.action, recorded.at) == (id_, "review", NOW)
    assert recorded.verdict == "approve"
    assert recorded.policy.startswith("sha256:")


def _judge(sessions: Sessions, id_: str, action: Action, when: dt.datetime) -> None:
    with writing(sessions) as session:
        verdicts.give(session, id_, action=action, who="desk", reason=None, route="v1", now=when)


def test_an_author_has_the_history_of_that_time(sessions: Sessions, keep: Keep) -> None:
    """It excludes later comments, and later verdicts on earlier comments."""
    expected = []
    ids = []
    for hour in range(3):
        at = NOW + hour * HOUR
        comment = Comment(f"Number {hour}", id=f"c{hour}", author="ravi")
        with sessions() as session:
            expected.append(history(session, "", comment, at))
        ids.append(keep(comment.text, id=f"c{hour}", author="ravi", at=at))
        if hour == 0:
            _judge(sessions, ids[0], Action.REJECT, at + HOUR)
    _judge(sessions, ids[1], Action.APPROVE, NOW + HOUR * 6)
    comments = [recorded.comment for recorded in Replay(sessions, ReplayFilter())]
    assert [(comment.recent, comment.past) for comment in comments] == expected
    assert expected[0].past.refused == 0
    assert expected[2].past.refused > 0
    with sessions() as session:
        now = history(session, "", Comment("Later", author="ravi"), NOW + 9 * HOUR)
    assert now.past != expected[2].past


def test_an_erased_author_has_no_history(sessions: Sessions, keep: Keep) -> None:
    """Erased comments do not count."""
    keep("Too short", author="ravi", at=NOW - HOUR * 24)
    erase.older_than(sessions, 1, NOW + HOUR)
    keep("Too short as well", author="ravi", at=NOW)
    (recorded,) = Replay(sessions, ReplayFilter())
    assert recorded.comment.recent == ()
