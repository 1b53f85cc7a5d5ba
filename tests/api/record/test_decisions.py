"""Decisions are kept once, found again, and told as they were."""

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


def test_a_decision_is_told_as_it_was_made(sessions: Sessions, moderator: Moderator) -> None:
    """What comes back from the record is the decision, spans and words included."""
    comment = Comment("Too 👍🏽 short"[:7], id="c1", author="ravi")
    decision = moderator.moderate(comment)
    values = decisions.fields(
        decision, comment, moderator.policy, community="", route="v1", store=True, now=NOW
    )
    decisions.keep(sessions, [values], NOW)
    with sessions() as session:
        told = decisions.to_dict(decisions.get(session, decision.id))
    made = decision.to_dict()
    assert {name: told[name] for name in made} == made
    assert told["reasons"][0]["spans"][0]["text"] == comment.text
    assert (told["recorded"], told["revision"]) == (True, 1)


def test_the_same_comment_is_found_again(sessions: Sessions, keep: Keep) -> None:
    """The platform's reference and the text together name a decision."""
    first = keep("Too short", id="c1")
    with sessions() as session:
        same = decisions.find(session, "", Comment("Too short", id="c1"))
        assert same is not None
        assert same.id == first
        assert decisions.find(session, "", Comment("Too short!", id="c1")) is None
        assert decisions.find(session, "", Comment("Too short")) is None
        assert decisions.find(session, "another newspaper", Comment("Too short", id="c1")) is None


def test_an_edit_is_a_new_revision(sessions: Sessions, keep: Keep) -> None:
    """Each text of a comment is decided and numbered."""
    ids = [keep(text, id="c1") for text in ("One text", "Another text", "A third one")]
    with sessions() as session:
        assert [decisions.get(session, id_).revision for id_ in ids] == [1, 2, 3]


def test_keeping_twice_records_once(sessions: Sessions, moderator: Moderator) -> None:
    """However often a row is tried, it stands in the record once."""
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
    """Without leave to store, the reasons stay and the author's words do not."""
    id_ = keep("Secret words", store=False, author="ravi")
    with sessions() as session:
        row = decisions.get(session, id_)
        told = decisions.to_dict(row)
    assert (row.text, row.text_key, row.wording) == (None, None, None)
    assert told["reasons"][0]["rule"] == "length"
    assert told["reasons"][0]["spans"] == [{"start": 0, "end": 12, "text": None}]


def test_an_unknown_decision_is_said_to_be_unknown(sessions: Sessions) -> None:
    """No guess and no empty answer."""
    with sessions() as session, pytest.raises(decisions.UnknownDecisionError):
        decisions.get(session, "f" * 32)


def test_doubt_is_highest_on_a_threshold(moderator: Moderator) -> None:
    """A score on the threshold is as doubtful as can be."""
    reason = {"rule": "length", "score": 0.9}
    assert decisions.doubt([reason], moderator.policy) == 1.0
    assert decisions.doubt([{**reason, "score": 0.4}], moderator.policy) == pytest.approx(0.5)
    assert decisions.doubt([], moderator.policy) == 0.0


def test_upgrades_wait_for_each_other(url: str) -> None:
    """Two programs that start at once both find a whole schema."""
    engines = [database.connect(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(database.upgrade, engines))
    current, wanted = database.revisions(engines[0])
    assert current == wanted
    for engine in engines:
        engine.dispose()


def test_a_new_file_that_another_writes_is_waited_for(tmp_path: Path) -> None:
    """SQLite says "locked" at once to who turns a file to the write-ahead log beside a writer."""
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
    """A process that closes a file loses its locks on it, those of other connections too.

    Another process would then take itself for the last one and remove the write-ahead log.
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
