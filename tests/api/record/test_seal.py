"""`verify` finds every change, deletion and insertion. Erasing leaves the seals valid."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from api.record import decisions, erase, seal, verdicts
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import Seal
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


def _seal(sessions: Sessions, now: dt.datetime = NOW) -> None:
    assert seal.seal(sessions, now)


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


@pytest.fixture
def unsealed(sealed: Sessions, keep: Keep) -> Sessions:
    """The same, with two verdicts and an appeal after the seals."""
    id_ = keep("Text 3", id="c3", author="mohan")
    with writing(sealed) as session:
        for action, who in ((Action.REJECT, "asha"), (Action.APPROVE, "mohan")):
            verdicts.give(session, id_, action=action, who=who, reason="why", route="v1", now=LATER)
        hours = dt.timedelta(hours=24)
        verdicts.appeal(
            session,
            id_,
            who="mohan",
            reason="?",
            acknowledge_within=hours,
            decide_within=hours,
            now=LATER,
        )
    assert _problems(sealed) == ""
    return sealed


SWAP = [  # in two steps, because the numbers are unique
    "UPDATE verdicts SET sequence = -sequence WHERE decision_id = (SELECT id FROM decisions"
    " WHERE sequence = 4)",
    "UPDATE verdicts SET sequence = 5 + sequence WHERE sequence < 0",
]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            ["UPDATE decisions SET action = 'approve' WHERE sequence = 4"],
            "decisions .*: was changed",
            id="a decision",
        ),
        pytest.param(
            ["UPDATE decisions SET policy = 'other' WHERE sequence = 4"],
            "decisions .*: was changed",
            id="the policy of a decision",
        ),
        pytest.param(
            ["UPDATE verdicts SET action = 'review' WHERE sequence = 2"],
            "verdicts .*: was changed",
            id="a verdict that was overruled",
        ),
        pytest.param(
            [
                "UPDATE verdicts SET action = 'reject' WHERE sequence = 3",
                "UPDATE decisions SET standing = 'reject' WHERE sequence = 4",
            ],
            "verdicts .*: was changed",
            id="the last verdict and the outcome",
        ),
        pytest.param(
            [*SWAP, "UPDATE decisions SET standing = 'reject' WHERE sequence = 4"],
            "no longer in the place",
            id="the order of verdicts and the outcome",
        ),
        pytest.param(
            ["UPDATE decisions SET standing = 'reject' WHERE sequence = 4"],
            "not what was decided last",
            id="the outcome",
        ),
        pytest.param(
            ["UPDATE decisions SET appealed = NOT appealed WHERE sequence = 4"],
            "whether an appeal is open",
            id="the open appeal",
        ),
        pytest.param(
            ["UPDATE decisions SET appealed = NOT appealed WHERE sequence = 1"],
            "whether an appeal is open",
            id="an appeal that does not exist, of a sealed decision",
        ),
        pytest.param(
            ["UPDATE appeals SET step = 'upheld'"], "appeals .*: was changed", id="an appeal"
        ),
        pytest.param(
            ["DELETE FROM verdicts WHERE sequence = 2"],
            "no longer in the place",
            id="a verdict before another",
        ),
        pytest.param(
            ["UPDATE decisions SET digest = NULL, action = 'approve' WHERE sequence = 4"],
            "its digest was removed",
            id="the digest of a changed row",
        ),
        pytest.param(
            [
                "UPDATE decisions SET text = NULL, author = NULL, article = NULL, parent = NULL,"
                " comment_id = NULL, text_key = NULL, wording = NULL, salt = NULL,"
                " erased_at = recorded_at WHERE sequence = 1"
            ],
            "decisions .*: was emptied, but no erasure",
            id="a faked erasure of a sealed decision",
        ),
        pytest.param(
            ["UPDATE verdicts SET who = NULL, reason = NULL, salt = NULL WHERE sequence = 1"],
            "verdicts .*: was emptied, but no erasure",
            id="a faked erasure of a verdict",
        ),
        pytest.param(
            ["UPDATE decisions SET text = NULL WHERE sequence = 1"],
            "text or a reference was changed",
            id="a text that was emptied",
        ),
    ],
)
def test_changes_before_the_seal_are_found(
    unsealed: Sessions, changes: list[str], problem: str
) -> None:
    """Rows that are not sealed yet, derived columns, the order, and erasures are checked too."""
    with writing(unsealed) as session:
        for change in changes:
            session.execute(sa.text(change))
    assert re.search(problem, _problems(unsealed))
    _seal(unsealed, LATER)
    assert re.search(problem, _problems(unsealed))  # a seal hides nothing


def test_verdicts_in_another_order_under_two_seals(unsealed: Sessions) -> None:
    """Sealed rows of older versions do not name the row before them; the seals tell the order."""
    _seal(unsealed, LATER)
    with writing(unsealed) as session:
        session.execute(sa.text("UPDATE verdicts SET digest = NULL, follows = NULL"))
        session.execute(sa.text("UPDATE appeals SET digest = NULL"))
        for change in SWAP:
            session.execute(sa.text(change))
    assert "no longer in the place" in _problems(unsealed)


@pytest.mark.parametrize("digest", ["forged", None])
@pytest.mark.parametrize("cause", ["request", "earlier"])
def test_an_erasure_that_was_recorded_by_hand(
    sealed: Sessions, cause: str, digest: str | None
) -> None:
    """It does not cover up a faked erasure: it has no digest, or a wrong one."""
    with writing(sealed) as session:
        session.execute(
            sa.text(
                "UPDATE decisions SET text = NULL, author = NULL, article = NULL, parent = NULL,"
                " comment_id = NULL, text_key = NULL, wording = NULL, salt = NULL,"
                " erased_at = recorded_at WHERE sequence = 3"
            )
        )
        session.execute(
            sa.text(
                "INSERT INTO erasures (id, decision_id, cause, erased_at, recorded_at,"
                " private_digest, digest) SELECT id, id, CAST(:cause AS varchar), recorded_at,"
                " recorded_at, '', CAST(:digest AS varchar) FROM decisions WHERE sequence = 3"
            ),
            {"cause": cause, "digest": digest},
        )
    assert "erasures" in _problems(sealed)


def test_every_seal_has_a_hash_to_expect(sealed: Sessions) -> None:
    """The hashes of earlier seals stay in the chain. Erasures are counted."""
    with sealed() as session:
        seals = [row.hash for row in session.scalars(sa.select(Seal).order_by(Seal.id))]
        result = seal.verify(session)
    assert result.hashes == {seals[0]: 1, seals[1]: 2}
    assert result.hash == seals[1]


def test_an_inserted_row_is_found(sealed: Sessions, keep: Keep) -> None:
    """A row that claims to be older than a seal without it was inserted later."""
    id_ = keep("Slipped in")
    with writing(sealed) as session:
        decisions.get(session, id_).recorded_at = NOW - dt.timedelta(days=1)
    assert "claims to be older than seal 2" in _problems(sealed)


def test_erasure_leaves_the_seals_valid(sealed: Sessions, spool: Spool) -> None:
    """Text and references are gone, and the record still verifies."""
    assert erase.by_author(sealed, spool, "", "ravi", LATER).erased == 2
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
    assert erase.by_comment(sealed, spool, "", "c0", LATER).erased == 1
    assert erase.older_than(sealed, 30, NOW + dt.timedelta(days=41)) == 2
    with sealed() as session:
        ids = session.execute(sa.text("SELECT comment_id FROM decisions WHERE text IS NOT NULL"))
        assert ids.scalars().all() == ["c9"]
    assert _problems(sealed) == ""
