"""Show a recorded decision as the caller's API key may see it.

Keys with the scope 'read' see every decision, except those that are to be erased when a legal hold
ends; only 'admin' sees those. Keys with the scope 'verdict' alone see what their moderator may
decide: comments that wait for a person, open appeals, and comments that were judged with this key.
Of all other decisions they see what is left of an erased one.
"""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy.orm import Session

from api.http.errors import Problem
from api.record import decisions, holds, verdicts
from api.record.tables import DecisionRow


def record_to_dict(row: DecisionRow, *, sensitive: bool) -> dict[str, Any]:
    """Return a recorded decision, with its verdicts and appeals, as a dict of JSON values.

    Without `sensitive`, the findings of sensitive rules, such as `self_harm`, are left out.
    """
    decision = decisions.to_dict(row)
    columns = ("text", "author", "article", "parent", "route", "standing", "thresholds", "doubt")
    times = ("decided_at", "changed_at", "claimed_until", "erase_due_at")
    moments = {name: getattr(row, name) for name in times}
    return {
        **(decision if sensitive else decisions.hide_sensitive(decision)),
        **{name: getattr(row, name) for name in columns},
        **{name: moment and moment.isoformat() for name, moment in moments.items()},
        "claimed_by": row.claimed_by,
        "history": verdicts.history(row),
    }


def visible(row: DecisionRow) -> dict[str, Any]:
    """Return a recorded decision without what the caller's API key may not see.

    Its private columns are then empty in this session too. They stay in the database.
    """
    if not may_read(row):
        holds.hide(row)
    return record_to_dict(row, sensitive=sees_sensitive())


def read(session: Session, decision_id: str) -> DecisionRow:
    """Return a recorded decision for reading.

    Raises `UnknownDecisionError`, or a `Problem` (403) if the caller's API key has the scope
    'verdict' and may not decide about this comment.
    """
    row = decisions.get(session, decision_id)
    if not (g.key.may("read") or _may_decide(row)):
        raise Problem(
            403,
            "A key with the scope 'verdict' reads comments that wait for a person, open appeals, "
            "and comments that were judged with it. Reading others takes the scope 'read'.",
        )
    if not may_read(row):
        holds.hide(row)
    return row


def may_read(row: DecisionRow) -> bool:
    """Return whether the caller's API key may see the personal data of a decision."""
    if row.erase_due_at is not None:
        return bool(g.key.may("admin"))
    return g.key.may("read") or _may_decide(row)


def _may_decide(row: DecisionRow) -> bool:
    waits = row.standing == "review" or row.appealed
    return waits or any(verdict.key_id == g.key.id for verdict in row.verdicts)


def sees_sensitive() -> bool:
    """Return whether the caller's API key may see the findings of sensitive rules."""
    return bool(g.key.may("verdict"))
