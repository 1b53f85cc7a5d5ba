"""Decisions are recorded once, found again, and serialised as they were."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from api.record import database, decisions
from api.record.database import Sessions
from api.record.tables import DecisionRow
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW, Keep


def test_a_decision_survives_the_record(sessions: Sessions, moderator: Moderator) -> None:
    """The record returns the decision with its spans and messages."""
    comment = Comment("Too 👍🏽 short"[:7], id="c1", author="ravi")
    decision = moderator.moderate(comment)
    values = decisions.fields(
        decision, comment, moderator.policy, community="", route="v1", store=True, now=NOW
    )
    decisions.keep(sessions, [values], NOW)
    with sessions() as session:
        recorded = decisions.to_dict(decisions.get(session, decision.id))
    serialised = decision.to_dict()
    assert {name: recorded[name] for name in serialised} == serialised
    assert recorded["reasons"][0]["spans"][0]["text"] == comment.text
    assert (recorded["recorded"], recorded["revision"]) == (True, 1)
    assert decisions.restore(values) == decision


def test_the_same_comment_is_found_again(sessions: Sessions, keep: Keep) -> None:
    """The comment's id and its text together identify a decision."""
    first = keep("Too short", id="c1")
    with sessions() as session:
        row = decisions.find(session, "", Comment("Too short", id="c1"))
        assert row is not None
        assert row.id == first
        assert decisions.find(session, "", Comment("Too short!", id="c1")) is None
        assert decisions.find(session, "", Comment("Too short")) is None
        assert decisions.find(session, "another newspaper", Comment("Too short", id="c1")) is None


def test_an_edit_is_a_new_revision(sessions: Sessions, keep: Keep) -> None:
    """Each text of a comment gets its own decision and number."""
    ids = [keep(text, id="c1") for text in ("One text", "Another text", "A third one")]
    with sessions() as session:
        assert [decisions.get(session, id_).revision for id_ in ids] == [1, 2, 3]


def test_keeping_twice_records_once(sessions: Sessions, moderator: Moderator) -> None:
    """Recording the same decision again does not add a row."""
    comment = Comment("Too short", id="c1")
    decision = moderator.moderate(comment)
    values = decisions.fields(
        decision, comment, moderator.policy, community="", route="v1", store=True, now=NOW
    )
    for _ in range(3):
        decisions.keep(sessions, [values], NOW)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(DecisionRow)) == 1


def test_do_not_store_keeps_no_text(sessions: Sessions, keep: Keep) -> None:
    """With `store` off, the record holds the reasons without the author's words."""
    id_ = keep("Secret words", store=False, author="ravi")
    with sessions() as session:
        row = decisions.get(session, id_)
        recorded = decisions.to_dict(row)
    assert (row.text, row.text_key, row.wording) == (None, None, None)
    assert recorded["reasons"][0]["rule"] == "length"
    assert recorded["reasons"][0]["spans"] == [{"start": 0, "end": 12, "text": None}]


def test_an_unknown_decision_is_an_error(sessions: Sessions) -> None:
    """`get` raises instead of returning an empty answer."""
    with sessions() as session, pytest.raises(decisions.UnknownDecisionError):
        decisions.get(session, "f" * 32)


def test_doubt_is_highest_on_a_threshold(moderator: Moderator) -> None:
    """A score on the threshold has the highest doubt."""
    reason = {"rule": "length", "score": 0.9}
    assert decisions.doubt([reason], moderator.policy) == 1.0
    assert decisions.doubt([{**reason, "score": 0.4}], moderator.policy) == pytest.approx(0.5)
    assert decisions.doubt([], moderator.policy) == 0.0


def test_upgrades_wait_for_each_other(url: str) -> None:
    """Programs that start at once all find a complete schema."""
    engines = [database.connect(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(database.upgrade, engines))
    current, wanted = database.revisions(engines[0])
    assert current == wanted
    for engine in engines:
        engine.dispose()


def test_opening_a_new_file_waits_for_its_writer(tmp_path: Path) -> None:
    """While another connection writes, SQLite refuses to switch to a write-ahead log at once."""
    path = tmp_path / "record.sqlite"
    with closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        end = Timer(0.2, other.execute, ["COMMIT"])
        end.start()
        engine = database.connect(f"sqlite:///{path}")
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        engine.dispose()
        end.join()


def test_a_second_engine_drops_no_locks(tmp_path: Path, moderator: Moderator) -> None:
    """A process that closes a file loses its locks on it, including those of other connections.

    Another process would then remove the write-ahead log.
    """
    url = f"sqlite:///{tmp_path}/record.sqlite"
    engine = database.connect(url)
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    comments = [Comment("Too short", id=f"c{n}") for n in range(2)]
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
        for comment in comments
    )
    decisions.keep(sessions, [first], NOW)  # its connection stays open in the pool
    database.connect(url).dispose()
    other = (
        f"import sqlite3; c = sqlite3.connect({str(tmp_path / 'record.sqlite')!r});"
        "c.execute('PRAGMA schema_version').fetchone(); c.close()"
    )
    subprocess.run([sys.executable, "-c", other], check=True)  # noqa: S603 - our own
    assert (tmp_path / "record.sqlite-wal").exists()
    decisions.keep(sessions, [second], NOW)
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "record.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (2,)
