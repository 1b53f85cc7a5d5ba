"""Record what a new model on trial would have decided. The service never acts on it.

A challenger is a version of a model that may replace the version in use. While it runs "in shadow",
it decides about the same comments without any effect. Its decisions are called shadow decisions.
Erasing a decision also deletes its shadow decisions. The seals of the record, which prove that rows
were not changed, do not cover shadow decisions.
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
    """Return the row that records a challenger's decision.

    Of the scores, it has only those that differ from the champion's. It has nothing of the text.
    """
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
    """Record a challenger's decisions, each of which belongs to a decision of the champion.

    Leaves out a row if the champion's decision was erased in the meantime.
    """
    with writing(sessions) as session:
        add(session, rows)


def add(session: Session, rows: Sequence[ShadowRow]) -> None:
    """Record a challenger's decisions in an open session. `keep` does this in a session of its own.

    If a champion's decision is being erased at the same time, one of the two waits for the other.
    """
    ids = [row.decision_id for row in rows]
    query = select(DecisionRow.id).where(DecisionRow.id.in_(ids), DecisionRow.erased_at.is_(None))
    recorded = set(session.scalars(query.with_for_update(read=True)))
    session.add_all(row for row in rows if row.decision_id in recorded)


def pairs(
    session: Session, model: str, version: str, champions: Mapping[str, str]
) -> Iterator[ShadowPair]:
    """Yield a challenger's decisions, oldest first, each with the champion's decision.

    `champions` maps the names of models to versions. Leaves out decisions that were made with other
    versions.
    """
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
