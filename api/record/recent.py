"""Read the scores of the latest decisions, to see whether the scores have changed (drift).

The texts of the comments are not read.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from api.record.database import Sessions
from api.record.tables import DecisionRow
from moderation.lifecycle.drift import ScoredDecision

PAGE = 500  # rows per query, so that writers do not wait


def recent(sessions: Sessions, since: dt.datetime, most: int) -> list[ScoredDecision]:
    """Return the scores of the latest decisions, at most `most`, newest first.

    Leaves out decisions made before `since`. Stops at the first page of rows that has only older
    decisions, so a large record is not read completely.
    """
    decisions: list[ScoredDecision] = []
    before: int | None = None
    query = select(
        DecisionRow.sequence,
        DecisionRow.models,
        DecisionRow.scores,
        DecisionRow.language,
        DecisionRow.decided_at,
    ).order_by(DecisionRow.sequence.desc())
    while len(decisions) < most:
        page = query.limit(min(PAGE, most - len(decisions)))
        if before is not None:
            page = page.where(DecisionRow.sequence < before)
        with sessions() as session:
            rows = session.execute(page).all()
        inside = [row for row in rows if row.decided_at >= since]
        decisions += [
            ScoredDecision(row.models, row.scores, row.language, row.decided_at) for row in inside
        ]
        if not inside:
            break
        before = rows[-1].sequence
    return decisions
