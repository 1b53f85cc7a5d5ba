"""Find changes to the record that the hashes of single rows cannot show.

These are the order of verdicts, columns that are derived from verdicts and appeals, and columns
that were emptied without an erasure. Each function yields a sentence for each problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sqlalchemy import and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from api.record.tables import AppealRow, DecisionRow, ErasureRow, Sealed, VerdictRow

OPEN_STEPS = ("received", "acknowledged")
COPY = "copy"


def find(session: Session) -> Iterator[str]:
    """Yield a sentence for each change of the kinds that this module looks for."""
    return chain(
        _reordered(session, VerdictRow),
        _reordered(session, AppealRow),
        _overruled(session),
        _appealed(session),
        _emptied(session),
        _forged(session),
    )


def _reordered(session: Session, table: type[VerdictRow] | type[AppealRow]) -> Iterator[str]:
    """Yield a message for each row that does not follow the row that it followed when recorded.

    Rows from before version 0.1.0 do not name the row before them; their order is that in which
    they were sealed.
    """
    before = (
        func.lag(table.id)
        .over(partition_by=table.decision_id, order_by=table.sequence)
        .label("before")
    )
    rows = select(table.id, table.follows, table.digest, before).subquery()
    moved = select(rows.c.id).where(
        rows.c.digest.is_not(None), rows.c.follows.is_distinct_from(rows.c.before)
    )
    later = aliased(table)
    swapped = (
        select(table.id)
        .join(later, and_(later.decision_id == table.decision_id, later.sequence > table.sequence))
        .where(
            or_(
                later.seal_id < table.seal_id,
                and_(later.seal_id == table.seal_id, later.seal_place < table.seal_place),
                and_(later.seal_id.is_not(None), table.seal_id.is_(None)),
            )
        )
    )
    for id_ in session.scalars(moved.union(swapped).order_by("id")):
        yield f"{table.__tablename__} {id_}: is no longer in the place where it was recorded"


def _overruled(session: Session) -> Iterator[str]:
    """Yield a message for each decision whose present action is not that of its last verdict.

    Seals do not cover the column that stores the present action, so this function compares it.
    """
    query = (
        select(DecisionRow.id)
        .outerjoin(VerdictRow, VerdictRow.sequence == _last(VerdictRow))
        .where(DecisionRow.standing != func.coalesce(VerdictRow.action, DecisionRow.action))
    )
    for id_ in session.scalars(query):
        yield f"decisions {id_}: the outcome is not what was decided last"


def _appealed(session: Session) -> Iterator[str]:
    """Yield a message for each decision that wrongly claims that an appeal is or is not open."""
    is_open = func.coalesce(AppealRow.step.in_(OPEN_STEPS), false())
    query = (
        select(DecisionRow.id)
        .outerjoin(AppealRow, AppealRow.sequence == _last(AppealRow))
        .where(DecisionRow.appealed != is_open)
    )
    for id_ in session.scalars(query):
        yield f"decisions {id_}: whether an appeal is open is not what was recorded last"


def _last(table: type[VerdictRow] | type[AppealRow]) -> Any:
    return (
        select(func.max(table.sequence))
        .where(table.decision_id == DecisionRow.id)
        .correlate(DecisionRow)
        .scalar_subquery()
    )


def _emptied(session: Session) -> Iterator[str]:
    """Yield a message for each row whose private columns were emptied without an erasure."""
    tables: tuple[tuple[type[Sealed], Any, Any], ...] = (
        (
            DecisionRow,
            DecisionRow.id,
            or_(DecisionRow.salt.is_(None), DecisionRow.erased_at.is_not(None)),
        ),
        (VerdictRow, VerdictRow.decision_id, VerdictRow.salt.is_(None)),
        (AppealRow, AppealRow.decision_id, AppealRow.salt.is_(None)),
    )
    for table, decision_id, empty in tables:
        erasure = select(ErasureRow.id).where(
            ErasureRow.decision_id == decision_id, ErasureRow.cause != COPY
        )
        for id_ in session.scalars(select(table.id).where(empty, ~erasure.exists())):
            yield f"{table.__tablename__} {id_}: was emptied, but no erasure is recorded"


def _forged(session: Session) -> Iterator[str]:
    """Yield a message for each erasure without a digest that the upgrade cannot have recorded.

    The upgrade recorded what had been erased before (the cause 'earlier'), and knew no digests.
    """
    later = exists().where(
        DecisionRow.id == ErasureRow.decision_id, DecisionRow.digest.is_not(None)
    )
    query = select(ErasureRow.id).where(
        ErasureRow.digest.is_(None), or_(ErasureRow.cause != "earlier", later)
    )
    for id_ in session.scalars(query):
        yield f"erasures {id_}: was not recorded by this program"
