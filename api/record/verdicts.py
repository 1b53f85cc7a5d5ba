"""Record moderators' verdicts on decisions, and authors' appeals against them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from api.record import seal
from api.record.decisions import get
from api.record.tables import AppealRow, DecisionRow, VerdictRow
from moderation import Action


class ConflictError(RuntimeError):
    """The request contradicts what is recorded, for example a second appeal while one is open."""


def give(
    session: Session,
    decision_id: str,
    *,
    action: Action,
    who: str,
    reason: str | None,
    route: str,
    now: dt.datetime,
) -> VerdictRow:
    """Record a moderator's verdict on a decision. It applies until a later verdict."""
    decision = get(session, decision_id)
    verdict = VerdictRow(
        id=uuid.uuid4().hex,
        decision_id=decision.id,
        action=str(action),
        route=route,
        given_at=now,
        recorded_at=seal.recorded_at(session, now),
        who=who,
        reason=reason,
    )
    seal.stamp(verdict)
    decision.verdicts.append(verdict)
    decision.standing, decision.changed_at = str(action), verdict.recorded_at
    decision.claimed_by = decision.claimed_until = None
    session.flush()
    return verdict


def appeal(
    session: Session,
    decision_id: str,
    *,
    who: str | None,
    reason: str,
    acknowledge_within: dt.timedelta,
    decide_within: dt.timedelta,
    now: dt.datetime,
) -> AppealRow:
    """Record an author's appeal against a decision, with two deadlines.

    The appeal must be acknowledged by the first and decided by the second. Raises `ConflictError`
    if an appeal is open already.
    """
    decision = get(session, decision_id)
    if is_open(decision):
        raise ConflictError("An appeal against this decision is already open.")
    return _step(
        session,
        decision,
        "received",
        who=who,
        reason=reason,
        now=now,
        acknowledge_by=now + acknowledge_within,
        decide_by=now + decide_within,
    )


def acknowledge(session: Session, decision_id: str, *, who: str, now: dt.datetime) -> AppealRow:
    """Record that the author was told that the appeal has arrived."""
    return _step(
        session, _open(session, decision_id), "acknowledged", who=who, reason=None, now=now
    )


def settle(
    session: Session,
    decision_id: str,
    *,
    action: Action,
    who: str,
    reason: str,
    now: dt.datetime,
) -> AppealRow:
    """Record a moderator's verdict that ends an appeal.

    Raises `ConflictError` if no appeal is open, or if `who` gave the verdict that the author
    appealed against.
    """
    decision = _open(session, decision_id)
    if decision.verdicts and decision.verdicts[-1].who == who:
        raise ConflictError("An appeal is decided by someone other than who decided first.")
    step = "upheld" if str(action) == decision.standing else "overturned"
    give(session, decision_id, action=action, who=who, reason=reason, route="appeal", now=now)
    return _step(session, decision, step, who=who, reason=reason, now=now)


def is_open(decision: DecisionRow) -> bool:
    """Return whether the decision has an appeal that is not decided yet."""
    return bool(decision.appeals) and decision.appeals[-1].step in ("received", "acknowledged")


def _open(session: Session, decision_id: str) -> DecisionRow:
    decision = get(session, decision_id)
    if not is_open(decision):
        raise ConflictError("No appeal against this decision is open.")
    return decision


def _step(
    session: Session,
    decision: DecisionRow,
    step: str,
    *,
    who: str | None,
    reason: str | None,
    now: dt.datetime,
    acknowledge_by: dt.datetime | None = None,
    decide_by: dt.datetime | None = None,
) -> AppealRow:
    row = AppealRow(
        id=uuid.uuid4().hex,
        decision_id=decision.id,
        step=step,
        at=now,
        recorded_at=seal.recorded_at(session, now),
        acknowledge_by=acknowledge_by,
        decide_by=decide_by,
        who=who,
        reason=reason,
    )
    seal.stamp(row)
    decision.appeals.append(row)
    decision.appealed, decision.changed_at = is_open(decision), row.recorded_at
    session.flush()
    return row


def history(decision: DecisionRow) -> dict[str, list[dict[str, Any]]]:
    """Return the verdicts on a decision and the steps of its appeals, each oldest first."""
    return {
        "verdicts": [
            {
                "id": row.id,
                "action": row.action,
                "reason": row.reason,
                "who": row.who,
                "route": row.route,
                "at": row.given_at.isoformat(),
            }
            for row in decision.verdicts
        ],
        "appeals": [
            {
                "id": row.id,
                "step": row.step,
                "reason": row.reason,
                "who": row.who,
                "at": row.at.isoformat(),
                "acknowledge_by": row.acknowledge_by and row.acknowledge_by.isoformat(),
                "decide_by": row.decide_by and row.decide_by.isoformat(),
            }
            for row in decision.appeals
        ],
    }
