"""Legal holds: keep what the law wants kept, although its erasure was asked for.

A publisher sets a hold on single comments or authors (`held_until`), or on everything that was
removed, by the policy's `keep_removed_days`. An erasure of a held decision is noted
(`erase_due_at`) and carried out when the hold ends. Until then only keys with the scope `admin` see
its personal data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, TextClause, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from api.record.database import Sessions, writing
from api.record.tables import HISTORY, KEPT, DecisionRow, Sealed

Condition = ColumnElement[bool] | TextClause

# A decision whose personal data may be used: its erasure was not asked for.
IN_USE = DecisionRow.erase_due_at.is_(None)


def ends_at(row: DecisionRow, keep_removed_days: int) -> dt.datetime | None:
    """Return when the holds on a decision end; None if there is no hold.

    A comment was removed when its present rejection was decided.
    """
    ends = [row.held_until] if row.held_until else []
    if row.standing == "reject":
        removed_at = row.verdicts[-1].given_at if row.verdicts else row.decided_at
        ends.append(removed_at + dt.timedelta(days=keep_removed_days))
    return max(ends, default=None)


def waiting_ends_at(values: Mapping[str, Any], keep_removed_days: int) -> dt.datetime | None:
    """Return the same for a decision that waits in the spool, where only the policy holds it."""
    if values.get("action") != "reject":
        return None
    decided_at = dt.datetime.fromisoformat(values["decided_at"])
    return decided_at + dt.timedelta(days=keep_removed_days)


def hold(sessions: Sessions, which: list[Condition], until: dt.datetime) -> int:
    """Hold the decisions that `which` selects until then. Return how many are held.

    An erasure of them that was asked for earlier, and is delayed, waits longer if necessary.
    """
    with writing(sessions) as session:
        held = update(DecisionRow).where(*which, KEPT).values(held_until=until)
        ids = session.scalars(held.returning(DecisionRow.id)).all()
        late = (KEPT, DecisionRow.erase_due_at < until)
        session.execute(update(DecisionRow).where(*which, *late).values(erase_due_at=until))
    return len(ids)


def release(
    sessions: Sessions, which: list[Condition], keep_removed_days: int, now: dt.datetime
) -> int:
    """End the holds that `hold` set. Return how many there were.

    A delayed erasure is due at once, unless the policy holds the decision too.
    """
    with writing(sessions) as session:
        query = select(DecisionRow).where(*which, KEPT, DecisionRow.held_until.is_not(None))
        rows = session.scalars(query.options(*HISTORY).with_for_update()).all()
        for row in rows:
            row.held_until = None
            if row.erase_due_at is not None:
                row.erase_due_at = max(ends_at(row, keep_removed_days) or now, now)
    return len(rows)


def last_end(session: Session, which: list[Condition]) -> tuple[int, dt.datetime | None]:
    """Return how many of these decisions wait for their erasure, and when the last one is due."""
    query = select(DecisionRow.erase_due_at).where(*which, KEPT, ~IN_USE)
    ends = [end for end in session.scalars(query) if end is not None]
    return len(ends), max(ends, default=None)


def hide(row: DecisionRow) -> None:
    """Make a held decision look erased in this session. The database keeps its data."""
    parts: list[Sealed] = [row, *row.verdicts, *row.appeals]
    for part in parts:
        for name in part.PRIVATE:
            set_committed_value(part, name, None)
