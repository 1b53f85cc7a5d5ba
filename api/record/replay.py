"""Read recorded comments for a replay, in which a new policy decides about them again.

Each comment gets the author's history that it had when it was first decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, selectinload

from api.record.database import Sessions
from api.record.history import history
from api.record.holds import IN_USE
from api.record.tables import DecisionRow
from moderation import Comment
from moderation.lifecycle.replay import Recorded, ReplayFilter

PAGE = 200  # comments per transaction, so that writers do not wait


class Replay:
    """The recorded decisions that a replay reads, oldest first.

    Leaves out decisions without a stored text, and decisions made after this object was created.
    """

    def __init__(self, sessions: Sessions, filters: ReplayFilter) -> None:
        self.sessions = sessions
        with sessions() as session:
            self._last = session.scalar(select(func.max(DecisionRow.sequence))) or 0
            self.decisions = _count(session, DecisionRow.sequence <= self._last)
            self._where = list(self._conditions(session, filters))
            self.comments = _count(session, *self._where)

    def __iter__(self) -> Iterator[Recorded]:
        last = 0
        while True:
            with self.sessions() as session:
                page = list(session.scalars(self._page(last)))
                decisions = [_recorded(session, row) for row in page]
            if not page:
                return
            last = page[-1].sequence
            yield from decisions

    def _page(self, after: int) -> Select[DecisionRow]:
        return (
            select(DecisionRow)
            .where(*self._where, DecisionRow.sequence > after)
            .order_by(DecisionRow.sequence)
            .limit(PAGE)
            .options(selectinload(DecisionRow.verdicts))
        )

    def _conditions(self, session: Session, filters: ReplayFilter) -> Iterator[ColumnElement[bool]]:
        where = [DecisionRow.text.is_not(None), IN_USE, DecisionRow.sequence <= self._last]
        if filters.since:
            where.append(DecisionRow.decided_at >= filters.since)
        if filters.until:
            where.append(DecisionRow.decided_at < filters.until)
        if filters.most:
            sequence = DecisionRow.sequence
            latest = select(sequence).where(*where).order_by(sequence.desc()).limit(filters.most)
            first = session.scalar(select(func.min(latest.subquery().c.sequence)))
            where.append(sequence >= (first or 0))
        yield from where


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(DecisionRow).where(*where)) or 0


def _recorded(session: Session, row: DecisionRow) -> Recorded:
    """Return a recorded comment with its author's history, and its decision and last verdict.

    Comments of the author that were erased are missing from the history.
    """
    comment = Comment(
        row.text or "",
        id=row.comment_id,
        author=row.author,
        article=row.article,
        parent=row.parent,
        format="html" if row.format == "html" else "plain",
    )
    if row.author is not None:
        past = history(session, row.community, comment, row.decided_at, before=row.sequence)
        comment = replace(comment, **past._asdict())
    return Recorded(
        id=row.id,
        comment=comment,
        action=row.action,
        policy=row.policy,
        models=row.models,
        at=row.decided_at,
        verdict=row.verdicts[-1].action if row.verdicts else None,
    )
