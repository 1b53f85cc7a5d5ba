"""Seal the record: compute hashes over its rows, so that any later change shows.

Each row has a hash. It covers the row's lasting columns, and a salted digest of the row's private
columns. Private columns hold personal data, which can be erased; the digest stays. A seal is a hash
over the previous seal and over all rows recorded since that seal, in a fixed order that the column
`seal_place` stores. The command `moderation record seal` prints the seal's hash. Keep the hash
elsewhere (email it to yourself): someone who can rewrite the whole database can rewrite the seals
too, but not your copy.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.record.database import Sessions, lock, writing
from api.record.tables import UNSEALED, AppealRow, DecisionRow, Seal, Sealed, VerdictRow

TABLES: tuple[type[Sealed], ...] = (DecisionRow, VerdictRow, AppealRow)
START = "0" * 64
GRACE = dt.timedelta(minutes=5)  # a transaction that began before a seal may end after it


def stamp(row: Sealed) -> None:
    """Compute the digest of a new row's private columns (personal data), with a random salt.

    Stores the digest and the salt in the row. After this, the row must not change.
    """
    row.salt = secrets.token_hex(16)
    row.private_digest = _private(row)


def last(session: Session) -> str | None:
    """Return the hash of the last seal; None if there is no seal yet."""
    return session.scalar(select(Seal.hash).order_by(Seal.id.desc()).limit(1))


def recorded_at(session: Session, now: dt.datetime) -> dt.datetime:
    """Return the time at which to record a new row: `now`, or the time of the last seal if later.

    The last seal is later if the clock was set back in the meantime.
    """
    sealed_at = session.scalar(select(Seal.sealed_at).order_by(Seal.id.desc()).limit(1))
    return max(now, sealed_at) if sealed_at else now


def seal(sessions: Sessions, now: dt.datetime, most: int = 1000) -> Seal | None:
    """Seal at most `most` rows that are not sealed yet, and return the new seal.

    Returns None if all rows are sealed. A large record takes several calls, so that decisions can
    be recorded between them. Concurrent calls wait for each other.
    """
    with writing(sessions) as session:
        lock(session)
        previous = session.scalars(select(Seal).order_by(Seal.id.desc()).limit(1)).first()
        hash_ = previous.hash if previous else START
        rows = _oldest_unsealed(session, most)
        if not rows:
            return None
        new = Seal(previous=hash_, hash="", rows=len(rows), sealed_at=recorded_at(session, now))
        session.add(new)
        session.flush()
        for place, row in enumerate(rows):
            hash_ = _link(hash_, row)
            row.seal_id, row.seal_place = new.id, place
        new.hash = hash_
        session.flush()
        session.expunge(new)  # its values stay readable after the session
        return new


def _oldest_unsealed(session: Session, most: int) -> list[Sealed]:
    """Return at most `most` rows that are not sealed yet, in the order in which they are sealed."""
    rows: list[Sealed] = []
    for table in TABLES:
        query = select(table).where(UNSEALED).order_by(table.sequence).limit(most - len(rows))
        rows += session.scalars(query)
    return rows


def _unsealed(session: Session) -> Iterator[Sealed]:
    for table in TABLES:
        query = select(table).where(UNSEALED).order_by(table.sequence)
        yield from session.scalars(query.execution_options(yield_per=1000))


@dataclass(frozen=True)
class Verified:
    """The result of `verify`: counts, the last seal's hash, and a sentence for each problem.

    The counts are of seals, of rows that they cover, and of rows that are not sealed yet.
    """

    seals: int
    rows: int
    unsealed: int
    hash: str
    problems: tuple[str, ...]


def verify(session: Session) -> Verified:
    """Compute every seal again, and report all rows that were changed, deleted or inserted."""
    problems: list[str] = []
    hash_, count, last = START, 0, None
    seals = session.scalars(select(Seal).order_by(Seal.id)).all()
    for last in seals:
        if last.previous != hash_:
            problems.append(f"seal {last.id} does not follow the seal before it")
        computed, rows = last.previous, 0
        for row in _sealed_rows(session, last.id):
            problems.extend(_changed(row))
            computed = _link(computed, row)
            rows += 1
        if rows != last.rows:
            covered = "1 row" if last.rows == 1 else f"{last.rows} rows"
            problems.append(f"seal {last.id} covers {covered}, but {rows} are there")
        if computed != last.hash:
            problems.append(f"the rows under seal {last.id} are not those that were sealed")
        hash_, count = last.hash, count + rows
    unsealed = 0
    for row in _unsealed(session):
        unsealed += 1
        problems.extend(_changed(row))
        if last is not None and row.recorded_at < last.sealed_at - GRACE:
            problems.append(f"{_name(row)} claims to be older than seal {last.id}, which lacks it")
    problems.extend(_overruled(session))
    return Verified(len(seals), count, unsealed, hash_, tuple(problems))


def _sealed_rows(session: Session, seal_id: int) -> Iterator[Sealed]:
    for table in TABLES:
        query = select(table).where(table.seal_id == seal_id).order_by(table.seal_place)
        yield from session.scalars(query.execution_options(yield_per=1000))


def _changed(row: Sealed) -> Iterator[str]:
    if row.salt is None:
        if any(getattr(row, name) is not None for name in row.PRIVATE):
            yield f"{_name(row)}: a text or a reference was added after it was erased"
    elif _private(row) != row.private_digest:
        yield f"{_name(row)}: the text or a reference was changed"


def _overruled(session: Session) -> Iterator[str]:
    """Yield a message for each decision whose present action is not that of its last verdict.

    Seals do not cover the column that stores the present action, so this function compares it.
    """
    last = (
        select(func.max(VerdictRow.sequence))
        .where(VerdictRow.decision_id == DecisionRow.id)
        .correlate(DecisionRow)
        .scalar_subquery()
    )
    query = (
        select(DecisionRow.id)
        .outerjoin(VerdictRow, VerdictRow.sequence == last)
        .where(DecisionRow.standing != func.coalesce(VerdictRow.action, DecisionRow.action))
    )
    for id_ in session.scalars(query):
        yield f"decisions {id_}: the outcome is not what was decided last"


def _link(previous: str, row: Sealed) -> str:
    content = _canonical([row.__tablename__, _values(row, row.LASTING)])
    return hashlib.sha256(previous.encode() + content).hexdigest()


def _private(row: Sealed) -> str:
    return hashlib.sha256(_canonical([row.salt, _values(row, row.PRIVATE)])).hexdigest()


def _values(row: Sealed, names: list[str]) -> dict[str, Any]:
    """Return the values of these columns, without empty ones that later versions added."""
    values = {name: getattr(row, name) for name in names}
    return {
        name: value for name, value in values.items() if not (value is None and name in row.ADDED)
    }


def _name(row: Sealed) -> str:
    return f"{row.__tablename__} {row.id}"


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} does not belong in the record")
