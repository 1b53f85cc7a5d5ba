"""Fixtures: the record's tests run on real SQLite and PostgreSQL databases."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from api.record import database, decisions
from api.record.database import Sessions
from api.record.spool import Spool
from moderation import Comment, Moderator, Policy
from moderation.scoring.models import Models

POSTGRES = os.environ.get("MODERATION_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres")
NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A new database on the PostgreSQL server. Skips if there is no server."""
    server = database.connect(POSTGRES).execution_options(isolation_level="AUTOCOMMIT")
    name = f"record_{uuid.uuid4().hex[:12]}"
    try:
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL at MODERATION_TEST_POSTGRES or 127.0.0.1:5432")
    yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty SQLite or PostgreSQL database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/record.sqlite"
    address: str = request.getfixturevalue("postgres")
    engine = database.connect(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return address


@pytest.fixture
def sessions(url: str) -> Iterator[Sessions]:
    """An empty record."""
    engine = database.connect(url)
    database.upgrade(engine)
    yield sessionmaker(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def moderator() -> Moderator:
    """A moderator without models, with one rule that sends short comments to review."""
    rules = {name: {"enabled": False} for name in Policy.load().rules}
    return Moderator(
        Policy.load({**rules, "length": {"fewest_words": 3, "review": 0.9}}), Models({}, {})
    )


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


Keep = Callable[..., str]


@pytest.fixture
def keep(sessions: Sessions, moderator: Moderator) -> Keep:
    """A function that decides on a comment, records it and returns the decision's id."""

    def keep(
        text: str = "Too short", *, store: bool = True, at: dt.datetime = NOW, **context: str
    ) -> str:
        comment = Comment(text, **context)  # type: ignore[arg-type]  # id, author, article, parent
        decision = moderator.moderate(comment)
        values = decisions.fields(
            decision, comment, moderator.policy, community="", route="v1", store=store, now=at
        )
        decisions.keep(sessions, [values], at)
        return decision.id

    return keep
