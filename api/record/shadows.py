"""Record what a challenger in shadow would have decided. The service never acts on it.

Erasing a decision also removes its shadow decisions. Seals do not cover them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.record import decisions
from api.record.database import Sessions, writing
from api.record.tables import DecisionRow, ShadowRow
from moderation import Action, Decision
from moderation.lifecycle.shadow import Shadow, ShadowPair


def row(shadow: Shadow, champion: Decision, challenger: Decision, now: dt.datetime) -> ShadowRow:
    """Return the row to record: the scores that differ, and nothing of the text."""
    before, after = champion.to_dict()["scores"], challenger.to_dict()["scores"]
    return ShadowRow(
        decision_id=champion.id,
        model=shadow.model,
        version=shadow.version,
        action=str(challenger.action),
        rules=decisions.rules_column(challenger),
        scores={head: score for head, score in after.items() if score != before.get(head)},
        models=dict(challenger.models),
        made_at=now,
    )


def keep(sessions: Sessions, rows: Sequence[ShadowRow]) -> None:
    """Record the rows, except those whose decision has been erased."""
    with writing(sessions) as session:
        add(session, rows)


def add(session: Session, rows: Sequence[ShadowRow]) -> None:
    """Like `keep`, in a session. A concurrent erasure waits, or this call waits for row."""
    ids = [row.decision_id for row in rows]
    query = select(DecisionRow.id).where(DecisionRow.id.in_(ids), DecisionRow.erased_at.is_(None))
    recorded = set(session.scalars(query.with_for_update(read=True)))
    session.add_all(row for row in rows if row.decision_id in recorded)


def pairs(
    session: Session, model: str, version: str, champions: Mapping[str, str]
) -> Iterator[ShadowPair]:
    """Yield the decisions of a challenger with those of exactly these champions, oldest first."""
    query = (
        select(
            ShadowRow.decision_id,
            ShadowRow.action.label("challenger"),
            ShadowRow.scores,
            ShadowRow.made_at,
            DecisionRow.action.label("champion"),
            DecisionRow.scores.label("before"),
            DecisionRow.models,
            DecisionRow.policy,
            DecisionRow.comment_id,
            DecisionRow.standing,
            DecisionRow.verdicts.any().label("has_verdict"),
        )
        .join(DecisionRow, DecisionRow.id == ShadowRow.decision_id)
        .where(ShadowRow.model == model, ShadowRow.version == version)
        .order_by(ShadowRow.made_at)
    )
    for row in session.execute(query.execution_options(yield_per=500)):
        if any(champions.get(name) != used for name, used in row.models.items()):
            continue
        moved = [abs(score - row.before.get(head, score)) for head, score in row.scores.items()]
        yield ShadowPair(
            decision=row.decision_id,
            comment=row.comment_id,
            champion=Action[row.champion.upper()],
            challenger=Action[row.challenger.upper()],
            moved=round(max(moved, default=0.0), 4),
            verdict=Action[row.standing.upper()] if row.has_verdict else None,
            policy=row.policy,
            at=row.made_at,
        )
