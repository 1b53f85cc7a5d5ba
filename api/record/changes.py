"""List decisions in the order of their last change, for clients that poll."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from api.record.queue import CursorError
from api.record.tables import HISTORY, DecisionRow


def page(
    session: Session, *, since: dt.datetime | None, limit: int, cursor: str | None
) -> tuple[Sequence[DecisionRow], str | None]:
    """Return at most `limit` decisions, the one that changed longest ago first, and a cursor.

    A decision changes when it is recorded, and with every verdict and step of an appeal. `since`
    leaves out decisions that have not changed since then. The cursor says where the next page
    starts, and is None on the last page. A decision that changes while a client reads page after
    page is on a later page again. Raises `CursorError` if `cursor` is not one of this list.
    """
    query = select(DecisionRow).order_by(DecisionRow.changed_at, DecisionRow.sequence)
    if since is not None:
        query = query.where(DecisionRow.changed_at >= since)
    if cursor is not None:
        query = query.where(_after(cursor))
    rows = session.scalars(query.limit(limit + 1).options(*HISTORY)).all()
    shown = rows[:limit]
    return shown, _cursor(shown[-1]) if len(rows) > limit else None


def _cursor(row: DecisionRow) -> str:
    place = ["changed", row.changed_at.isoformat(), row.sequence]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _after(cursor: str) -> ColumnElement[bool]:
    try:
        kind, changed_at, sequence = json.loads(base64.urlsafe_b64decode(cursor))
        place = (dt.datetime.fromisoformat(changed_at), int(sequence))
        valid = kind == "changed" and place[0].tzinfo is not None and 0 <= place[1] < 2**63
        # The database stores the time in UTC, which the first and last days may not have.
        place[0].astimezone(dt.UTC)
    except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise CursorError("use the cursor of the page before, unchanged") from error
    if not valid:
        raise CursorError("use the cursor of the page before, unchanged")
    return tuple_(DecisionRow.changed_at, DecisionRow.sequence) > tuple_(*place)
