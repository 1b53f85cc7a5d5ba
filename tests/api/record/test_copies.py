"""Erasing a comment erases its copies in replies, and leaves the replies and the seals valid."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import decisions, erase, seal, verdicts
from api.record.database import Sessions, writing
from api.record.decisions import get
from api.record.spool import Spool
from moderation import Action
from tests.api.record.conftest import NOW, Keep

HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize("by", ["comment", "author", "age"])
def test_replies_lose_the_text(sessions: Sessions, keep: Keep, spool: Spool, by: str) -> None:
    """The reply keeps its own text, also if it is sealed, and if its spaces differ."""
    keep("The first  comment", id="c1", author="ravi", at=NOW - 2 * dt.timedelta(days=1))
    reply = keep("A reply", id="c2", author="mohan", parent="The first\n comment ")
    other = keep("Another", id="c3", author="mohan", parent="Something else")
    seal.seal(sessions, NOW)
    if by == "comment":
        erase.by_comment(sessions, spool, None, "c1", NOW + HOUR)
    elif by == "author":
        erase.by_author(sessions, spool, None, "ravi", NOW + HOUR)
    else:
        erase.older_than(sessions, 1, NOW + HOUR)
    with sessions() as session:
        rows = {id_: get(session, id_) for id_ in (reply, other)}
        texts = {id_: (row.text, row.parent) for id_, row in rows.items()}
    assert texts == {reply: ("A reply", None), other: ("Another", "Something else")}
    with sessions() as session:
        result = seal.verify(session)
    assert result.problems == ()
    assert result.erasures["copy"] == 1


def test_a_reply_whose_copy_was_erased_is_still_checked(
    sessions: Sessions, keep: Keep, spool: Spool
) -> None:
    """Its own text cannot be changed unnoticed. It can be erased later."""
    keep("The first comment", id="c1", author="ravi")
    reply = keep("A reply", id="c2", author="mohan", parent="The first comment")
    erase.by_comment(sessions, spool, None, "c1", NOW + HOUR)
    with writing(sessions) as session:
        session.execute(sa.text("UPDATE decisions SET text = 'Other' WHERE comment_id = 'c2'"))
    with sessions() as session:
        assert seal.verify(session).problems == (
            f"decisions {reply}: the text or a reference was changed",
        )
    erase.by_author(sessions, spool, None, "mohan", NOW + HOUR)
    with sessions() as session:
        assert seal.verify(session).problems == ()


def test_the_key_of_a_copy() -> None:
    """It is the SHA-256 hash of the words with single spaces, as the migration wrote it."""
    assert decisions.copy_key(" a\n b ") == (
        "c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65"
    )


def test_what_came_after_an_erasure_is_erased_too(
    sessions: Sessions, keep: Keep, spool: Spool
) -> None:
    """A late appeal and its outcome have names and reasons; the retention reaches them."""
    id_ = keep("Too short", id="c1", author="ravi")
    erase.by_comment(sessions, spool, None, "c1", NOW)
    with writing(sessions) as session:
        verdicts.appeal(
            session,
            id_,
            who="ravi",
            reason="I am Ravi.",
            acknowledge_within=HOUR,
            decide_within=HOUR,
            now=NOW,
        )
        verdicts.settle(session, id_, action=Action.REJECT, who="asha", reason="No.", now=NOW)
    days = dt.timedelta(days=1)
    assert erase.older_than(sessions, 30, NOW + 29 * days) == 0
    for at, who in ((29, ["ravi", "asha"]), (31, [None, None])):
        erase.older_than(sessions, 30, NOW + at * days)
        with sessions() as session:
            row = get(session, id_)
            assert [step.who for step in row.appeals] == who
            assert [verdict.who for verdict in row.verdicts] == who[1:]
    with sessions() as session:
        assert seal.verify(session).problems == ()
