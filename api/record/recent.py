"""The latest decisions' scores, without the comments."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from api.record.database import Sessions
from api.record.tables import DecisionRow
from moderation.lifecycle.drift import ScoredDecision

PAGE = 500  # rows at once: nobody who writes waits for this


def recent(sessions: Sessions, since: dt.datetime, most: int) -> list[ScoredDecision]:
    """At most so many, the latest first, none decided before `since`.

    However large the record, no more than one page beyond them is read.
    """
    found: list[ScoredDecision] = []
    before: int | None = None
    query = select(
        DecisionRow.sequence,
        DecisionRow.models,
        DecisionRow.scores,
        DecisionRow.language,
        DecisionRow.decided_at,
    ).order_by(DecisionRow.sequence.desc())
    while len(found) < most:
        page = query.limit(min(PAGE, most - len(found)))
        if before is not None:
            page = page.where(DecisionRow.sequence < before)
        with sessions() as session:
            rows = session.execute(page).all()
        inside = [row for row in rows if row.decided_at >= since]
        found += [
            ScoredDecision(row.models, row.scores, row.language, row.decided_at) for row in inside
        ]
        if not inside:
            break
        before = rows[-1].sequence
    return found
