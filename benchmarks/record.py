"""Measure the record's queries on half a million decisions, and show the plans of the database.

    python -m benchmarks.record [--rows 500000] [--postgresql URL] [--sqlite FILE] [--filled URL]

Fills a temporary SQLite database and, if a PostgreSQL server is named, a temporary one there.
`--sqlite` and `--filled` name databases that are filled already. Each query runs 40 times, with its
rows read as objects. Prints a table and the plans, and writes them to
`benchmarks/results/record.md`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from api.record import changes, database, decisions, erase, queue, recent, seal, webhooks
from api.record.database import Sessions
from api.record.history import history
from api.record.queue import Filters
from api.record.tables import DecisionRow
from api.record.webhooks import Hook
from moderation import Comment
from tests.large_record import ARTICLE, NOW, fill, plan, queries

RESULTS = Path(__file__).parent / "results" / "record.md"
REPEATS = 40
LIMIT = 50
HOOK = Hook("http://127.0.0.1:1/", "secret")


def page(**changed: Any) -> Callable[[Session], object]:
    """Return a function that reads a page of the queue; with `deep`, one from its middle."""
    deep = changed.pop("deep", False)
    arguments: dict[str, Any] = {
        "order": "oldest",
        "who": "asha",
        "filters": Filters(),
        "limit": LIMIT,
        "now": NOW,
        "cursor": None,
        **changed,
    }

    def run(session: Session) -> None:
        if deep:
            half = session.scalar(sa.select(sa.func.max(DecisionRow.sequence) / 2))
            row = DecisionRow(sequence=int(half or 0), doubt=0.5, urgent=False)
            arguments["cursor"] = queue._cursor(arguments["order"], row)
        queue.page(session, **arguments)

    return run


QUERIES: dict[str, Callable[[Session], object]] = {
    "queue": page(),
    "queue, page in the middle": page(deep=True),
    "queue, key without `verdict`": page(urgent_first=False),
    "doubt": page(order="doubtful"),
    "doubt, page in the middle": page(order="doubtful", deep=True),
    "doubt, key without `verdict`": page(order="doubtful", urgent_first=False),
    "article": page(filters=Filters(article=f"7 {ARTICLE}")),
    "article, by doubt": page(order="doubtful", filters=Filters(article=f"7 {ARTICLE}")),
    "author": page(filters=Filters(author="author-7")),
    "rule": page(filters=Filters(rule="self_harm")),
    "rare rule, key without `verdict`": page(filters=Filters(rule="self_harm"), urgent_first=False),
    "language": page(filters=Filters(language="hi")),
    "rare community": page(filters=Filters(community="rare")),
    "latest day": page(filters=Filters(after=NOW - dt.timedelta(days=1))),
    "author's history": lambda session: history(
        session, "site-1", Comment("A", author="author-1"), NOW
    ),
    "history of a new author": lambda session: history(
        session, "site-1", Comment("A", author="new"), NOW
    ),
    "a comment again": lambda session: decisions.find(session, "site-1", Comment("A", id="c-1")),
    "changes, 50 rows": lambda session: changes.page(
        session, since=NOW - dt.timedelta(days=1), limit=LIMIT, cursor=None
    ),
}
BACKGROUND: dict[str, Callable[[Sessions], object]] = {
    "retention, nothing due": lambda sessions: erase.older_than(sessions, 90, NOW),
    "retention of `self_harm`, nothing due": lambda sessions: erase.older_than(
        sessions, 90, NOW, only_sensitive=True
    ),
    "webhooks, nothing due": lambda sessions: webhooks.deliver(sessions, HOOK, NOW),
    "removed webhooks": lambda sessions: webhooks.fail_removed(sessions, [HOOK], NOW),
    "drift, a page of 500 rows": lambda sessions: recent.recent(
        sessions, NOW - dt.timedelta(days=7), recent.PAGE
    ),
    "the last seal": lambda sessions: _in_session(sessions, seal.last),
}


def _in_session(sessions: Sessions, run: Callable[[Session], object]) -> None:
    with sessions() as session:
        run(session)


def measure(engine: sa.Engine) -> Iterator[tuple[str, float, float, str]]:
    """Yield each query's name, p50 and p95 in ms, and the plan of its slowest statement."""
    sessions = sessionmaker(engine)
    reading = {name: partial(_in_session, run=run) for name, run in QUERIES.items()}
    runs: dict[str, Callable[[Sessions], object]] = {**reading, **BACKGROUND}
    for name, run in runs.items():
        took = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            run(sessions)
            took.append((time.perf_counter() - started) * 1000)
        with queries(engine) as seen:
            run(sessions)
        tables = [query for query in seen if "max(" not in query[0]]
        p50, p95 = np.percentile(took, [50, 95])
        yield name, float(p50), float(p95), plan(engine, tables[0]) if tables else ""


@contextmanager
def postgresql(server: str) -> Iterator[str]:
    """Create a database on the server, and drop it at the end."""
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"))
    name = f"benchmark_{uuid.uuid4().hex[:12]}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def report(url: str, rows: int) -> str:
    """Fill the database unless it has rows, measure, and return Markdown."""
    engine = database.connect(url, timeout_s=60)
    database.upgrade(engine)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM decisions")).scalar_one()
    if not count:
        fill(engine, rows)
    results = list(measure(engine))
    engine.dispose()
    title = "SQLite" if engine.dialect.name == "sqlite" else "PostgreSQL"
    lines = [f"## {title}, {count or rows:,} decisions", "", "| query | p50 ms | p95 ms |"]
    lines.append("|---|---|---|")
    lines += [f"| {name} | {p50:.1f} | {p95:.1f} |" for name, p50, p95, _ in results]
    lines += ["", f"Plans of {title}:", "", "```"]
    for name, _, _, steps in results:
        lines += [f"{name}:", *(f"    {step[:110]}" for step in steps.splitlines())]
    return "\n".join([*lines, "```", ""])


def main() -> None:
    """Measure each database in turn, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--sqlite", type=Path, metavar="FILE")
    parser.add_argument("--filled", metavar="URL")
    arguments = parser.parse_args()
    parts = ["# Queries of a large record\n\n`python -m benchmarks.record`\n"]
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.sqlite or Path(folder) / "record.sqlite"
        parts.append(report(f"sqlite:///{path}", arguments.rows))
    if arguments.filled:
        parts.append(report(arguments.filled, arguments.rows))
    if arguments.postgresql:
        with postgresql(arguments.postgresql) as url:
            parts.append(report(url, arguments.rows))
    text = "\n".join(parts)
    print(text)
    RESULTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
