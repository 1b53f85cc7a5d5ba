"""The moderators' queue: what waits for a person, claimed so that no two read the same."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from api.record.decisions import get
from api.record.tables import HISTORY, DecisionRow
from api.record.verdicts import ConflictError

Order = Literal["oldest", "doubtful"]


class CursorError(ValueError):
    """A cursor that this queue did not give out."""


@dataclass(frozen=True)
class Filters:
    """Which of the waiting decisions are asked for."""

    community: str | None = None
    rule: str | None = None
    author: str | None = None
    article: str | None = None
    language: str | None = None
    before: dt.datetime | None = None
    after: dt.datetime | None = None


def page(
    session: Session,
    *,
    order: Order,
    limit: int,
    cursor: str | None,
    who: str | None,
    filters: Filters,
    now: dt.datetime,
) -> tuple[Sequence[DecisionRow], str | None]:
    """The next `limit` decisions that wait, and the cursor to go on with (None at the end).

    What another moderator has claimed is left out until the claim ends. Raises `CursorError`.
    """
    query = select(DecisionRow).where(*_waiting(who, filters, now))
    if order == "doubtful":
        query = query.order_by(DecisionRow.doubt.desc())
    query = query.order_by(DecisionRow.sequence)
    if cursor:
        query = query.where(_after(order, cursor))
    query = query.options(*HISTORY)
    rows = session.scalars(query.limit(limit + 1)).all()
    shown = rows[:limit]
    return shown, _cursor(order, shown[-1]) if len(rows) > limit else None


def claim(
    session: Session, decision_id: str, *, who: str, lasts: dt.timedelta, now: dt.datetime
) -> DecisionRow:
    """Take a decision for `who` until the claim ends; again to prolong it.

    Raises `ConflictError` while another moderator holds it.
    """
    row = get(session, decision_id)
    taken = (
        update(DecisionRow)
        .where(DecisionRow.id == row.id, _free(who, now))
        .values(claimed_by=who, claimed_until=now + lasts)
    )
    if not session.scalars(taken.returning(DecisionRow.id)).all():
        session.refresh(row)
        raise ConflictError(f"{row.claimed_by} is reading this comment just now.")
    session.refresh(row)
    return row


def release(session: Session, decision_id: str, *, who: str) -> None:
    """Give a claim back before it ends; nothing happens where `who` holds none."""
    row = get(session, decision_id)
    theirs = (DecisionRow.id == row.id, DecisionRow.claimed_by == who)
    given_back = update(DecisionRow).where(*theirs).values(claimed_by=None, claimed_until=None)
    session.execute(given_back)  # in one: whoever claims it meanwhile keeps it
    session.refresh(row)


def _waiting(who: str | None, filters: Filters, now: dt.datetime) -> list[ColumnElement[bool]]:
    conditions = [
        or_(and_(DecisionRow.standing == "review", _readable()), DecisionRow.appealed),
        DecisionRow.erased_at.is_(None),
        _free(who, now),
    ]
    equal = {
        DecisionRow.community: filters.community,
        DecisionRow.author: filters.author,
        DecisionRow.article: filters.article,
        DecisionRow.language_code: filters.language,
    }
    conditions += [column == value for column, value in equal.items() if value is not None]
    if filters.rule:
        conditions.append(DecisionRow.rules.contains(f" {filters.rule} ", autoescape=True))
    if filters.before:
        conditions.append(DecisionRow.decided_at < filters.before)
    if filters.after:
        conditions.append(DecisionRow.decided_at >= filters.after)
    return conditions


def _readable() -> ColumnElement[bool]:
    """Not where neither text nor reference was kept: nobody could find the comment again."""
    return or_(DecisionRow.text.is_not(None), DecisionRow.comment_id.is_not(None))


def _free(who: str | None, now: dt.datetime) -> ColumnElement[bool]:
    """Not claimed, or claimed by the one who asks, or a claim that has ended."""
    free = or_(DecisionRow.claimed_until.is_(None), DecisionRow.claimed_until <= now)
    return free if who is None else or_(free, DecisionRow.claimed_by == who)


def _cursor(order: Order, row: DecisionRow) -> str:
    place = [order, row.doubt, row.sequence]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


_UNKNOWN = "use the cursor of the page before, unchanged"


def _after(order: Order, cursor: str) -> ColumnElement[bool]:
    try:
        given, doubt, sequence = json.loads(base64.urlsafe_b64decode(cursor))
        doubt, sequence = float(doubt), int(sequence)
    except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise CursorError(_UNKNOWN) from error
    if not (math.isfinite(doubt) and 0 <= sequence < 2**63):
        raise CursorError(_UNKNOWN)
    if given != order:
        raise CursorError(f"this cursor is for the order '{given}'")
    if order == "oldest":
        return DecisionRow.sequence > sequence
    same = and_(DecisionRow.doubt == doubt, DecisionRow.sequence > sequence)
    return or_(DecisionRow.doubt < doubt, same)
