"""`verify` finds every change, deletion and insertion. Erasing leaves the seals valid."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from api.record import decisions, erase, seal, verdicts
from api.record.database import Sessions, writing
from api.record.spool import Spool
from moderation import Action
from tests.api.record.conftest import NOW, Keep

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def sealed(sessions: Sessions, keep: Keep) -> Sessions:
    """Three decisions and a verdict under two seals."""
    ids = [keep(f"Text {n}", id=f"c{n}", author="ravi") for n in range(2)]
    with writing(sessions) as session:
        verdicts.give(
            session, ids[0], action=Action.REJECT, who="asha", reason="why", route="v1", now=NOW
        )
    _seal(sessions)
    keep("Text 2", id="c2", author="mohan")
    _seal(sessions)
    return sessions


def _seal(sessions: Sessions) -> None:
    assert seal.seal(sessions, NOW)


def _problems(sessions: Sessions) -> str:
    with sessions() as session:
        return "\n".join(seal.verify(session).problems)


def test_an_untouched_record_verifies(sealed: Sessions) -> None:
    """All rows are counted and there are no problems."""
    with sealed() as session:
        result = seal.verify(session)
    assert (result.seals, result.rows, result.unsealed, result.problems) == (2, 4, 0, ())


def test_nothing_new_needs_no_seal(sealed: Sessions) -> None:
    """A seal over nothing would only lengthen the chain."""
    assert seal.seal(sealed, LATER) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE decisions SET action = 'approve' WHERE sequence = 1", "under seal 1"),
        ("UPDATE decisions SET text = 'Other' WHERE sequence = 1", "text or a reference"),
        ("UPDATE decisions SET salt = NULL WHERE sequence = 1", "added after it was erased"),
        ("UPDATE decisions SET standing = 'approve' WHERE sequence = 1", "not what was decided"),
        ("UPDATE verdicts SET reason = 'other'", "text or a reference"),
        ("DELETE FROM verdicts", "covers 3 rows, but 2 are there"),
        ("DELETE FROM decisions WHERE sequence = 3", "covers 1 row, but 0 are there"),
        ("UPDATE decisions SET seal_id = NULL WHERE sequence = 3", "covers 1 row,"),
        ("UPDATE seals SET hash = '00' WHERE id = 1", "seal 2 does not follow"),
    ],
)
def test_every_later_change_is_found(sealed: Sessions, change: str, problem: str) -> None:
    """Changed, deleted and unsealed rows are reported."""
    with writing(sealed) as session:
        session.execute(sa.text(change))
    assert problem in _problems(sealed)


def test_an_inserted_row_is_found(sealed: Sessions, keep: Keep) -> None:
    """A row that claims to be older than a seal without it was inserted later."""
    id_ = keep("Slipped in")
    with writing(sealed) as session:
        decisions.get(session, id_).recorded_at = NOW - dt.timedelta(days=1)
    assert "claims to be older than seal 2" in _problems(sealed)


def test_erasure_leaves_the_seals_valid(sealed: Sessions, spool: Spool) -> None:
    """Text and references are gone, and the record still verifies."""
    assert erase.by_author(sealed, spool, "", "ravi", LATER) == 2
    with sealed() as session:
        row = session.execute(
            sa.text("SELECT text, author, comment_id, wording, salt FROM decisions ORDER BY 1")
        ).all()
        who = session.execute(sa.text("SELECT who, reason FROM verdicts")).all()
    assert [value for line in row for value in line].count(None) >= 10
    assert who == [(None, None)]
    assert _problems(sealed) == ""


def test_erasure_by_comment_and_by_age(sealed: Sessions, spool: Spool, keep: Keep) -> None:
    """Retention erases old decisions only."""
    keep("A new one", id="c9", at=NOW + dt.timedelta(days=40))
    assert erase.by_comment(sealed, spool, "", "c0", LATER) == 1
    assert erase.older_than(sealed, 30, NOW + dt.timedelta(days=41)) == 2
    with sealed() as session:
        ids = session.execute(sa.text("SELECT comment_id FROM decisions WHERE text IS NOT NULL"))
        assert ids.scalars().all() == ["c9"]
    assert _problems(sealed) == ""
