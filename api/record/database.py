"""Open the record's database, bring its schema up to date, and take locks on it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]


class SchemaError(RuntimeError):
    """The record was made by a newer version of this program."""


_LOCK = 0x6D6F6465  # the advisory lock of this program: two upgrades or seals wait for each other


def connect(url: str, timeout_s: float = 3.0) -> sa.Engine:
    """An engine for `url`; `sqlite:///path` or `postgresql+psycopg://…`.

    Waits at most `timeout_s` for a connection or a lock, so that a database that is away costs
    a request no more than that. Raises `ValueError` for any other database.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, timeout_s)
    if parsed.get_backend_name() == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        wait_ms = int(timeout_s * 1000)
        limits = f"-c statement_timeout={wait_ms * 10} -c lock_timeout={wait_ms}"
        return sa.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_timeout=timeout_s,
            hide_parameters=True,  # an error must not quote a comment
            connect_args={
                "connect_timeout": max(int(timeout_s), 2),
                "tcp_user_timeout": wait_ms,  # a server that vanished without a word
                "options": limits,
            },
        )
    raise ValueError(f"database: use sqlite:///… or postgresql://…, not {parsed.drivername}")


def _sqlite(url: sa.URL, timeout_s: float) -> sa.Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # connecting will say what is wrong
            # For nobody else to read; SQLite gives the files beside it the same mode. A file that
            # exists is not opened: closing it would drop the locks of this process's connections.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": timeout_s})

    @event.listens_for(engine, "checkout")
    def _same(_: Any, record: Any, __: Any) -> None:
        # Into a file that was moved or replaced one can write on, and nobody would find it again.
        if record.info["file"] != _file(url.database):
            raise DisconnectionError("the file is another now")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        record.info["file"] = _file(url.database)
        # The driver's own transactions begin too late to lock in order; SQLAlchemy begins them.
        connection.isolation_level = None
        _write_ahead(connection, timeout_s)
        connection.execute("PRAGMA synchronous=FULL")  # an answered decision survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A read that turns into a write would fail at once when another writes: lock first.
        immediate = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _file(path: str | None) -> tuple[int, int] | None:
    """Which file stands there; None where none does."""
    try:
        found = Path(path or ":memory:").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _write_ahead(connection: Any, timeout_s: float) -> None:
    """Keep a write-ahead log: readers then never wait for a writer.

    A new file is turned to it by whoever has the file alone, and SQLite does not wait for that
    (its busy timeout is for other locks): workers that start together ask again.
    """
    until = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def writing(sessions: Sessions) -> Iterator[Session]:
    """A session that may write; committed at the end, rolled back on an error."""
    with _turn(sessions.kw["bind"]), sessions() as session:
        session.connection(execution_options={"writes": True})
        yield session
        session.commit()


_TURNS: weakref.WeakKeyDictionary[sa.Engine, threading.Lock] = weakref.WeakKeyDictionary()
_TURN_S = 3.0


@contextmanager
def _turn(engine: sa.Engine) -> Iterator[None]:
    """Let the threads of a process write to SQLite in the order they came.

    SQLite itself makes them ask again and again, ever more rarely, so that some wait for long.
    Between processes it still does; who waits too long for a turn asks too.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    turn = _TURNS.setdefault(engine, threading.Lock())
    mine = turn.acquire(timeout=_TURN_S)
    try:
        yield
    finally:
        if mine:
            turn.release()


def lock(session: Session) -> None:
    """Let one program at a time past this point, until the transaction ends.

    In SQLite all who write wait for each other already.
    """
    _lock(session.connection())


def _lock(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def upgrade(engine: sa.Engine) -> None:
    """Bring the schema to this program's version; of two that start at once, one waits.

    Raises `SchemaError` where a newer program has been at it.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _lock(connection)
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            found = MigrationContext.configure(connection).get_current_revision()
            raise SchemaError(
                f"the record's schema is {found}, which this version does not know: "
                "it was made by a newer one; install that"
            ) from None


def revisions(engine: sa.Engine) -> tuple[str | None, str | None]:
    """The schema's revision in the database, and the one this program wants."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config
