"""Waiting decisions are recorded exactly once. Notices explain decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.record import dsa, verdicts
from api.record import history as past
from api.record.database import Sessions, writing
from api.record.decisions import fields, get, keep
from api.record.notice import notice
from api.record.spool import Spool
from api.record.tables import DecisionRow
from moderation import Action, Comment, Moderator
from moderation.comment import Past
from tests.api.record.conftest import NOW, Keep


def _values(moderator: Moderator, text: str, **context: str) -> dict[str, object]:
    comment = Comment(text, **context)  # type: ignore[arg-type]  # id, author
    return fields(
        moderator.moderate(comment),
        comment,
        moderator.policy,
        community="",
        route="v1",
        store=True,
        now=NOW,
    )


def _count(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(DecisionRow)) or 0


def test_the_spool_is_written_exactly_once(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """This holds after a crash between writing the record and removing the file."""
    spool = Spool(tmp_path / "spool")
    rows = [_values(moderator, f"Short {n}", id=f"c{n}") for n in range(3)]
    for row in rows:
        spool.put(row)
    keep(sessions, rows[:1], NOW)  # the crash: recorded, but still in the spool
    assert len(spool) == 3
    assert spool.drain(sessions, NOW) == 3
    assert (len(spool), _count(sessions)) == (0, 3)


def test_a_full_disk_is_an_error_and_leaves_nothing_half_written(
    moderator: Moderator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets the error, and no broken file stays."""
    spool = Spool(tmp_path / "spool")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        spool.put(_values(moderator, "Too short"))
    assert [path for path in spool.folder.iterdir() if path.name != ".lock"] == []


def test_one_worker_drains_at_a_time(
    sessions: Sessions, moderator: Moderator, tmp_path: Path
) -> None:
    """A second worker finds the folder locked and returns."""
    spool = Spool(tmp_path / "spool")
    spool.put(_values(moderator, "Too short"))
    with spool._locked(wait=False) as acquired:
        assert acquired
        assert Spool(spool.folder).drain(sessions, NOW) == 0
    assert Spool(spool.folder).drain(sessions, NOW) == 1


def test_a_refusal_is_explained_with_its_guideline(
    sessions: Sessions, keep: Keep, moderator: Moderator
) -> None:
    """The notice has the guideline, the quote, the contact and the DSA's points."""
    id_ = keep("Too short", author="ravi")
    publication = moderator.policy.publication
    with writing(sessions) as session:
        verdicts.give(
            session, id_, action=Action.REJECT, who="asha", reason=None, route="v1", now=NOW
        )
    with sessions() as session:
        row = get(session, id_)
        message = notice(row, publication)
        statement = dsa.statement(row, publication)
    assert moderator.policy.rules["length"].thresholds.guideline in message["text"]
    assert "“Too short”" in message["text"]
    assert publication.contact in message["text"]
    assert message["statement_of_reasons"]["automated_decision"] is False
    assert statement["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert "Too short" not in str(statement)
    assert "ravi" not in str(statement)


def test_what_is_not_refused_needs_no_statement(
    sessions: Sessions, keep: Keep, moderator: Moderator
) -> None:
    """Waiting and approved comments are no restrictions."""
    waiting, approved = keep("Too short"), keep("This one is long enough.")
    with sessions() as session:
        publication = moderator.policy.publication
        assert notice(get(session, waiting), publication)["statement_of_reasons"] is None
        assert notice(get(session, approved), publication)["text"] == "Your comment is published."


def test_an_authors_past_fades(sessions: Sessions, keep: Keep) -> None:
    """Old refusals count less. A comment's own revisions do not count."""
    old = keep("Too short", author="ravi", id="c1", at=NOW - past.HALF_LIFE)
    keep("A new one, long enough", author="ravi", id="c2")
    with writing(sessions) as session:
        verdicts.give(
            session, old, action=Action.REJECT, who="asha", reason=None, route="v1", now=NOW
        )
    with sessions() as session:
        authors_history = past.history(session, "", Comment("x", author="ravi", id="c2"), NOW)
        assert authors_history == ((), Past(1, 1.0))
        authors_history = past.history(session, "", Comment("x", author="ravi"), NOW)
    assert authors_history.recent == ("A new one, long enough",)
    assert authors_history.past.refused == pytest.approx(1 / 3)
