"""Record a score that a client suggests (`suggestscore`), as a verdict of a moderator.

The verdict is on the recorded decision about the comment with the request's token (its id) and
text. A decision about this text without a token also serves. If the record has neither, the comment
is decided now, on the route `suggestscore`. Each suggestion is a row of the table `verdicts`: its
route is `suggestscore`, `action` is approve or reject, and `reason` has the suggested scores. The
row belongs to a row of the table `decisions`, which has the text unless the text must not be
stored.
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
    key_id: str | None = None,
) -> str | None:
    """Record a suggested score as a verdict on the comment in `request`.

    Returns the code of the comment's language, or None if the comment's decision was not recorded.
    """
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
            key_id=key_id,
        )
    return language


def _find(session: Session, comment: Comment, community: str) -> tuple[str, str] | None:
    """Return the id and language code of the latest decision about this comment; None without one.

    Coral names the community only when it suggests a score, so decisions without a community count
    too.
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
