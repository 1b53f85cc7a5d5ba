"""The migrations create the schema of the tables and carry over existing rows."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.schema import CreateIndex

from api.record import database, decisions, erase, queue, seal, webhooks
from api.record.database import Sessions, writing
from api.record.queue import Filters
from api.record.tables import Base, DecisionRow, DeliveryRow, PolicyRow
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW

PARTIAL = {
    str(index.name): index
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}
OLD = Path(__file__).parent / "record_0005.json"  # made by the code of 0005


def _to(engine: sa.Engine, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring the schema to `revision`."""
    upgrade = command.upgrade

    def upgrade_to(config: Config, _: str) -> None:
        upgrade(config, revision)

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", upgrade_to)
        database.upgrade(engine)


def _back_to(engine: sa.Engine, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the schema back to `revision`."""
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: command.downgrade(config, revision))
        database.upgrade(engine)


def test_the_schema_is_the_tables(sessions: Sessions) -> None:
    """The migrations and the tables describe the same columns and indexes."""
    engine = sessions.kw["bind"]

    def is_comparable(_: object, name: str | None, kind: str, *__: object) -> bool:
        # Alembic cannot compare SQLite's indexes over a descending column or an expression.
        return kind != "index" or engine.dialect.name != "sqlite" or name not in PARTIAL

    options = {"compare_type": False, "include_object": is_comparable}
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression")
        warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression")
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
        if engine.dialect.name == "sqlite":
            stored = connection.execute(sa.text("SELECT name, sql FROM sqlite_master")).all()
            made = {name: " ".join(sql.split()) for name, sql in stored if name in PARTIAL}
            assert made == {
                name: str(CreateIndex(index).compile(dialect=engine.dialect))
                for name, index in PARTIAL.items()
            }


def test_deliveries_get_their_decision(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries from before the `decision_id` column can be erased like any other."""
    engine = database.connect(url)
    _to(engine, "0003", monkeypatch)
    row: dict[str, Any] = {"hook": "http://a/", "event": "verdict", "state": "dead", "tries": 9}
    with engine.begin() as connection:
        for id_ in ("d1", "d2"):
            body = json.dumps({"type": "verdict", "data": {"id": id_, "comment_id": "c ‘1’ 🙏"}})
            connection.execute(
                sa.text(
                    "INSERT INTO deliveries (id, hook, event, body, state, tries, due_at)"
                    " VALUES (:id, :hook, :event, :body, :state, :tries, :due_at)"
                ),
                {**row, "id": f"of {id_}", "body": body, "due_at": NOW.replace(tzinfo=None)},
            )
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    with writing(sessions) as session:
        webhooks.forget(session, {"d1"})
    with sessions() as session:
        data = {
            row.id: json.loads(row.body)["data"] for row in session.scalars(sa.select(DeliveryRow))
        }
    engine.dispose()
    assert data == {
        "of d1": {"id": "d1", "comment_id": None},
        "of d2": {"id": "d2", "comment_id": "c ‘1’ 🙏"},
    }


@pytest.fixture
def old(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """A record that version 0005 of the schema has made, with the current schema.

    Its first two decisions are about the same comment, as in records from before 0005. The third
    has a finding of `self_harm`. A seal covers these, and an author has appealed the fourth.
    """
    engine = database.connect(url)
    _to(engine, "0005", monkeypatch)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))
        for table, rows in json.loads(OLD.read_text("utf-8")).items():
            columns = ", ".join(rows[0])
            values = ", ".join(f":{name}" for name in rows[0])
            insert = f"INSERT INTO {table} ({columns}) VALUES ({values})"  # noqa: S608 - our file
            connection.execute(sa.text(insert), rows)
    database.upgrade(engine)
    yield sessionmaker(engine)
    engine.dispose()


def test_old_duplicates_stay(old: Sessions, moderator: Moderator) -> None:
    """An old record may hold two decisions about the same comment; only the first is found."""
    comment = Comment("Too short", id="c1")
    with old() as session:
        first, second, *_ = _decisions(session)
        assert first.comment_id == second.comment_id == "c1"
        assert decisions.find_many(session, "", [comment])[0].id == first.id
        assert decisions.get(session, second.id).verdicts[0].who == "asha"
        # The verdict on the second and the appeal against the fourth count as changes.
        later = dt.timedelta(hours=1)
        changes = [row.changed_at - row.recorded_at for row in _decisions(session)]
        assert changes == [0 * later, later, 0 * later, later]
    third = _fields(moderator, comment)
    assert decisions.keep(old, [third], NOW)[third["id"]]["id"] == first.id


def test_old_decisions_keep_their_thresholds_and_seals(old: Sessions) -> None:
    """Thresholds in the rows of an old record are read and sealed as before."""
    with old() as session:
        assert seal.verify(session).problems == ()
        thresholds = [row.thresholds for row in _decisions(session)]
    own = {rule: {"review": 0.9, "reject": "never"} for rule in ("length",)}
    assert thresholds == [{**own, "self_harm": {"review": 0.5, "reject": "never"}}] * 4
    seal.seal(old, NOW)
    with old() as session:
        assert seal.verify(session).problems == ()


def test_old_decisions_are_found_by_the_new_indexes(old: Sessions) -> None:
    """The urgent comment is first in the queue, and its text is erased earlier."""
    with old() as session:
        waiting, _ = queue.page(
            session,
            order="oldest",
            limit=9,
            cursor=None,
            who=None,
            filters=Filters(),
            now=NOW,
        )
        assert [row.comment_id for row in waiting] == ["c2", "c1", "c3"]
    later = NOW + dt.timedelta(days=40)
    assert erase.older_than(old, 30, later, only_sensitive=True) == 1
    assert erase.older_than(old, 30, later) == 3


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
        assert "under seal 1 are not those" in seal.verify(session).problems[0]


def test_going_back_restores_the_thresholds(
    sessions: Sessions, moderator: Moderator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a downgrade, an older program reads the thresholds from the rows."""
    values = _fields(moderator, Comment("Too short"))
    decisions.keep(sessions, [values], NOW)
    engine = sessions.kw["bind"]
    _back_to(engine, "0005", monkeypatch)
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
