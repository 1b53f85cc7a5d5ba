"""Forget people: by comment, by author, or after so many days. The seals stay whole."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.record.tables import DecisionRow, Sealed


def by_comment(session: Session, community: str, comment_id: str, now: dt.datetime) -> int:
    """Erase all revisions of a comment; how many rows that were."""
    return _erase(
        session,
        [DecisionRow.community == community, DecisionRow.comment_id == comment_id],
        now,
    )


def by_author(session: Session, community: str, author: str, now: dt.datetime) -> int:
    """Erase all comments of an author; how many rows that were."""
    return _erase(session, [DecisionRow.community == community, DecisionRow.author == author], now)


def older_than(session: Session, days: int, now: dt.datetime) -> int:
    """Erase what was decided more than `days` days ago; how many rows that were."""
    return _erase(session, [DecisionRow.decided_at < now - dt.timedelta(days=days)], now)


def _erase(session: Session, conditions: list[ColumnElement[bool]], now: dt.datetime) -> int:
    query = select(DecisionRow).where(*conditions, DecisionRow.erased_at.is_(None))
    count = 0
    for row in session.scalars(query).all():
        parts: list[Sealed] = [row, *row.verdicts, *row.appeals]
        for part in parts:
            _forget(part)
        row.erased_at = now
        row.claimed_by = row.claimed_until = None
        count += 1
    session.flush()
    return count


def _forget(row: Sealed) -> None:
    """Empty the private columns and the salt: what is left says nothing about a person."""
    for name in row.PRIVATE:
        setattr(row, name, None)
    row.salt = None
