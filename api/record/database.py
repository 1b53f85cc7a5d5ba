"""Open the record's database, bring its schema up to date, and take locks on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]

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
            connect_args={"connect_timeout": max(int(timeout_s), 2), "options": limits},
        )
    raise ValueError(f"database: use sqlite:///… or postgresql://…, not {parsed.drivername}")


def _sqlite(url: sa.URL, timeout_s: float) -> sa.Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": timeout_s})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        # The driver's own transactions begin too late to lock in order; SQLAlchemy begins them.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # an answered decision survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A read that turns into a write would fail at once when another writes: lock first.
        immediate = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def writing(sessions: Sessions) -> Iterator[Session]:
    """A session that may write; committed at the end, rolled back on an error."""
    with sessions() as session:
        session.connection(execution_options={"writes": True})
        yield session
        session.commit()


def lock(session: Session) -> None:
    """Let one program at a time past this point, until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def upgrade(engine: sa.Engine) -> None:
    """Bring the schema to this program's version; of two that start at once, one waits."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revisions(engine: sa.Engine) -> tuple[str | None, str | None]:
    """The schema's revision in the database, and the one this program wants."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    return config
