"""Erase personal data from the record: by comment, by author or by age.

Decisions and their seals (hashes that prove that nothing was changed) stay valid. The spool (a
folder where decisions wait while the database is down) is erased before the database. So if a
worker moves a decision from the spool to the database in the meantime, the decision is erased in
the database. Copies go too: replies lose the text of the comment that they answer, and webhook
calls that are still due lose the comment's id and the history. The decisions of a model on trial
("shadow") about the comment are deleted. A legal hold delays the erasure (`holds.py`).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, delete, select
from sqlalchemy.orm import Session

from api.record import database, holds, seal, webhooks
from api.record.database import Sessions, step, writing
from api.record.decisions import copy_key
from api.record.holds import IN_USE, Condition
from api.record.spool import Spool
from api.record.tables import (
    HISTORY,
    KEPT,
    KEPT_SENSITIVE,
    AppealRow,
    DecisionRow,
    Sealed,
    ShadowRow,
    VerdictRow,
)

log = logging.getLogger(__name__)

AHEAD = dt.timedelta(days=1)
CHUNK = 20  # decisions per transaction: about ten milliseconds, in which no other is recorded


class Erased(NamedTuple):
    """How many decisions were erased, how many a legal hold keeps, and until when the last one."""

    erased: int
    held: int
    held_until: dt.datetime | None


def by_comment(
    sessions: Sessions,
    spool: Spool,
    community: str | None,
    comment_id: str,
    now: dt.datetime,
    keep_removed_days: int = 0,
) -> Erased:
    """Erase all revisions of a comment: its first text and its edits.

    `community` limits the erasure to one community (the site of the comment); None means all.
    Rejected comments are held for `keep_removed_days` days, and erased then.
    """
    identity = {**_within(community), "comment_id": comment_id}
    return _by_identity(sessions, spool, identity, now, keep_removed_days)


def by_author(
    sessions: Sessions,
    spool: Spool,
    community: str | None,
    author: str,
    now: dt.datetime,
    keep_removed_days: int = 0,
) -> Erased:
    """Erase all comments of an author.

    `community` limits the erasure to one community (a site with comments); None means all.
    Rejected comments are held for `keep_removed_days` days, and erased then.
    """
    identity = {**_within(community), "author": author}
    return _by_identity(sessions, spool, identity, now, keep_removed_days)


def older_than(
    sessions: Sessions,
    days: int,
    now: dt.datetime,
    *,
    only_sensitive: bool = False,
    keep_removed_days: int = 0,
    between: Callable[[], object] = lambda: None,
) -> int:
    """Erase decisions that are more than `days` days old. Return how many were erased.

    With `only_sensitive`, erases only decisions in which a sensitive rule such as `self_harm` gave
    a finding. Otherwise also erases verdicts and appeals of that age that came after the erasure of
    their decision. What a legal hold keeps is hidden from now on, and erased when it ends. Calls
    `between` after each transaction, because a large record takes minutes.
    """
    kept = KEPT_SENSITIVE if only_sensitive else KEPT
    before = now - dt.timedelta(days=days)
    old = DecisionRow.decided_at < before
    last = select(DecisionRow.sequence).where(old).order_by(DecisionRow.decided_at.desc()).limit(1)
    # Decisions from while the clock was ahead are as old as those that were recorded around them.
    ahead = and_(
        DecisionRow.decided_at > now + AHEAD, DecisionRow.sequence < last.scalar_subquery()
    )
    count = sum(
        _erase(sessions, [kept, which, IN_USE], now, "age", keep_removed_days, set(), between)
        for which in (old, ahead)
    )
    late = 0 if only_sensitive else _erase_late(sessions, before)
    if count or late:
        _empty_log(sessions)
    return count


def due(sessions: Sessions, now: dt.datetime) -> int:
    """Erase the decisions whose legal hold has ended. Return how many were erased."""
    count = _erase(sessions, [DecisionRow.erase_due_at <= now], now, "hold", 0, set())
    if count:
        _empty_log(sessions)
    return count


def which(community: str | None, *, comment_id: str | None, author: str | None) -> list[Condition]:
    """Return the SQL conditions for the decisions about a comment or an author."""
    identity = {"comment_id": comment_id, "author": author}
    named = {name: value for name, value in identity.items() if value is not None}
    return _equal({**_within(community), **named})


def _within(community: str | None) -> dict[str, str]:
    return {} if community is None else {"community": community}


def _equal(identity: Mapping[str, str]) -> list[Condition]:
    return [getattr(DecisionRow, name) == value for name, value in identity.items()]


def _by_identity(
    sessions: Sessions,
    spool: Spool,
    identity: dict[str, str],
    now: dt.datetime,
    keep_removed_days: int,
) -> Erased:
    def matches(values: Mapping[str, Any]) -> bool:
        return all(values.get(name) == value for name, value in identity.items())

    waiting = spool.forget(
        matches, now, lambda values: holds.waiting_ends_at(values, keep_removed_days)
    )
    copies = {copy_key(values["text"]) for values, _ in waiting if values.get("text")}
    with writing(sessions) as session:
        _erase_copies(session, copies, now)
    conditions = _equal(identity)
    erased = _erase(sessions, [*conditions, IN_USE], now, "request", keep_removed_days, copies)
    spool.forget_copies(copies)
    _empty_log(sessions)
    with sessions() as session:
        held, until = holds.last_end(session, conditions)
    ends = [end for _, end in waiting if end is not None]
    last = max([*ends, *([until] if until else [])], default=None)
    return Erased(erased + len(waiting) - len(ends), held + len(ends), last)


def _erase(
    sessions: Sessions,
    conditions: list[Condition],
    now: dt.datetime,
    cause: str,
    keep_removed_days: int,
    copies: set[str],
    between: Callable[[], object] = lambda: None,
) -> int:
    """Erase or hold the decisions for which the conditions are true. Return how many were erased.

    Adds the keys of their texts, by which copies are found, to `copies`.
    """
    count, done = 0, CHUNK
    while done == CHUNK:
        with step(sessions) as session:
            query = (
                select(DecisionRow)
                .where(*conditions, KEPT)
                .limit(CHUNK)
                .options(*HISTORY)
                .with_for_update()  # wait for verdicts that are being written
            )
            rows = session.scalars(query).all()
            keys = {copy_key(row.text) for row in rows if row.text}
            at = seal.recorded_at(session, now)
            erased = [_erase_row(session, row, now, at, cause, keep_removed_days) for row in rows]
            _erase_copies(session, keys, now)
            ids = {row.id for row in rows}
            session.execute(delete(ShadowRow).where(ShadowRow.decision_id.in_(ids)))
            webhooks.forget(session, ids)
        copies |= keys
        done, count = len(rows), count + sum(erased)
        between()
    return count


def _erase_late(sessions: Sessions, before: dt.datetime) -> int:
    """Erase who said what about a decision after its erasure. Return how many rows were erased."""
    count = 0
    for table in (VerdictRow, AppealRow):
        query = (
            select(table.sequence)
            .join(DecisionRow, DecisionRow.id == table.decision_id)
            .where(DecisionRow.erased_at.is_not(None), table.salt.is_not(None))
            .where(table.recorded_at < before)
            .limit(CHUNK)
        )
        while sequences := _read(sessions, query):
            with step(sessions) as session:
                chosen = select(table).where(table.sequence.in_(sequences)).with_for_update()
                for row in session.scalars(chosen):
                    _clear(row)
            count += len(sequences)
    return count


def _read(sessions: Sessions, query: Select[int]) -> list[int]:
    with sessions() as session:  # usually there is none; a read blocks no writer
        return list(session.scalars(query))


def _erase_row(
    session: Session,
    row: DecisionRow,
    now: dt.datetime,
    recorded_at: dt.datetime,
    cause: str,
    keep_removed_days: int,
) -> bool:
    """Erase a decision, or note when to erase it if it is held. Return whether it was erased."""
    row.claimed_by = row.claimed_until = None
    end = holds.ends_at(row, keep_removed_days)
    if end is not None and end > now:
        row.erase_due_at = end
        return False
    parts: list[Sealed] = [row, *row.verdicts, *row.appeals]
    for part in parts:
        _clear(part)
    row.parent_key = None
    row.erased_at = now
    seal.record_erasure(session, row, cause, now, recorded_at)
    return True


def _erase_copies(session: Session, keys: set[str], now: dt.datetime) -> None:
    """Empty the column `parent` of the replies to texts with these keys (`copy_key`)."""
    query = select(DecisionRow).where(DecisionRow.parent_key.in_(keys), KEPT)
    rows = session.scalars(query.with_for_update()).all() if keys else []
    recorded_at = seal.recorded_at(session, now) if rows else now
    for row in rows:
        row.parent = row.parent_key = None
        seal.record_erasure(session, row, "copy", now, recorded_at)


def _empty_log(sessions: Sessions) -> None:
    """Remove what was erased from SQLite's write-ahead log too."""
    if not database.empty_log(sessions.kw["bind"]):
        log.warning("erased texts stay in the write-ahead log; it is emptied within the hour")


def _clear(row: Sealed) -> None:
    """Clear the private columns of a row, and the salt of the hash of those columns.

    Without the salt, the hash reveals nothing. The remaining columns say nothing about a person.
    """
    for name in row.PRIVATE:
        setattr(row, name, None)
    row.salt = None
