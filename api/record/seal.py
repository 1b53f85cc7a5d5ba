"""Seal the record: compute hashes over its rows, so that any later change shows.

Each row has a digest: a hash of the row's lasting columns and of a salted digest of the row's
private columns. Private columns hold personal data, which can be erased; the digest stays. An
erasure is a row too, so that columns are not emptied unnoticed. A seal is a hash
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
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Float, func, select
from sqlalchemy.orm import Session

from api.record import tampering
from api.record.database import Sessions, lock, step
from api.record.tables import (
    UNSEALED,
    AppealRow,
    DecisionRow,
    ErasureRow,
    Seal,
    Sealed,
    VerdictRow,
)

TABLES: tuple[type[Sealed], ...] = (DecisionRow, VerdictRow, AppealRow, ErasureRow)
START = "0" * 64
MOST = 50  # rows under one seal, so that decisions do not wait long for its transaction
GRACE = dt.timedelta(minutes=5)  # a transaction that began before a seal may end after it


def stamp(row: Sealed) -> None:
    """Compute the digests of a new row, and store them in it. After this, the row must not change.

    The digest of its private columns (personal data) has a random salt, which erasure removes.
    """
    row.salt = secrets.token_hex(16)
    row.private_digest = _private(row)
    row.digest = _digest(row)


def record_erasure(
    session: Session,
    decision: DecisionRow,
    cause: str,
    now: dt.datetime,
    recorded_at: dt.datetime,
) -> None:
    """Record that a decision's private columns were erased, and why.

    For the cause 'copy', only the column `parent` was. The row holds a digest of the others.
    `recorded_at` is what the function of this name returns.
    """
    row = ErasureRow(
        id=uuid.uuid4().hex,
        decision_id=decision.id,
        cause=cause,
        erased_at=now,
        recorded_at=recorded_at,
        remaining=_private(decision) if cause == tampering.COPY else None,
    )
    stamp(row)
    session.add(row)


def last(session: Session) -> str | None:
    """Return the hash of the last seal; None if there is no seal yet."""
    return session.scalar(select(Seal.hash).order_by(Seal.id.desc()).limit(1))


def recorded_at(session: Session, now: dt.datetime) -> dt.datetime:
    """Return the time at which to record a new row: `now`, or the time of the last seal if later.

    The last seal is later if the clock was set back in the meantime.
    """
    sealed_at = session.scalar(select(Seal.sealed_at).order_by(Seal.id.desc()).limit(1))
    return max(now, sealed_at) if sealed_at else now


def seal(sessions: Sessions, now: dt.datetime, most: int = MOST) -> Seal | None:
    """Seal at most `most` rows that are not sealed yet, and return the new seal.

    Returns None if all rows are sealed. A large record takes several calls, so that decisions can
    be recorded between them. Concurrent calls wait for each other.
    """
    with step(sessions) as session:
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

    The counts are of seals, of rows that they cover, and of rows that are not sealed yet. `hashes`
    has the number of each seal by its hash, and `erasures` the number of erasures by their cause.
    """

    seals: int
    rows: int
    unsealed: int
    hash: str
    problems: tuple[str, ...]
    hashes: dict[str, int]
    erasures: dict[str, int]


def verify(session: Session) -> Verified:
    """Compute every seal again, and report all rows that were changed, deleted or inserted.

    Rows that are not sealed yet are compared with the digests that they got when recorded.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        # One view of all tables while others write, as in SQLite.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    problems: list[str] = []
    changed = _Changed(session)
    hash_, count, last = START, 0, None
    seals = session.scalars(select(Seal).order_by(Seal.id)).all()
    for last in seals:
        if last.previous != hash_:
            problems.append(f"seal {last.id} does not follow the seal before it")
        computed, rows = last.previous, 0
        for row in _sealed_rows(session, last.id):
            problems.extend(changed(row))
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
        problems.extend(changed(row))
        if last is not None and row.recorded_at < last.sealed_at - GRACE:
            problems.append(f"{_name(row)} claims to be older than seal {last.id}, which lacks it")
    problems.extend(tampering.find(session))
    hashes = {seal.hash: seal.id for seal in seals}
    causes = select(ErasureRow.cause, func.count()).group_by(ErasureRow.cause)
    erasures = {row[0]: row[1] for row in session.execute(causes.order_by(ErasureRow.cause))}
    return Verified(len(seals), count, unsealed, hash_, tuple(problems), hashes, erasures)


def _sealed_rows(session: Session, seal_id: int) -> Iterator[Sealed]:
    for table in TABLES:
        query = select(table).where(table.seal_id == seal_id).order_by(table.seal_place)
        yield from session.scalars(query.execution_options(yield_per=1000))


class _Changed:
    """Yields a message for each change that a row's own digests show."""

    def __init__(self, session: Session) -> None:
        # Rows from before version 0.1.0 have no digest. All later rows do.
        self._first = {
            table: session.scalar(select(func.min(table.sequence)).where(table.digest.is_not(None)))
            for table in TABLES
        }
        copies = select(ErasureRow.decision_id, ErasureRow.remaining)
        copies = copies.where(ErasureRow.cause == tampering.COPY).order_by(ErasureRow.sequence)
        self._remaining = {row[0]: row[1] for row in session.execute(copies)}

    def __call__(self, row: Sealed) -> Iterator[str]:
        first = self._first[type(row)]
        if row.digest is None:
            if first is not None and row.sequence > first:
                yield f"{_name(row)}: its digest was removed"
        elif _digest(row) != row.digest:
            yield f"{_name(row)}: was changed"
        if row.salt is None:
            if any(getattr(row, name) is not None for name in row.PRIVATE):
                yield f"{_name(row)}: a text or a reference was added after it was erased"
        elif _private(row) != (self._remaining.get(row.id) or row.private_digest):
            yield f"{_name(row)}: the text or a reference was changed"


def _link(previous: str, row: Sealed) -> str:
    content = _canonical([row.__tablename__, _values(row, row.LASTING)])
    return hashlib.sha256(previous.encode() + content).hexdigest()


def _digest(row: Sealed) -> str:
    return _link("", row)


def _private(row: Sealed) -> str:
    return hashlib.sha256(_canonical([row.salt, _values(row, row.PRIVATE)])).hexdigest()


def _values(row: Sealed, names: list[str]) -> dict[str, Any]:
    """Return the values of these columns, without empty ones that later versions added."""
    columns = type(row).__table__.c
    values = {
        # The database returns whole numbers of such a column as floats too.
        name: float(value)
        if isinstance(columns[name].type, Float) and isinstance(value, int)
        else value
        for name in names
        for value in [getattr(row, name)]
    }
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
