"""The record's frequent queries use indexes, so that they stay fast when the record is large."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from api.record import database, erase, history, queue, recent, seal, webhooks
from api.record.database import Sessions
from api.record.queue import Filters
from api.record.webhooks import Hook
from moderation import Comment
from tests.large_record import NOW, fill, plan, queries

# PostgreSQL reads a small table without its indexes if it may.
TABLE = re.compile(r"FROM (decisions|deliveries) \nWHERE (?!\S+decision_id IN)")
SETTINGS = ("SET LOCAL enable_seqscan = off", "SET LOCAL enable_bitmapscan = off")
AUTHOR = Comment("A", author="author-1")
DAY = dt.timedelta(days=1)


def _page(**changed: Any) -> Callable[[Sessions], object]:
    """Return a function that reads two pages of the queue."""
    arguments: dict[str, Any] = {"order": "oldest", "who": None, "filters": Filters(), **changed}

    def read(sessions: Sessions) -> None:
        with sessions() as session:
            _, cursor = queue.page(session, limit=2, cursor=None, now=NOW, **arguments)
            queue.page(session, limit=2, cursor=cursor, now=NOW, **arguments)

    return read


def _reading(read: Callable[[Session], object]) -> Callable[[Sessions], object]:
    def run(sessions: Sessions) -> None:
        with sessions() as session:
            read(session)

    return run


CASES = {
    "queue": (_page(), "queue_urgent"),
    "queue without urgency": (_page(urgent_first=False), "queue_oldest"),
    "doubt": (_page(order="doubtful"), "queue_urgent_doubtful"),
    "doubt without urgency": (_page(order="doubtful", urgent_first=False), "queue_doubtful"),
    "article": (_page(filters=Filters(article="7 The budget")), "queue_article"),
    "author": (_page(filters=Filters(author="author-7")), "queue_author"),
    "urgent rule": (_page(filters=Filters(rule="self_harm")), "queue_urgent"),
    "latest day": (
        _page(filters=Filters(after=NOW - DAY)),
        "queue_urgent queue_oldest decisions_kept",
    ),
    "retention": (lambda sessions: erase.older_than(sessions, 90, NOW), "decisions_kept"),
    "retention of sensitive comments": (
        lambda sessions: erase.older_than(sessions, 90, NOW, only_sensitive=True),
        "decisions_kept_sensitive",
    ),
    "history": (
        _reading(lambda session: history.history(session, "site-1", AUTHOR, NOW)),
        "decisions_author decisions_pkey",  # the latest rows may have enough of the author
    ),
    "drift": (lambda sessions: recent.recent(sessions, NOW - DAY, 100), "decisions_pkey"),
    "webhooks": (
        lambda sessions: webhooks.deliver(sessions, Hook("http://a/", ""), NOW),
        "deliveries_due deliveries_state",
    ),
    "webhooks that were removed": (
        lambda sessions: webhooks.fail_removed(sessions, [Hook("http://a/", "")], NOW),
        "deliveries_state",
    ),
    "seal": (
        lambda sessions: seal.seal(sessions, NOW, 2),
        "decisions_unsealed ix_decisions_seal_id",
    ),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sessions]:
    """A record of 2,000 decisions in SQLite or PostgreSQL."""
    url = f"sqlite:///{tmp_path_factory.mktemp('large')}/record.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
    engine = database.connect(url)
    if request.param == "postgresql":
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    database.upgrade(engine)
    fill(engine, 2_000)
    yield sessionmaker(engine)
    engine.dispose()


@pytest.mark.parametrize("name", CASES)
def test_a_query_uses_its_index(large: Sessions, name: str) -> None:
    """The plan names the index, and does not sort or read the whole table."""
    engine = large.kw["bind"]
    run, index = CASES[name]
    with queries(engine) as seen:
        run(large)
    plans = [plan(engine, query, *SETTINGS) for query in seen if TABLE.search(query[0])]
    assert plans
    for steps in plans:
        if engine.dialect.name == "sqlite" and index == "decisions_pkey":
            index = "SCAN decisions"  # in the order of the rows, from the newest
        assert any(name in steps for name in index.split()), steps
        assert "Sort" not in steps or name == "latest day"  # a few rows
        assert "TEMP B-TREE" not in steps
