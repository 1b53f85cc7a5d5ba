"""Erase personal data from the record: by comment, by author or by age.

Decisions and their seals (hashes that prove that nothing was changed) stay valid. The spool (a
folder where decisions wait while the database is down) is erased before the database. So if a
worker moves a decision from the spool to the database in the meantime, the decision is erased in
the database. Webhook calls that are still due lose the comment's id and the history. The decisions
of a model on trial ("shadow") about the comment are deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, TextClause, delete, select
from sqlalchemy.orm import Session

from api.record import seal, webhooks
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import HISTORY, KEPT, KEPT_SENSITIVE, DecisionRow, Sealed, ShadowRow

Condition = ColumnElement[bool] | TextClause
CHUNK = 200  # rows per transaction, so that decisions do not wait long


def by_comment(
    sessions: Sessions, spool: Spool, community: str | None, comment_id: str, now: dt.datetime
) -> int:
    """Erase all revisions of a comment: its first text and its edits.

    Returns how many decisions were erased. `community` limits the erasure to one community (the
    site of the comment); None means all.
    """
    identity = {**_within(community), "comment_id": comment_id}
    waiting = _erase_spooled(spool, identity, now)
    return waiting + _erase(sessions, _equal(identity), now, "request")


def by_author(
    sessions: Sessions, spool: Spool, community: str | None, author: str, now: dt.datetime
) -> int:
    """Erase all comments of an author. Return how many decisions were erased.

    `community` limits the erasure to one community (a site with comments); None means all.
    """
    identity = {**_within(community), "author": author}
    waiting = _erase_spooled(spool, identity, now)
    return waiting + _erase(sessions, _equal(identity), now, "request")


def older_than(
    sessions: Sessions, days: int, now: dt.datetime, *, only_sensitive: bool = False
) -> int:
    """Erase decisions that are more than `days` days old. Return how many were erased.

    With `only_sensitive`, erases only decisions in which a sensitive rule such as `self_harm` gave
    a finding.
    """
    kept = KEPT_SENSITIVE if only_sensitive else KEPT
    old = DecisionRow.decided_at < now - dt.timedelta(days=days)
    return _erase(sessions, [kept, old], now, "age")


def _within(community: str | None) -> dict[str, str]:
    return {} if community is None else {"community": community}


def _equal(identity: dict[str, str]) -> list[Condition]:
    return [getattr(DecisionRow, name) == value for name, value in identity.items()]


def _erase_spooled(spool: Spool, identity: dict[str, str], now: dt.datetime) -> int:
    def matches(values: Mapping[str, Any]) -> bool:
        return all(values.get(name) == value for name, value in identity.items())

    return spool.forget(matches, now)


def _erase(sessions: Sessions, conditions: list[Condition], now: dt.datetime, cause: str) -> int:
    count, erased = 0, CHUNK
    while erased == CHUNK:
        with writing(sessions) as session:
            erased = _erase_some(session, conditions, now, cause)
        count += erased
    return count


def _erase_some(session: Session, conditions: list[Condition], now: dt.datetime, cause: str) -> int:
    query = (
        select(DecisionRow)
        .where(*conditions, KEPT)
        .limit(CHUNK)
        .options(*HISTORY)
        .with_for_update()  # wait for verdicts that are being written
    )
    rows = session.scalars(query).all()
    for row in rows:
        parts: list[Sealed] = [row, *row.verdicts, *row.appeals]
        for part in parts:
            _clear(part)
        row.erased_at = now
        row.claimed_by = row.claimed_until = None
        seal.record_erasure(session, row, cause, now)
    ids = {row.id for row in rows}
    session.execute(delete(ShadowRow).where(ShadowRow.decision_id.in_(ids)))
    webhooks.forget(session, ids)
    return len(rows)


def _clear(row: Sealed) -> None:
    """Clear the private columns of a row, and the salt of the hash of those columns.

    Without the salt, the hash reveals nothing. The remaining columns say nothing about a person.
    """
    for name in row.PRIVATE:
        setattr(row, name, None)
    row.salt = None
