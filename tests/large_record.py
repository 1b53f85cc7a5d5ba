"""A large record for tests and benchmarks, and the plans by which a database answers queries."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from api.record.decisions import thresholds
from api.record.tables import Base
from moderation import Policy

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
DAYS = 60  # from the oldest decision to the latest
BATCH = 5_000
RULES = ("abuse", "spam", "text_speak", "full_sentences", "shouting")
HEADS = "toxicity insult profanity threat personal_attack english full_sentences spam".split()
WORDS = "the council should publish its budget before anybody votes on a new bridge".split()
ARTICLE = "The budget of the city was published on Monday, and the council debates it. " * 4


def fill(engine: sa.Engine, rows: int) -> None:
    """Add `rows` decisions to the record, whatever the version of its schema.

    The decisions are those of the last 60 days. The texts of the first fifth are erased. Of the
    others, one in eight waits for a moderator. In one in 500, `self_harm` acted.
    """
    table = Base.metadata.tables["decisions"]
    names = [column["name"] for column in sa.inspect(engine).get_columns("decisions")]
    policy = Policy.load()
    generator = random.Random(18)  # noqa: S311 - not a secret
    shared = "urgent" in names  # thresholds in `policies`
    with engine.begin() as connection:
        if shared:
            values = {"hash": policy.hash, "thresholds": thresholds(policy)}
            connection.execute(Base.metadata.tables["policies"].insert(), values)
    for start in range(0, rows, BATCH):
        batch = [
            _row(generator, policy, at / rows) for at in range(start, min(start + BATCH, rows))
        ]
        if shared:
            batch = [{**row, "thresholds": {}} for row in batch]
        with engine.begin() as connection:
            columns = [{name: row[name] for name in names if name in row} for row in batch]
            connection.execute(table.insert(), columns)
    if engine.dialect.name == "postgresql":  # as its autovacuum does; SQLite has nothing like it
        with engine.begin() as connection:
            connection.execute(sa.text("ANALYZE"))


def _row(generator: random.Random, policy: Policy, place: float) -> dict[str, Any]:
    """Return the columns of a decision. `place` is 0 for the oldest and 1 for the latest."""
    id_ = uuid.UUID(int=generator.getrandbits(128)).hex
    action = generator.choices(["approve", "review", "reject"], [75, 20, 5])[0]
    waits = action == "review" and generator.random() < 0.625
    found = [] if action == "approve" else generator.sample(RULES, k=generator.randint(1, 2))
    if action == "review" and generator.random() < 0.01:
        found = ["self_harm"]
    decided_at = NOW - dt.timedelta(days=DAYS * (1 - place))
    reason = {"guideline": "Be civil.", "score": 0.8, "action": action, "spans": [[0, 3]]}
    private = {
        "comment_id": f"c-{id_}",
        "text_key": id_ * 2,
        "text": " ".join(generator.choices(WORDS, k=40)),
        "author": f"author-{int(generator.paretovariate(0.5)) % 20_000}",
        "article": f"{generator.randrange(2_000)} {ARTICLE}",
        "parent": None,
        "wording": [{"message": "Leave out the insults.", "suggestion": None}] * len(found),
        "salt": id_,
    }
    if place < 0.2:
        private = dict.fromkeys(private)
    return {
        **private,
        "id": id_,
        "community": "rare" if generator.random() < 1e-4 else f"site-{generator.randrange(3)}",
        "revision": 1,
        "route": "v1",
        "format": "plain",
        "action": action,
        "reasons": [{**reason, "rule": rule} for rule in found],
        "observed": [],
        "rules": "".join(f" {rule}" for rule in found) + " ",
        "urgent": "self_harm" in found,
        "sensitive": "self_harm" in found,
        "scores": {head: round(generator.random(), 4) for head in HEADS},
        "thresholds": thresholds(policy),
        "language": {"english": 1.0, "code": "en"},
        "language_code": "en" if generator.random() < 0.99 else "hi",
        "policy": policy.hash,
        "models": {"abuse": "2026-11-23-bc1d1d3"},
        "doubt": generator.random(),
        "decided_at": decided_at,
        "recorded_at": decided_at,
        "took_ms": 4.0,
        "stored": True,
        "standing": action if action != "review" or waits else "approve",
        "appealed": generator.random() < 0.002,
        "private_digest": id_ * 2,
        "erased_at": NOW if place < 0.2 else None,
    }


@contextmanager
def queries(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    """Yield a list to which each SELECT that `engine` runs is added, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def plan(engine: sa.Engine, query: tuple[str, Any], *settings: str) -> str:
    """Return the plan by which the database answers a query, one step per line.

    `settings` are SQL statements that PostgreSQL executes before.
    """
    statement, parameters = query
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "\n".join(row[3] for row in rows)
        for setting in settings:
            connection.exec_driver_sql(setting)
        rows = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
        return "\n".join(row[0] for row in rows)
