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
    key_id: str | None = None,
) -> VerdictRow:
    """Record a moderator's verdict on a decision. It applies until a later verdict.

    `key_id` is the API key that gave it, if there is one.
    """
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
        key_id=key_id,
        follows=decision.verdicts[-1].id if decision.verdicts else None,
    )
    seal.stamp(verdict)
    decision.verdicts.append(verdict)
    decision.standing, decision.corrected_at = str(action), verdict.recorded_at
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
    key_id: str | None = None,
    trusted_names: bool = True,
) -> AppealRow:
    """Record a moderator's verdict that ends an appeal.

    Raises `ConflictError` if no appeal is open, or if the verdict that the author appealed against
    was given by `who`, or with the same API key. With `trusted_names`, the same key may stand for
    several moderators, so only `who` counts.
    """
    decision = _open(session, decision_id)
    if decision.verdicts:
        _check_other(decision.verdicts[-1], who, None if trusted_names else key_id)
    outcome = "upheld" if str(action) == decision.standing else "overturned"
    give(
        session,
        decision_id,
        action=action,
        who=who,
        reason=reason,
        route="appeal",
        now=now,
        key_id=key_id,
    )
    return _step(session, decision, outcome, who=who, reason=reason, now=now)


def _check_other(first: VerdictRow, who: str, key_id: str | None) -> None:
    """Raise `ConflictError` if the verdict `first` was given by `who` or with this key."""
    if first.who is not None and first.who.strip().casefold() == who.strip().casefold():
        raise ConflictError("An appeal is decided by someone other than who decided first.")
    if key_id is not None and first.key_id == key_id:
        raise ConflictError(
            "An appeal is decided by someone other than who decided first, and this key decided "
            "first. Use another moderator's key, or a key whose names are trusted."
        )


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
        follows=decision.appeals[-1].id if decision.appeals else None,
    )
    seal.stamp(row)
    decision.appeals.append(row)
    decision.appealed, decision.corrected_at = is_open(decision), row.recorded_at
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
            {**step(row), "reason": row.reason, "who": row.who} for row in decision.appeals
        ],
    }


def step(row: AppealRow) -> dict[str, Any]:
    """Return a step of an appeal without names and reasons: what happened, and what is due."""
    return {
        "id": row.id,
        "step": row.step,
        "at": row.at.isoformat(),
        "acknowledge_by": row.acknowledge_by and row.acknowledge_by.isoformat(),
        "decide_by": row.decide_by and row.decide_by.isoformat(),
    }
