"""A row that the database refuses does not block the others. Erasing reaches every place."""

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


def _values(moderator: Moderator, text: str, **context: str) -> dict[str, Any]:
    comment = Comment(text, **context)  # type: ignore[arg-type]  # id, author
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
    """Comments that are recorded already or twice in the batch do not affect the others."""
    keep("Short 3", id="c3")
    rows = [_values(moderator, f"Short {n}", id=f"c{n}") for n in range(200)]
    rows.append(_values(moderator, "Short 7", id="c7"))
    answers = decisions.keep(sessions, [*rows, rows[0]], NOW)
    assert answers.keys() == {row["id"] for row in rows}
    with sessions() as session:
        ids = list(session.scalars(select(DecisionRow.id)))
    assert len(ids) == len(set(ids)) == 200
    assert {answer["id"] for answer in answers.values()} == set(ids)
    assert answers[rows[200]["id"]] == answers[rows[7]["id"]]


def test_many_are_found_in_one_query(sessions: Sessions, keep: Keep) -> None:
    """Each decision is found by its comment's index, and only with the same text."""
    ids = [keep(f"Short {n}", id=f"c{n}") for n in range(3)]
    comments = [
        Comment("Short 2", id="c2"),
        Comment("Short 0", id="c2"),
        Comment("Short 0"),
        Comment("Short 0", id="c0"),
        Comment("Short 2", id="c2"),
    ]
    with sessions() as session:
        rows = decisions.find_many(session, "", comments)
    assert {index: row.id for index, row in rows.items()} == {0: ids[2], 3: ids[0], 4: ids[2]}


def test_refused_rows_are_set_aside(
    url: str, sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """Refused and damaged files leave the spool, and the others are written."""
    spool.put(_values(moderator, "Short 1", id="c1"))
    bad = "x" * 600 if url.startswith("postgresql") else "x"
    spool.put(_values(moderator, "Short 2", id=bad))
    spool.put(_values(moderator, "Short 3", id="c3"))
    (spool.folder / "damaged.json").write_text('{"id": "half')
    refused = 1 if url.startswith("postgresql") else 0  # SQLite takes a reference of any length
    assert spool.drain(sessions, NOW) == 3 - refused
    assert len(spool) == 0
    assert len(list(spool.folder.glob("*.refused"))) == 1 + refused
    assert [id_ for id_ in _comments(sessions) if id_ != "x"] == ["c1", "c3"]


def test_waiting_edits_are_numbered_in_order(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """The order does not come from the files' names."""
    texts = [f"Short {n}" for n in range(6)]
    for text in texts:
        spool.put(_values(moderator, text, id="c1"))
    spool.drain(sessions, NOW)
    with sessions() as session:
        rows = session.execute(select(DecisionRow.text, DecisionRow.revision)).all()
    assert sorted(rows, key=lambda row: row.revision) == [(t, n + 1) for n, t in enumerate(texts)]


def test_erasing_an_author_reaches_the_spool(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """The decision stays erased when it is written to the record."""
    spool.put(_values(moderator, "Short secret", id="c1", author="ravi"))
    spool.put(_values(moderator, "Short other", id="c2", author="mohan"))
    assert erase.by_author(sessions, spool, "", "ravi", NOW).erased == 1
    assert "secret" not in "".join(path.read_text() for path in spool.folder.glob("*.json"))
    assert spool.drain(sessions, NOW) == 2
    with sessions() as session:
        rows = session.execute(select(DecisionRow.text, DecisionRow.erased_at)).all()
    assert {row.text for row in rows} == {None, "Short other"}
    assert {row.erased_at for row in rows} == {None, NOW}


def test_erasing_reaches_due_webhooks(sessions: Sessions) -> None:
    """The delivery loses the comment's id and the history."""
    history = {"verdicts": [{"action": "reject"}], "appeals": []}
    with writing(sessions) as session:
        for id_ in ("d1", "d2"):
            data = {"id": id_, "comment_id": "c1", "history": history}
            webhooks.enqueue(session, [HOOK], "verdict", data, NOW)
        webhooks.forget(session, {"d1"})
        bodies = [json.loads(body) for body in session.scalars(select(DeliveryRow.body))]
    sent = {body["data"]["id"]: body["data"] for body in bodies}
    assert sent["d1"] == {"id": "d1", "comment_id": None}
    assert sent["d2"]["history"] == history


def test_erasing_reads_only_affected_webhooks(sessions: Sessions) -> None:
    """Erasing stays fast when many deliveries wait, so decisions do not wait for it."""
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


def test_erasing_takes_several_transactions(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """Each transaction is short, so decisions do not wait long."""
    count = erase.CHUNK + 10
    rows = [_values(moderator, f"Short {n}", author="ravi") for n in range(count)]
    decisions.keep(sessions, rows, NOW)
    assert erase.by_author(sessions, spool, "", "ravi", NOW).erased == count


def test_only_the_owner_may_read_the_files(tmp_path: Path, moderator: Moderator) -> None:
    """This covers the folders and files of the database and the spool."""
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


def test_unreadable_files_do_not_block_others(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """Files in an unknown format are set aside. Files that cannot be opened stay."""
    spool.put(_values(moderator, "Short 1", id="c1"))
    shapes = ({"id": "x", "extra": 1}, {"id": "another"}, [1], {"id": "y", "decided_at": 5})
    for name, values in zip(("x", "other", "list", "y"), shapes, strict=True):
        (spool.folder / f"{name}.json").write_text(json.dumps(values))
    (spool.folder / "locked.json").mkdir()
    assert spool.drain(sessions, NOW) == 1
    assert _comments(sessions) == ["c1"]
    names = {path.name for path in spool.folder.iterdir() if path.name != ".lock"}
    assert names == {"locked.json", *(f"{name}.refused" for name in ("x", "other", "list", "y"))}


def test_a_removed_spool_is_created_again(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """Both erasing and writing a decision create the folder."""
    shutil.rmtree(spool.folder)
    assert erase.by_author(sessions, spool, "", "ravi", NOW).erased == 0
    shutil.rmtree(spool.folder)
    spool.put(_values(moderator, "Short 1", id="c1"))
    assert spool.drain(sessions, NOW) == 1


def test_files_that_root_erases_keep_their_owner(
    sessions: Sessions, spool: Spool, moderator: Moderator
) -> None:
    """`sudo moderation record erase` leaves no file that the service cannot read."""
    if os.geteuid() != 0:
        return
    spool.put(_values(moderator, "Short 1", id="c1", author="ravi"))
    os.chown(spool.folder, 12345, 12345)
    assert erase.by_author(sessions, spool, "", "ravi", NOW).erased == 1
    assert {path.stat().st_uid for path in spool.folder.iterdir()} == {12345}


def test_a_moved_record_gets_no_more_rows(tmp_path: Path) -> None:
    """Writing to the moved file would lose decisions that were answered as recorded."""
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
