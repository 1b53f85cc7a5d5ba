"""The migration that stores thresholds once for each policy, and marks urgent decisions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from api.record import database, decisions, erase, queue, seal
from api.record.database import Sessions, writing
from api.record.queue import Filters
from api.record.tables import DecisionRow, PolicyRow
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW
from tests.api.record.test_migrations import OLD, back_to, load_old, to


@pytest.fixture
def old(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """A record that version 0005 of the schema has made, with the current schema."""
    engine = database.connect(url)
    to(engine, "0005", monkeypatch)
    load_old(engine)
    database.upgrade(engine)
    yield sessionmaker(engine)
    engine.dispose()


def test_old_decisions_keep_their_thresholds_and_seals(old: Sessions) -> None:
    """Thresholds in the rows of an old record are read and sealed as before."""
    rows = json.loads(OLD.read_text("utf-8"))["decisions"]
    with old() as session:
        assert [row.thresholds for row in _decisions(session)] == [
            row["thresholds"] for row in rows
        ]
    seal.seal(old, NOW)
    with old() as session:
        assert seal.verify(session).problems == ()


def test_old_decisions_are_marked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old comment with `self_harm` is first in the queue, and its text is erased earlier."""
    engine = database.connect(url)
    to(engine, "0005", monkeypatch)
    load_old(engine)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE decisions SET rules = ' self_harm ', reasons = :reasons, appealed = true"
                " WHERE comment_id = 'c4'"
            ),
            {"reasons": '[{"rule": "self_harm", "spans": []}]'},
        )
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    with sessions() as session:
        waiting, _ = queue.page(
            session,
            order="oldest",
            limit=9,
            cursor=None,
            who=None,
            filters=Filters(),
            now=NOW,
        )
        assert waiting[0].comment_id == "c4"
    later = NOW + dt.timedelta(days=400)
    assert erase.older_than(sessions, 30, later, only_sensitive=True) == 1
    assert erase.older_than(sessions, 30, later) == 3
    engine.dispose()


def test_the_thresholds_of_a_policy_are_stored_once(
    sessions: Sessions, moderator: Moderator
) -> None:
    """A decision refers to its policy, but keeps thresholds of its own if they differ."""
    first, second = (_fields(moderator, Comment("Too short", id=id_)) for id_ in ("c1", "c2"))
    third = {**_fields(moderator, Comment("Too short")), "thresholds": {"length": {"review": 0.5}}}
    decisions.keep(sessions, [first, second, third], NOW)
    with sessions() as session:
        stored = session.execute(sa.text("SELECT thresholds FROM decisions ORDER BY sequence"))
        sizes = [len(str(value)) for value in stored.scalars()]
        assert sizes[:2] == [2, 2]
        assert [row.thresholds for row in _decisions(session)] == [
            first["thresholds"],
            first["thresholds"],
            third["thresholds"],
        ]
        assert session.scalars(sa.select(PolicyRow.hash)).all() == [moderator.policy.hash]
    seal.seal(sessions, NOW)
    with writing(sessions) as session:
        assert seal.verify(session).problems == ()
        session.execute(sa.update(PolicyRow).values(thresholds={"length": {"review": 0.1}}))
        assert "under seal 1 are not those" in "\n".join(seal.verify(session).problems)


def test_going_back_restores_the_thresholds(
    sessions: Sessions, moderator: Moderator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a downgrade, an older program reads the thresholds from the rows."""
    values = _fields(moderator, Comment("Too short"))
    decisions.keep(sessions, [values], NOW)
    engine = sessions.kw["bind"]
    back_to(engine, "0005", monkeypatch)
    with engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT thresholds FROM decisions")).scalar_one()
    assert values["thresholds"] == (json.loads(stored) if isinstance(stored, str) else stored)
    database.upgrade(engine)


def _decisions(session: Session) -> list[DecisionRow]:
    return list(session.scalars(sa.select(DecisionRow).order_by(DecisionRow.sequence)))


def _fields(moderator: Moderator, comment: Comment) -> dict[str, Any]:
    return decisions.fields(
        moderator.moderate(comment),
        comment,
        moderator.policy,
        community="",
        route="v1",
        store=True,
        now=NOW,
    )
