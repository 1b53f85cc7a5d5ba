"""`suggestscore`: records a suggested score as a moderator's verdict.

The verdict belongs to the recorded decision with the same token and text, or with the same text if
it has no token. If there is none, the comment is decided now, on the route `suggestscore`. So each
suggestion is a row of `verdicts` (route `suggestscore`, with its `action`, and the suggested scores
in `reason`) for a row of `decisions`, which has the text unless it must not be stored.
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
    decider: Decider,
    request: DecisionRequest,
    *,
    community: str,
    action: Action,
    who: str,
    reason: str,
    route: str = ROUTE,
) -> str | None:
    """Record a suggestion. Return the comment's language, or None if recording failed."""
    with decider.sessions() as session:
        known = _find(session, request.comment, community)
    if known is None:
        (decision,) = decider.decide([request], community=community, route=ROUTE)
        if not decision["recorded"]:
            return None
        known = str(decision["id"]), str(decision["language"].get("code", "und"))
    decision_id, language = known
    with decider.writing("verdict", decision_id) as session:
        verdicts.give(
            session,
            decision_id,
            action=action,
            who=who,
            reason=reason,
            route=route,
            now=decider.clock(),
        )
    return language


def _find(session: Session, comment: Comment, community: str) -> tuple[str, str] | None:
    """Return the id and language of the latest decision about this comment, or None.

    Coral sends the community only here, so decisions without a community match too.
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
