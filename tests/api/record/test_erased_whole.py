"""Nothing of an erased comment is left in any file of the record, or in any copy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.record import database, decisions, erase, seal, verdicts, webhooks
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.webhooks import Hook
from moderation import Action, Comment, Moderator
from tests.api.record.conftest import NOW, Keep

HOUR = dt.timedelta(hours=1)
HOOK = Hook("http://127.0.0.1:1/hook", "secret")
TEXT = "Kumquat {number} orchards " + "are lovely in spring " * 90  # fills several pages
SECRETS = (b"Kumquat", b"kumquat-author", b"kumquat-comment", b"Kumquat reason", b"mod-kumquat")


def found(folder: Path) -> dict[str, list[bytes]]:
    """Return which secrets each file under `folder` contains."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {path.name: path.read_bytes() for path in files}
    hits = {name: [word for word in SECRETS if word in data] for name, data in contents.items()}
    return {name: words for name, words in hits.items() if words}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database; what PostgreSQL keeps is in `docs/record.md`."""
    return f"sqlite:///{tmp_path}/record/record.sqlite"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool next to it."""
    return Spool(tmp_path / "record" / "spool")


def _write(sessions: Sessions, keep: Keep, number: int) -> None:
    """Record a comment with a verdict, an appeal and a due webhook, and a reply to it."""
    text = TEXT.format(number=number)
    id_ = keep(text, id=f"kumquat-comment-{number}", author="kumquat-author", article="Fruit")
    keep(f"Reply {number}", id=f"r{number}", author="mohan", parent=text)
    with writing(sessions) as session:
        who = f"mod-kumquat-{number}"
        reason = "Kumquat reason " * 30
        verdicts.give(
            session, id_, action=Action.REJECT, who=who, reason=reason, route="v1", now=NOW
        )
        verdicts.appeal(
            session,
            id_,
            who="kumquat-author",
            reason=reason,
            acknowledge_within=HOUR,
            decide_within=HOUR,
            now=NOW,
        )
        row = decisions.get(session, id_)
        data = {**decisions.brief(row), "history": verdicts.history(row)}
        webhooks.enqueue(session, [HOOK], "verdict", data, NOW)


def test_no_file_has_an_erased_text(
    sessions: Sessions, keep: Keep, spool: Spool, moderator: Moderator, tmp_path: Path
) -> None:
    """Not the database, its write-ahead log, or the spool, while another connection is open."""
    folder = tmp_path / "record"
    others = [keep(f"Other {number} " + "words " * 200, id=f"o{number}") for number in range(40)]
    for number in range(40):
        _write(sessions, keep, number)
    for number in (100, 101):
        text = "Nobody asked" if number == 100 else "Reply"
        parent = TEXT.format(number=7) if number == 101 else None
        comment = Comment(text, id=f"kumquat-comment-{number}", author="x", parent=parent)
        values = decisions.fields(
            moderator.moderate(comment),
            comment,
            moderator.policy,
            community="",
            route="v1",
            store=True,
            now=NOW,
        )
        author = "kumquat-author" if number == 100 else "mohan"
        spool.put(
            {
                **values,
                "author": author,
                "comment_id": f"kumquat-comment-{number}"[number % 2 * 8 :],
            }
        )
    assert set(found(folder)) > {"record.sqlite-wal"}
    with sessions() as reader:  # a connection that stays in the pool
        reader.execute(sa.text("SELECT 1"))
    assert erase.by_author(sessions, spool, None, "kumquat-author", NOW + HOUR).erased == 41
    assert found(folder) == {}
    assert (folder / "record.sqlite-wal").stat().st_size == 0
    with sessions() as session:
        assert decisions.get(session, others[0]).text
        assert seal.verify(session).problems == ()


def test_many_small_erasures_leave_nothing(
    sessions: Sessions, keep: Keep, spool: Spool, tmp_path: Path
) -> None:
    """Also when pages are split and joined between them."""
    for number in range(60):
        keep(f"Kumquat {number} " + "x" * (number * 53 % 1500), id=f"kumquat-comment-{number}")
        keep(f"Other {number} " + "y" * (number * 37 % 1500), id=f"o{number}")
    for number in range(60):
        erase.by_comment(sessions, spool, None, f"kumquat-comment-{number}", NOW + HOUR)
        keep(f"Later {number} " + "z" * (number * 71 % 1500), id=f"l{number}")
    database.empty_log(sessions.kw["bind"])
    assert found(tmp_path / "record") == {}


def test_a_reader_delays_the_emptying_of_the_log(
    sessions: Sessions, keep: Keep, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    """An export that is being read does not fail the erasure; the log is emptied afterwards."""
    keep("Kumquat", id="c1")
    with sessions() as reader:
        reader.execute(sa.text("SELECT * FROM decisions")).first()
        assert erase.by_comment(sessions, spool, None, "c1", NOW + HOUR).erased == 1
        assert "emptied within the hour" in caplog.text
    assert database.empty_log(sessions.kw["bind"])
