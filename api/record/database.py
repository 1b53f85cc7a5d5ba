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
    """The record has the database schema of a newer version of this program."""


_LOG_TRIES, _LOG_WAIT_MS, _LOG_PAUSE_S = 10, 20, 0.1  # to empty SQLite's log
_LOCK = 0x6D6F6465  # this program's advisory lock: upgrades and seals run one at a time


def connect(url: str, timeout_s: float = 3.0) -> sa.Engine:
    """Return an SQLAlchemy engine for `url`, which is `sqlite:///path` or `postgresql://…`.

    The engine waits at most `timeout_s` for a connection or a lock, so that a database that is down
    delays a request by no more than that. Raises `ValueError` for the URL of any other database.
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
                "tcp_user_timeout": wait_ms,  # for a server that vanished without closing
                "options": limits,
            },
        )
    raise ValueError(f"database: use sqlite:///… or postgresql://…, not {parsed.drivername}")


def _sqlite(url: sa.URL, timeout_s: float) -> sa.Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        with contextlib.suppress(OSError):  # connecting reports what is wrong
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Only the owner may read it. SQLite gives its log files the same mode. Do not open a
            # file that exists: closing it would drop the locks of this process's connections.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": timeout_s})

    @event.listens_for(engine, "checkout")
    def _check_file(_: Any, record: Any, __: Any) -> None:
        # SQLite keeps writing to a file that was moved or replaced. Those rows would be lost.
        if record.info["file"] != _file(url.database):
            raise DisconnectionError("the file was replaced")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        record.info["file"] = _file(url.database)
        # SQLAlchemy begins the transactions: the driver's own would lock too late.
        connection.isolation_level = None
        _write_ahead(connection, timeout_s)
        connection.execute("PRAGMA synchronous=FULL")  # an answered decision survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # erased texts are overwritten with zeros

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A read that becomes a write fails at once if another program writes: lock first.
        immediate = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _file(path: str | None) -> tuple[int, int] | None:
    """Return the device and inode of an SQLite file, which together identify it.

    Returns None if the path names no file.
    """
    try:
        status = Path(path or ":memory:").stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _write_ahead(connection: Any, timeout_s: float) -> None:
    """Switch SQLite to a write-ahead log, so that readers never wait for a writer.

    The switch needs exclusive access to a new file. SQLite's busy timeout does not apply to the
    switch, so this function retries when several workers start together.
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
    """Yield a database session for writing.

    The session commits at the end of the block. On an error it rolls back.
    """
    with _turn(sessions.kw["bind"]), sessions() as session:
        session.connection(execution_options={"writes": True})
        yield session
        session.commit()


@contextmanager
def step(sessions: Sessions) -> Iterator[Session]:
    """Yield a database session for one of many short transactions of a long task.

    Like `writing`, but pauses after the transaction, so that decisions need not wait for the whole
    task. The caller limits the number of rows in the transaction.
    """
    with writing(sessions) as session:
        started = time.monotonic()
        yield session
    pause(sessions, time.monotonic() - started)


def pause(sessions: Sessions, held_s: float) -> None:
    """Let others write, after a transaction of a long task that took `held_s` seconds.

    SQLite has one writer at a time, and those that wait look for their turn every few
    milliseconds. So this waits longer than the transaction took. PostgreSQL needs no pause.
    """
    if sessions.kw["bind"].dialect.name == "sqlite":
        time.sleep(max(_PAUSE_S, _PAUSES * held_s))


_PAUSE_S = 0.03
_PAUSES = 3.0
_TURNS: weakref.WeakKeyDictionary[sa.Engine, threading.Lock] = weakref.WeakKeyDictionary()
_TURN_S = 3.0


@contextmanager
def _turn(engine: sa.Engine) -> Iterator[None]:
    """Let the threads of this process write to SQLite one after the other, in order.

    SQLite itself would retry with growing pauses, so that some threads might never succeed.
    Processes still compete for SQLite's lock in that way. A thread that has waited `_TURN_S`
    seconds for its turn competes in that way too.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    turn = _TURNS.setdefault(engine, threading.Lock())
    acquired = turn.acquire(timeout=_TURN_S)
    try:
        yield
    finally:
        if acquired:
            turn.release()


def empty_log(engine: sa.Engine) -> bool:
    """Move SQLite's write-ahead log into the database and cut it to nothing. Return whether it did.

    The log may still hold texts that were erased. This fails while somebody reads, for example an
    export. It waits only a moment, because writers wait in the meantime. For PostgreSQL it does
    nothing and returns True.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        wait_ms = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={_LOG_WAIT_MS}")
        try:
            for _ in range(_LOG_TRIES):
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return True
                time.sleep(_LOG_PAUSE_S)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={wait_ms}")
    finally:
        connection.close()
    return False


def lock(session: Session) -> None:
    """Take a lock on the database until the end of the transaction; other programs wait.

    With SQLite, this does nothing, because SQLite's writers wait for each other already.
    """
    _lock(session.connection())


def _lock(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def upgrade(engine: sa.Engine) -> None:
    """Upgrade the schema to the version of this program. Concurrent upgrades wait for each other.

    Raises `SchemaError` if the schema is that of a newer program.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _lock(connection)
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            revision = MigrationContext.configure(connection).get_current_revision()
            raise SchemaError(
                f"the record's schema is {revision}, which this version does not know: "
                "it was made by a newer version; install that version"
            ) from None


def revisions(engine: sa.Engine) -> tuple[str | None, str | None]:
    """Return two schema revisions: that of the database and the one this program needs."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config
