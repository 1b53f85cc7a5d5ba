"""The migrations create the schema of the tables and carry over existing rows."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.orm import sessionmaker

from api.record import database, decisions, seal, webhooks
from api.record.database import Sessions, writing
from api.record.tables import Base, DecisionRow, DeliveryRow, VerdictRow
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW


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
    """The migrations and the tables describe the same columns."""
    with sessions.kw["bind"].connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


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


def test_old_duplicates_stay(
    url: str, moderator: Moderator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old record may hold two decisions about the same comment; only the first is found."""
    engine = database.connect(url)
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    comment = Comment("Too short", id="c1")
    first, second = (
        decisions.fields(
            moderator.moderate(comment),
            comment,
            moderator.policy,
            community="",
            route="v1",
            store=True,
            now=NOW,
        )
        for _ in range(2)
    )
    decisions.keep(sessions, [first, {**second, "text_key": None}], NOW)  # as older versions did
    with writing(sessions) as session:
        row = session.scalars(sa.select(DecisionRow).filter_by(id=second["id"])).one()
        row.standing = "reject"
        verdict = {"id": "v", "action": "reject", "route": "v1", "given_at": NOW}
        later = NOW + dt.timedelta(hours=1)
        row.verdicts.append(VerdictRow(**verdict, who="asha", recorded_at=later))
        seal.stamp(row.verdicts[0])
    seal.seal(sessions, NOW)
    _back_to(engine, "0004", monkeypatch)
    database.upgrade(engine)
    with sessions() as session:
        assert decisions.find_many(session, "", [comment])[0].id == first["id"]
        assert decisions.get(session, second["id"]).verdicts[0].who == "asha"
        assert seal.verify(session).problems == ()
        rows = session.scalars(sa.select(DecisionRow).order_by(DecisionRow.sequence))
        assert [row.changed_at for row in rows] == [NOW, later]
    third = {**second, "id": "3" * 32}
    assert decisions.keep(sessions, [third], NOW)[third["id"]]["id"] == first["id"]
    engine.dispose()
