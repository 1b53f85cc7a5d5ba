"""A row that the database refuses stops no other; who is forgotten is forgotten everywhere."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api.record import database, decisions, erase, webhooks
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import DecisionRow, DeliveryRow
from api.record.webhooks import Hook
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW, Keep

HOOK = Hook("http://127.0.0.1:1/hook", "secret")


def _values(moderator: Moderator, text: str, **known: str) -> dict[str, Any]:
    comment = Comment(text, **known)  # type: ignore[arg-type]  # id, author
    return decisions.fields(
        moderator.moderate(comment),
        comment,
        moderator.policy,
        community="",
        route="v1",
        store=True,
        now=NOW,
    )


def _comments(sessions: Sessions) -> list[str | None]:
    with sessions() as session:
        return list(session.scalars(select(DecisionRow.comment_id).order_by(DecisionRow.sequence)))


def test_a_large_batch_with_conflicts(sessions: Sessions, moderator: Moderator, keep: Keep) -> None:
    """What was there already, and what stands twice in the batch, costs the others nothing."""
    keep("Short 3", id="c3")
    rows = [_values(moderator, f"Short {n}", id=f"c{n}") for n in range(200)]
    rows.append(_values(moderator, "Short 7", id="c7"))
    answers = decisions.keep(sessions, [*rows, rows[0]], NOW)
    assert answers.keys() == {row["id"] for row in rows}
    with sessions() as session:
        kept = list(session.scalars(select(DecisionRow.id)))
    assert len(kept) == len(set(kept)) == 200
    assert {answer["id"] for answer in answers.values()} == set(kept)
    assert answers[rows[200]["id"]] == answers[rows[7]["id"]]


def test_many_are_found_in_one_query(sessions: Sessions, keep: Keep) -> None:
    """Each at its place, and only with its own text."""
    ids = [keep(f"Short {n}", id=f"c{n}") for n in range(3)]
    asked = [
        Comment("Short 2", id="c2"),
        Comment("Short 0", id="c2"),
        Comment("Short 0"),
        Comment("Short 0", id="c0"),
        Comment("Short 2", id="c2"),
    ]
    with sessions() as session:
        found = decisions.find_many(session, "", asked)
    assert {place: row.id for place, row in found.items()} == {0: ids[2], 3: ids[0], 4: ids[2]}


def test_what_the_database_refuses_is_set_aside(
    url: str, sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """It and a damaged file wait no longer; the others are written, and nothing is tried again."""
    spool.put(_values(moderator, "Short 1", id="c1"))
    bad = "x" * 600 if url.startswith("postgresql") else "x"
    spool.put(_values(moderator, "Short 2", id=bad))
    spool.put(_values(moderator, "Short 3", id="c3"))
    (spool.folder / "damaged.json").write_text('{"id": "half')
    refused = 1 if url.startswith("postgresql") else 0  # SQLite takes a reference of any length
    assert spool.drain(sessions, NOW) == 3 - refused
    assert len(spool) == 0
    assert len(list(spool.folder.glob("*.refused"))) == 1 + refused
    assert [one for one in _comments(sessions) if one != "x"] == ["c1", "c3"]


def test_edits_that_wait_are_numbered_as_they_came(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """The files' names tell nothing of their order."""
    texts = [f"Short {n}" for n in range(6)]
    for text in texts:
        spool.put(_values(moderator, text, id="c1"))
    spool.drain(sessions, NOW)
    with sessions() as session:
        rows = session.execute(select(DecisionRow.text, DecisionRow.revision)).all()
    assert sorted(rows, key=lambda row: row.revision) == [(t, n + 1) for n, t in enumerate(texts)]


def test_who_waits_in_the_spool_is_forgotten_too(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """And stays so when the decision is written."""
    spool.put(_values(moderator, "Short secret", id="c1", author="ravi"))
    spool.put(_values(moderator, "Short other", id="c2", author="mohan"))
    assert erase.by_author(sessions, spool, "", "ravi", NOW) == 1
    assert "secret" not in "".join(path.read_text() for path in spool.folder.glob("*.json"))
    assert spool.drain(sessions, NOW) == 2
    with sessions() as session:
        rows = session.execute(select(DecisionRow.text, DecisionRow.erased_at)).all()
    assert {row.text for row in rows} == {None, "Short other"}
    assert {row.erased_at for row in rows} == {None, NOW}


def test_a_webhook_that_is_still_due_forgets_too(sessions: Sessions) -> None:
    """No reference to the comment, and nothing of what was said of it."""
    history = {"verdicts": [{"action": "reject"}], "appeals": []}
    with writing(sessions) as session:
        for id_ in ("d1", "d2"):
            data = {"id": id_, "comment_id": "c1", "history": history}
            webhooks.enqueue(session, [HOOK], "verdict", data, NOW)
        webhooks.forget(session, {"d1"})
        bodies = [json.loads(body) for body in session.scalars(select(DeliveryRow.body))]
    told = {body["data"]["id"]: body["data"] for body in bodies}
    assert told["d1"] == {"id": "d1", "comment_id": None}
    assert told["d2"]["history"] == history


def test_only_their_webhooks_are_read(sessions: Sessions) -> None:
    """However many wait for a receiver that is away, whoever decides meanwhile hardly waits."""
    with writing(sessions) as session:
        for id_ in ("d1", "d2"):
            webhooks.enqueue(session, [HOOK], "decision", {"id": id_, "comment_id": "c1"}, NOW)
    read: list[str] = []
    with writing(sessions) as session:
        sa.event.listen(
            session, "loaded_as_persistent", lambda _, row: read.append(row.decision_id)
        )
        webhooks.forget(session, {"d1"})
    assert read == ["d1"]


def test_more_than_a_transaction_of_them_is_forgotten(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """In parts, so that nobody who decides waits for long."""
    count = erase.CHUNK + 10
    rows = [_values(moderator, f"Short {n}", author="ravi") for n in range(count)]
    decisions.keep(sessions, rows, NOW)
    assert erase.by_author(sessions, spool, "", "ravi", NOW) == count


def test_nobody_else_reads_the_files(tmp_path: Path, moderator: Moderator) -> None:
    """The database's folder and file, and the spool's."""
    spool = Spool(tmp_path / "var" / "spool")
    spool.put(_values(moderator, "Too short"))
    engine = database.connect(f"sqlite:///{tmp_path}/data/record.sqlite")
    database.upgrade(engine)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        files = [*(tmp_path / "data").iterdir(), *spool.folder.glob("*.json")]
        assert {path.name for path in files} >= {"record.sqlite", "record.sqlite-wal"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    engine.dispose()
    folders = (tmp_path / "data", spool.folder)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_what_cannot_be_read_stops_no_other(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """Of another version's shape, or locked: the first is set aside, the second waits on."""
    spool.put(_values(moderator, "Short 1", id="c1"))
    shapes = ({"id": "x", "extra": 1}, {"id": "another"}, [1], {"id": "y", "decided_at": 5})
    for name, values in zip(("x", "other", "list", "y"), shapes, strict=True):
        (spool.folder / f"{name}.json").write_text(json.dumps(values))
    (spool.folder / "locked.json").mkdir()
    assert spool.drain(sessions, NOW) == 1
    assert _comments(sessions) == ["c1"]
    names = {path.name for path in spool.folder.iterdir() if path.name != ".lock"}
    assert names == {"locked.json", *(f"{name}.refused" for name in ("x", "other", "list", "y"))}


def test_a_spool_that_was_removed_is_made_anew(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """A decision waits there, and who is forgotten is told so."""
    shutil.rmtree(spool.folder)
    assert erase.by_author(sessions, spool, "", "ravi", NOW) == 0
    shutil.rmtree(spool.folder)
    spool.put(_values(moderator, "Short 1", id="c1"))
    assert spool.drain(sessions, NOW) == 1


def test_what_root_erases_stays_the_services(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """`sudo moderation record erase` leaves no file that the service cannot read."""
    if os.geteuid() != 0:
        return
    spool.put(_values(moderator, "Short 1", id="c1", author="ravi"))
    os.chown(spool.folder, 12345, 12345)
    assert erase.by_author(sessions, spool, "", "ravi", NOW) == 1
    assert {path.stat().st_uid for path in spool.folder.iterdir()} == {12345}


def test_a_record_that_was_moved_is_not_written_on(tmp_path: Path) -> None:
    """What is answered as recorded can be found; into the moved file nothing more goes."""
    path = tmp_path / "record.sqlite"
    engine = database.connect(f"sqlite:///{path}")
    database.upgrade(engine)
    path.rename(tmp_path / "moved.sqlite")
    with pytest.raises(OperationalError, match="no such table"), engine.connect() as connection:
        connection.execute(select(DecisionRow.id))
    database.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(select(DecisionRow.id)).all() == []
    engine.dispose()
