"""What a challenger in shadow would have decided: recorded beside the decision, and never acted on.

It goes when the decision is erased, and is no part of the seals: it proves nothing about anyone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.record.database import Sessions, writing
from api.record.tables import DecisionRow, ShadowRow
from moderation import Action, Decision
from moderation.lifecycle.shadow import Pair, Shadow


def row(shadow: Shadow, champion: Decision, challenger: Decision, now: dt.datetime) -> ShadowRow:
    """What is kept: no word of the text, and of the scores those that differ."""
    before, told = champion.to_dict(), challenger.to_dict()
    return ShadowRow(
        decision_id=champion.id,
        model=shadow.model,
        version=shadow.version,
        action=told["action"],
        rules="".join(f" {reason['rule']}" for reason in told["reasons"]) + " ",
        scores={
            head: score
            for head, score in told["scores"].items()
            if score != before["scores"].get(head)
        },
        models=dict(challenger.models),
        made_at=now,
    )


def keep(sessions: Sessions, rows: Sequence[ShadowRow]) -> None:
    """Record them all at once, without those whose decision was erased meanwhile."""
    with writing(sessions) as session:
        add(session, rows)


def add(session: Session, rows: Sequence[ShadowRow]) -> None:
    """As `keep`, in a session. Of this and an erasure at the same time one waits."""
    ids = [row.decision_id for row in rows]
    standing = select(DecisionRow.id).where(
        DecisionRow.id.in_(ids), DecisionRow.erased_at.is_(None)
    )
    known = set(session.scalars(standing.with_for_update(read=True)))
    session.add_all(row for row in rows if row.decision_id in known)


def found(session: Session, model: str, version: str, beside: Mapping[str, str]) -> Iterator[Pair]:
    """What a challenger decided beside these champions and none before them, oldest first."""
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
            DecisionRow.verdicts.any().label("judged"),
        )
        .join(DecisionRow, DecisionRow.id == ShadowRow.decision_id)
        .where(ShadowRow.model == model, ShadowRow.version == version)
        .order_by(ShadowRow.made_at)
    )
    for it in session.execute(query.execution_options(yield_per=500)):
        if any(beside.get(name) != used for name, used in it.models.items()):
            continue
        moved = [abs(score - it.before.get(head, score)) for head, score in it.scores.items()]
        yield Pair(
            decision=it.decision_id,
            comment=it.comment_id,
            champion=Action[it.champion.upper()],
            challenger=Action[it.challenger.upper()],
            moved=round(max(moved, default=0.0), 4),
            verdict=Action[it.standing.upper()] if it.judged else None,
            policy=it.policy,
            at=it.made_at,
        )
