"""The queue of decisions that wait for a moderator.

A moderator can claim a decision for some time, so that no other moderator reads the same comment.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    and_,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from api.record.decisions import get
from api.record.holds import IN_USE, Condition
from api.record.tables import ARTICLE_START, HISTORY, WAITING, DecisionRow
from api.record.verdicts import ConflictError
from moderation import rules

LONGEST_CLAIM = dt.timedelta(hours=8)
Order = Literal["oldest", "doubtful"]


class CursorError(ValueError):
    """The cursor, which says where the next page of the queue starts, is not valid."""


@dataclass(frozen=True)
class Filters:
    """Conditions that limit which waiting decisions a page of the queue shows."""

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
    urgent_first: bool = True,
) -> tuple[Sequence[DecisionRow], str | None]:
    """Return at most `limit` waiting decisions, and the cursor of the next page.

    The cursor says where the next page starts. It is None on the last page. With `urgent_first`,
    comments in which an urgent rule acted come first. Leaves out decisions that a moderator other
    than `who` has claimed. Raises `CursorError` if `cursor` does not come from this queue in this
    order.
    """
    query = select(DecisionRow).where(*_waiting(who, filters, now))
    if urgent_first:
        query = query.order_by(DecisionRow.urgent.desc())
    if order == "doubtful":
        query = query.order_by(DecisionRow.doubt.desc())
    query = query.order_by(DecisionRow.sequence)
    if cursor:
        query = query.where(_after(order, cursor, urgent_first))
    query = query.options(*HISTORY)
    rows = session.scalars(query.limit(limit + 1)).all()
    decisions = rows[:limit]
    return decisions, _cursor(order, decisions[-1]) if len(rows) > limit else None


def claim(
    session: Session, decision_id: str, *, who: str, lasts: dt.timedelta, now: dt.datetime
) -> DecisionRow:
    """Reserve a decision for the moderator `who`, or prolong the claim that `who` has.

    The claim ends after `lasts`. Raises `ConflictError` while another moderator has a claim.
    """
    row = get(session, decision_id)
    claimed = (
        update(DecisionRow)
        .where(DecisionRow.id == row.id, _free(who, now))
        .values(claimed_by=who, claimed_until=now + lasts)
    )
    if not session.scalars(claimed.returning(DecisionRow.id)).all():
        session.refresh(row)
        raise ConflictError(f"{row.claimed_by} is reading this comment just now.")
    session.refresh(row)
    return row


def release(session: Session, decision_id: str, *, who: str) -> None:
    """End a moderator's claim on a decision early. Does nothing if `who` has no claim."""
    row = get(session, decision_id)
    claim = (DecisionRow.id == row.id, DecisionRow.claimed_by == who)
    # A single statement cannot release another moderator's newer claim.
    session.execute(update(DecisionRow).where(*claim).values(claimed_by=None, claimed_until=None))
    session.refresh(row)


def _waiting(who: str | None, filters: Filters, now: dt.datetime) -> list[Condition]:
    conditions: list[Condition] = [
        WAITING,
        IN_USE,
        or_(_readable(), DecisionRow.appealed),
        _free(who, now),
    ]
    equal = {
        DecisionRow.community: filters.community,
        DecisionRow.author: filters.author,
        DecisionRow.language_code: filters.language,
    }
    conditions += [column == value for column, value in equal.items() if value is not None]
    if filters.article is not None:
        start: ColumnElement[str] = literal_column(ARTICLE_START)
        # Not `article = …`: SQLite would put that value into the first condition, and then not
        # find the index.
        rest = func.substr(DecisionRow.article, 201)
        conditions += [start == filters.article[:200], rest == filters.article[200:]]
    if filters.rule in rules.urgent():
        conditions.append(DecisionRow.urgent.is_(True))  # few decisions, which an index has
    if filters.rule:
        conditions.append(DecisionRow.rules.contains(f" {filters.rule} ", autoescape=True))
    if filters.before:
        conditions.append(DecisionRow.decided_at < filters.before)
    if filters.after:
        conditions.append(DecisionRow.decided_at >= filters.after)
    return conditions


def _readable() -> ColumnElement[bool]:
    """Return the SQL condition that a decision has a stored text or a comment id.

    Without either, a moderator cannot find the comment.
    """
    return or_(DecisionRow.text.is_not(None), DecisionRow.comment_id.is_not(None))


def _free(who: str | None, now: dt.datetime) -> ColumnElement[bool]:
    """Return the SQL condition that no moderator other than `who` has claimed the decision.

    A claim that has ended does not count. A claim that ends too far ahead was made while the clock
    was wrong, and does not count either.
    """
    until = DecisionRow.claimed_until
    free = or_(until.is_(None), until <= now, until > now + LONGEST_CLAIM)
    return free if who is None else or_(free, DecisionRow.claimed_by == who)


def _cursor(order: Order, row: DecisionRow) -> str:
    place = [order, row.doubt, row.sequence, row.urgent]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


_UNKNOWN = "use the cursor of the page before, unchanged"


def _after(order: Order, cursor: str, urgent_first: bool) -> ColumnElement[bool]:
    try:
        cursor_order, doubt, sequence, *urgent = json.loads(base64.urlsafe_b64decode(cursor))
        doubt, sequence = float(doubt), int(sequence)
    except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise CursorError(_UNKNOWN) from error
    if not (math.isfinite(doubt) and 0 <= sequence < 2**63):
        raise CursorError(_UNKNOWN)
    if cursor_order != order:
        raise CursorError(f"this cursor is for the order '{cursor_order}'")
    later = DecisionRow.sequence > sequence
    if order == "doubtful":
        # Without the first condition, a database would not look `doubt` up in the index.
        later = and_(DecisionRow.doubt <= doubt, or_(DecisionRow.doubt < doubt, later))
    if not urgent_first:
        return later
    if any(urgent):
        return or_(not_(DecisionRow.urgent), later)
    return and_(not_(DecisionRow.urgent), later)
