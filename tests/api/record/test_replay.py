"""Decided comments are read again as they were when they were decided about."""

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


def texts(sessions: Sessions, chosen: ReplayFilter | None = None) -> list[str]:
    """The texts that are read again; as many as were promised."""
    found = Replay(sessions, chosen or ReplayFilter())
    read = [one.comment.text for one in found]
    assert len(read) == found.comments
    return read


def test_an_empty_record_has_nothing(sessions: Sessions) -> None:
    """And says so before it is read."""
    assert texts(sessions) == []
    assert Replay(sessions, ReplayFilter()).decisions == 0


def test_texts_that_are_kept_oldest_first(
    sessions: Sessions, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page after page; what was never kept, or forgotten since, is counted and not read."""
    monkeypatch.setattr(replay, "PAGE", 2)
    for number in range(5):
        keep(f"Number {number}", id=f"c{number}")
    keep("Not kept", store=False)
    with writing(sessions) as session:
        session.execute(sa.text("UPDATE decisions SET text = NULL WHERE comment_id = 'c3'"))
    assert texts(sessions) == ["Number 0", "Number 1", "Number 2", "Number 4"]
    assert Replay(sessions, ReplayFilter()).decisions == 6


def test_what_is_decided_meanwhile_waits(sessions: Sessions, keep: Keep) -> None:
    """A record that grows does not keep the reading from its end."""
    keep("Before")
    found = Replay(sessions, ReplayFilter())
    keep("After")
    assert [one.comment.text for one in found] == ["Before"]


@pytest.mark.parametrize(
    ("chosen", "read"),
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
    sessions: Sessions, keep: Keep, chosen: ReplayFilter, read: list[str]
) -> None:
    """Chosen by when they were decided."""
    for hour, text in enumerate(("None", "One", "Two", "Three")):
        keep(text, at=NOW + hour * HOUR)
    assert texts(sessions, chosen) == read


def test_everything_that_was_known_comes_back(sessions: Sessions, keep: Keep) -> None:
    """The comment whole, what was decided by what, and a moderator's last word."""
    made = keep("Too short", id="c1", article="The budget", parent="Is it so?")
    with writing(sessions) as session:
        for action in (Action.REJECT, Action.APPROVE):
            verdicts.give(
                session, made, action=action, who="desk", reason=None, route="v1", now=NOW
            )
    (one,) = Replay(sessions, ReplayFilter())
    assert one.comment == Comment("Too short", id="c1", article="The budget", parent="Is it so?")
    assert (one.id, one.action, one.verdict, one.at) == (made, "review", "approve", NOW)
    assert one.policy.startswith("sha256:")


def test_an_author_has_the_past_of_then(sessions: Sessions, keep: Keep) -> None:
    """Not the comments that came later, nor what moderators said later of those before."""
    known = []
    for hour, action in enumerate((Action.REJECT, Action.APPROVE, None)):
        at = NOW + hour * HOUR
        comment = Comment(f"Number {hour}", id=f"c{hour}", author="ravi")
        with sessions() as session:
            known.append(history(session, "", comment, at))
        made = keep(comment.text, id=f"c{hour}", author="ravi", at=at)
        if action is not None:
            with writing(sessions) as session:
                when = at + HOUR * (1 if action == Action.REJECT else 5)
                verdicts.give(
                    session, made, action=action, who="desk", reason=None, route="v1", now=when
                )
    found = [(one.comment.recent, one.comment.past) for one in Replay(sessions, ReplayFilter())]
    assert found == known
    assert known[0].past.refused == 0
    assert known[2].past.refused > 0
    with sessions() as session:
        now = history(session, "", Comment("Later", author="ravi"), NOW + 9 * HOUR)
    assert now.past != known[2].past


def test_a_forgotten_author_has_no_past(sessions: Sessions, keep: Keep) -> None:
    """What was erased does not come back."""
    keep("Too short", author="ravi", at=NOW - HOUR * 24)
    erase.older_than(sessions, 1, NOW + HOUR)
    keep("Too short as well", author="ravi", at=NOW)
    (one,) = Replay(sessions, ReplayFilter())
    assert one.comment.recent == ()
