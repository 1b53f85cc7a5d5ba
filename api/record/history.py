"""Read an author's history: the latest comments, and the share that was rejected."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.record.holds import IN_USE
from api.record.tables import DecisionRow, VerdictRow
from moderation import Comment
from moderation.comment import Past

MAX_COMMENTS = 50  # how many of an author's latest comments count
REPEATED_WITHIN = dt.timedelta(days=2)
CORRECTABLE = frozenset(
    "abuse full_sentences language length links lower_case personal_attack personal_details"
    " repetition shouting text_speak word_list".split()
)
"""The rules that ask an author to change a comment and post it again."""
HALF_LIFE = dt.timedelta(days=30)  # after this time, a refusal counts half


class History(NamedTuple):
    """An author's texts of the last two days, and a summary of the author's latest comments.

    `recent` has the texts, to recognise repetition. It leaves out texts that the author was asked
    to correct, unless the present comment repeats them unchanged.
    """

    recent: tuple[str, ...]
    past: Past


def history(
    session: Session,
    community: str,
    comment: Comment,
    now: dt.datetime,
    before: int | None = None,
) -> History:
    """Return the author's history without this comment and its earlier revisions.

    Each comment weighs `2 ** (-age / HALF_LIFE)`, so older comments count less. `before` is the
    sequence number of a recorded decision, made at `now`. With it, returns the history as it was at
    that time.
    """
    query = (
        select(
            DecisionRow.id,
            DecisionRow.text,
            DecisionRow.action,
            DecisionRow.rules,
            DecisionRow.standing,
            DecisionRow.decided_at,
            DecisionRow.comment_id,
        )
        .where(DecisionRow.community == community, DecisionRow.author == comment.author, IN_USE)
        .order_by(DecisionRow.sequence.desc())
        .limit(MAX_COMMENTS)
    )
    if before is not None:
        query = query.where(DecisionRow.sequence < before)
    others = [
        row for row in session.execute(query) if not comment.id or row.comment_id != comment.id
    ]
    if before is None:
        outcomes = {row.id: row.standing for row in others}
    else:
        outcomes = {row.id: row.action for row in others}
        outcomes |= _verdicts(session, list(outcomes), now)
    weights = [0.5 ** (max(now - row.decided_at, dt.timedelta()) / HALF_LIFE) for row in others]
    refused = [
        weight for row, weight in zip(others, weights, strict=True) if outcomes[row.id] == "reject"
    ]
    recent = tuple(
        row.text
        for row in others
        if row.text
        and abs(now - row.decided_at) <= REPEATED_WITHIN  # it may be later if the clock was wrong
        and not _is_corrected(comment.text, row.text, row.rules.split(), outcomes[row.id])
    )
    share = sum(refused) / sum(weights) if weights else 0.0
    return History(recent, Past(len(others), share))


def _is_corrected(text: str, earlier: str, rules: list[str], outcome: str) -> bool:
    """Return whether `text` may be the author's correction of the text `earlier`.

    That is so if three things are true: `earlier` was not approved, all its `rules` ask for a
    correction, and the words of the texts differ.

    >>> _is_corrected("You are right.", "u r right.", ["text_speak"], "review")
    True
    >>> _is_corrected("Cheap pills!", "Cheap pills!!", ["spam"], "reject")
    False
    """
    asked = outcome != "approve" and bool(rules) and CORRECTABLE.issuperset(rules)
    return asked and text.split() != earlier.split()


def _verdicts(session: Session, decisions: list[str], until: dt.datetime) -> dict[str, str]:
    """Return the action of the last verdict on each decision, by the id of the decision.

    Verdicts after `until` do not count.
    """
    query = (
        select(VerdictRow.decision_id, VerdictRow.action)
        .where(VerdictRow.decision_id.in_(decisions), VerdictRow.given_at <= until)
        .order_by(VerdictRow.sequence)
    )
    return {row.decision_id: row.action for row in session.execute(query)}
