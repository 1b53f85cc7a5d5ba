"""`suggestscore`: what a moderator says of a comment, kept as a verdict.

It is given of the decision about that comment, where the record knows it: by the same token and
text, or by the text alone where neither has a token. Else the comment is decided about now, on
the route `suggestscore`, and the verdict is given of that. So each suggestion is one row of
`verdicts` (route `suggestscore`: `action`, and in `reason` the scores as they were sent) beside
one of `decisions`, which has the text unless it must not be stored.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.decisions import Decider, DecisionRequest
from api.record import verdicts
from api.record.decisions import text_key
from api.record.tables import DecisionRow
from moderation import Action, Comment

ROUTE = "suggestscore"


def give(
    keeper: Decider,
    asked: DecisionRequest,
    *,
    community: str,
    action: Action,
    who: str,
    reason: str,
    route: str = ROUTE,
) -> str | None:
    """Keep a suggestion; the comment's language, or None where the record cannot take it now."""
    with keeper.sessions() as session:
        found = _find(session, asked.comment, community)
    if found is None:
        (made,) = keeper.decide([asked], community=community, route=ROUTE)
        if not made["recorded"]:
            return None
        found = str(made["id"]), str(made["language"].get("code", "und"))
    decision_id, language = found
    with keeper.writing("verdict", decision_id) as session:
        verdicts.give(
            session,
            decision_id,
            action=action,
            who=who,
            reason=reason,
            route=route,
            now=keeper.clock(),
        )
    return language


def _find(session: Session, comment: Comment, community: str) -> tuple[str, str] | None:
    """The newest decision about this comment, and its language.

    Coral names the community here and not when it asks, so one without is looked at too.
    """
    query = (
        select(DecisionRow.id, DecisionRow.language_code)
        .where(
            DecisionRow.text_key == text_key(comment.text),
            DecisionRow.community.in_({community, ""}),
            DecisionRow.comment_id.is_(None)
            if comment.id is None
            else (DecisionRow.comment_id == comment.id) | DecisionRow.comment_id.is_(None),
        )
        .order_by(DecisionRow.comment_id.is_(None), DecisionRow.sequence.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return (str(row[0]), str(row[1])) if row else None
