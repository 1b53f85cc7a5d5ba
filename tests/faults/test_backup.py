"""A backup taken while the service writes is complete: its seals verify after a restore."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from api.record import database, seal
from api.record.database import Sessions
from api.record.decisions import fields, keep
from api.record.tables import DecisionRow
from moderation import Comment, Moderator
from tests.api.record.conftest import NOW
from tests.faults.service import Postgres


def _write(sessions: Sessions, moderator: Moderator, numbers: range) -> None:
    for number in numbers:
        comment = Comment(f"Short {number}", id=f"c{number}")
        decision = moderator.moderate(comment)
        values = fields(
            decision, comment, moderator.policy, community="", route="v1", store=True, now=NOW
        )
        keep(sessions, [values], NOW)


def _sealed(url: str, moderator: Moderator) -> tuple[Sessions, str]:
    """Return a record of 20 sealed decisions, and the seal's hash."""
    engine = database.connect(url)
    database.upgrade(engine)
    sessions = sessionmaker(engine)
    _write(sessions, moderator, range(20))
    sealed = seal.seal(sessions, NOW)
    assert sealed is not None
    return sessions, sealed.hash


def _verified(url: str, expected: str) -> None:
    engine = database.connect(url)
    with sessionmaker(engine)() as session:
        result = seal.verify(session)
        rows = session.scalar(select(func.count()).select_from(DecisionRow))
    engine.dispose()
    assert (result.problems, result.rows, result.hash) == ((), 20, expected)
    assert rows is not None
    assert rows >= 20


def test_sqlite(tmp_path: Path, moderator: Moderator) -> None:
    """SQLite's online backup works, as documented."""
    sessions, hash_ = _sealed(f"sqlite:///{tmp_path}/record.sqlite", moderator)
    writer = threading.Thread(target=_write, args=(sessions, moderator, range(20, 120)))
    writer.start()
    with (
        closing(sqlite3.connect(tmp_path / "record.sqlite")) as source,
        closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy,
    ):
        source.backup(copy)
    writer.join()
    _verified(f"sqlite:///{tmp_path}/copy.sqlite", hash_)
    sessions.kw["bind"].dispose()


def test_postgresql(server: Postgres, moderator: Moderator) -> None:
    """pg_dump, and pg_restore into an empty database, work as documented."""
    server.start()
    sessions, hash_ = _sealed(server.url, moderator)
    writer = threading.Thread(target=_write, args=(sessions, moderator, range(20, 60)))
    writer.start()
    to = ("-h", "127.0.0.1", "-p", str(server.port), "-U", "moderation")
    dump = str(server.base / "copy")
    server.client("pg_dump", *to, "--format=custom", f"--file={dump}", "postgres")
    writer.join()
    server.client("createdb", *to, "restored")
    server.client("pg_restore", *to, "--exit-on-error", "--dbname=restored", dump)
    _verified(server.url.replace("/postgres", "/restored"), hash_)
    sessions.kw["bind"].dispose()
