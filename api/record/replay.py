"""Read decided comments again, as they were when they were decided about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, selectinload

from api.record.database import Sessions
from api.record.history import history
from api.record.tables import DecisionRow
from moderation import Comment
from moderation.lifecycle.replay import Recorded, ReplayFilter

PAGE = 200  # comments read at once, each page in a transaction of its own: nobody waits for us


class Replay:
    """The decisions of the record whose text is kept, oldest first; those of now, and no later."""

    def __init__(self, sessions: Sessions, chosen: ReplayFilter) -> None:
        self.sessions = sessions
        with sessions() as session:
            self._last = session.scalar(select(func.max(DecisionRow.sequence))) or 0
            self.decisions = _count(session, DecisionRow.sequence <= self._last)
            self._where = list(self._chosen(session, chosen))
            self.comments = _count(session, *self._where)

    def __iter__(self) -> Iterator[Recorded]:
        at = 0
        while True:
            with self.sessions() as session:
                page = list(session.scalars(self._page(at)))
                found = [_recorded(session, row) for row in page]
            if not page:
                return
            at = page[-1].sequence
            yield from found

    def _page(self, after: int) -> Select[DecisionRow]:
        return (
            select(DecisionRow)
            .where(*self._where, DecisionRow.sequence > after)
            .order_by(DecisionRow.sequence)
            .limit(PAGE)
            .options(selectinload(DecisionRow.verdicts))
        )

    def _chosen(self, session: Session, chosen: ReplayFilter) -> Iterator[ColumnElement[bool]]:
        where = [DecisionRow.text.is_not(None), DecisionRow.sequence <= self._last]
        if chosen.since:
            where.append(DecisionRow.decided_at >= chosen.since)
        if chosen.until:
            where.append(DecisionRow.decided_at < chosen.until)
        if chosen.most:
            sequence = DecisionRow.sequence
            latest = select(sequence).where(*where).order_by(sequence.desc()).limit(chosen.most)
            first = session.scalar(select(func.min(latest.subquery().c.sequence)))
            where.append(sequence >= (first or 0))
        yield from where


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(DecisionRow).where(*where)) or 0


def _recorded(session: Session, row: DecisionRow) -> Recorded:
    """The comment with its author's past as far as it is still kept."""
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
