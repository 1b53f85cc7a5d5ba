"""The migrations create the schema of the tables and carry over existing rows."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.orm import sessionmaker
from sqlalchemy.schema import CreateIndex

from api.record import database, decisions, erase, seal, verdicts, webhooks
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import Base, DecisionRow, DeliveryRow
from moderation import Action, Comment
from tests.api.record.conftest import NOW

# Alembic compares neither partial indexes nor indexes over an expression in SQLite.
SPECIAL = {
    str(index.name): index
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
    or len(index.columns) == 1 < len(index.expressions)
}
OLD = Path(__file__).parent / "record_0005.json"


def to(engine: sa.Engine, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring the schema to `revision`."""
    upgrade = command.upgrade

    def upgrade_to(config: Config, _: str) -> None:
        upgrade(config, revision)

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", upgrade_to)
        database.upgrade(engine)


def load_old(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    """Insert the rows of a record that the version with schema 0005 wrote. Return them.

    It has two seals, an erased decision, an appeal, a reply, a comment that was decided twice, and
    rows that are not sealed.
    """
    rows: dict[str, list[dict[str, Any]]] = json.loads(OLD.read_text("utf-8"))
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for name, lines in rows.items():
            table = metadata.tables[name]
            moments = [column.name for column in table.c if isinstance(column.type, sa.DateTime)]
            for line in lines:
                times = {moment: line[moment] and _utc(line[moment]) for moment in moments}
                values = {**line, **times}
                # The database numbers the rows itself, so that it continues after them.
                values.pop("id" if name == "seals" else "sequence", None)
                connection.execute(table.insert().values(values))
    return rows


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def back_to(engine: sa.Engine, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the schema back to `revision`."""
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: command.downgrade(config, revision))
        database.upgrade(engine)


def test_the_schema_is_the_tables(sessions: Sessions) -> None:
    """The migrations and the tables describe the same columns and indexes."""
    engine = sessions.kw["bind"]

    def is_comparable(_: object, name: str | None, kind: str, *__: object) -> bool:
        return kind != "index" or engine.dialect.name != "sqlite" or name not in SPECIAL

    options = {"compare_type": False, "include_object": is_comparable}
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression")
        warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression")
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
        if engine.dialect.name == "sqlite":
            stored = connection.execute(sa.text("SELECT name, sql FROM sqlite_master")).all()
            made = {name: " ".join(sql.split()) for name, sql in stored if name in SPECIAL}
            assert made == {
                name: str(CreateIndex(index).compile(dialect=engine.dialect))
                for name, index in SPECIAL.items()
            }


def test_deliveries_get_their_decision(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries from before the `decision_id` column can be erased like any other."""
    engine = database.connect(url)
    to(engine, "0003", monkeypatch)
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


def test_old_duplicates_stay(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old record may hold two decisions about the same comment; only the first is found."""
    engine = database.connect(url)
    to(engine, "0004", monkeypatch)
    old = load_old(engine)
    first, second = (row for row in old["decisions"] if row["comment_id"] == "c2")
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    comment = Comment("Too short", id="c2")
    with sessions() as session:
        assert decisions.find_many(session, "", [comment])[0].id == first["id"]
        row = decisions.get(session, second["id"])
        assert row.verdicts[0].who == "asha"
        assert row.changed_at == row.verdicts[0].recorded_at
    columns = {name: first[name] for name in (*DecisionRow.LASTING, *DecisionRow.PRIVATE)}
    del columns["revision"], columns["recorded_at"], columns["private_digest"]
    again = {**columns, "id": "3" * 32, "decided_at": NOW.isoformat()}
    assert decisions.keep(sessions, [again], NOW)[again["id"]]["id"] == first["id"]
    engine.dispose()


def test_old_seals_stay_valid(url: str, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that version 0005 wrote and sealed verifies after the upgrade, with new rows.

    Its replies lose the text of an erased comment too.
    """
    engine = database.connect(url)
    to(engine, "0005", monkeypatch)
    old = load_old(engine)
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    with writing(sessions) as session:
        row = old["decisions"][0]
        verdicts.give(
            session,
            row["id"],
            action=Action.REJECT,
            who="asha",
            reason=None,
            route="v1",
            now=NOW,
            key_id="k1",
        )
    with sessions() as session:
        assert seal.verify(session).problems == ()
    erase.by_author(sessions, spool, None, "ravi", NOW)
    with sessions() as session:
        reply = decisions.get(session, old["decisions"][1]["id"])
        assert (reply.text, reply.parent) == ("Too short", None)
    with sessions() as session:
        result = seal.verify(session)
    engine.dispose()
    assert result.problems == ()
    assert result.erasures == {"copy": 1, "earlier": 1, "request": 1}
    assert (result.seals, result.hash) == (2, old["seals"][-1]["hash"])
