"""What a challenger in shadow would have decided is kept beside the decision, and goes with it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping

import pytest
from sqlalchemy import select

from api.record import decisions, erase, shadows, verdicts
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import ShadowRow
from moderation import Action, Comment, Decision, Moderator
from moderation.lifecycle.shadow import Pair, Shadow
from tests.api.record.conftest import NOW

SHADOW = Shadow("spam", "new", 0.5, "", "asha")
USED = {"spam": "old", "abuse": "old"}


def decided(action: Action, score: float, models: Mapping[str, str] = USED) -> Decision:
    """A decision as a model's score made it."""
    return Decision(
        id=f"{action}{score}{'-'.join(models.values())}",
        action=action,
        reasons=(),
        observed=(),
        scores={"spam": score, "toxicity": 0.25},
        language={},
        policy="sha256:0",
        models=dict(models),
        took_ms=1.0,
    )


@pytest.fixture
def shadowed(sessions: Sessions, moderator: Moderator) -> list[str]:
    """Three decisions, the challenger's beside each, the last beside a champion of before."""
    made: list[str] = []
    for champion in (
        decided(Action.APPROVE, 0.1),
        decided(Action.REVIEW, 0.7),
        decided(Action.REVIEW, 0.7, {"spam": "older"}),
    ):
        comment = Comment("Buy a secret watch", id=f"c{len(made)}", author="ravi")
        values = decisions.fields(
            champion, comment, moderator.policy, community="", route="v1", store=True, now=NOW
        )
        decisions.keep(sessions, [values], NOW)
        challenger = decided(Action.REJECT, 0.9, {**champion.models, "spam": "new"})
        shadows.keep(sessions, [shadows.row(SHADOW, champion, challenger, NOW)])
        made.append(champion.id)
    return made


def pairs(sessions: Sessions, version: str = "new") -> list[Pair]:
    """What is found of it."""
    with sessions() as session:
        return list(shadows.found(session, "spam", version, USED))


def kept(sessions: Sessions) -> list[str]:
    """The decisions that a challenger's stands beside."""
    with sessions() as session:
        return list(session.scalars(select(ShadowRow.decision_id)))


def test_both_sides_are_found(sessions: Sessions, shadowed: list[str]) -> None:
    """With by how much they differ; of another version, or beside another champion, none."""
    assert pairs(sessions) == [
        Pair(shadowed[0], "c0", Action.APPROVE, Action.REJECT, 0.8, None, "sha256:0", NOW),
        Pair(shadowed[1], "c1", Action.REVIEW, Action.REJECT, 0.2, None, "sha256:0", NOW),
    ]
    assert pairs(sessions, "newer") == []


def test_a_row_holds_no_text_and_what_differs(sessions: Sessions, shadowed: list[str]) -> None:
    """Scores that are the same stand in the decision."""
    with sessions() as session:
        row = session.scalars(select(ShadowRow).filter_by(decision_id=shadowed[0])).one()
        assert row.scores == {"spam": 0.9}
        assert row.models == {"spam": "new", "abuse": "old"}
        assert "secret" not in str([getattr(row, column.key) for column in row.__table__.columns])


def test_what_a_moderator_said_is_found_too(sessions: Sessions, shadowed: list[str]) -> None:
    """The last verdict."""
    with writing(sessions) as session:
        for action in (Action.REJECT, Action.APPROVE):
            verdicts.give(
                session, shadowed[0], action=action, who="b", reason=None, route="v1", now=NOW
            )
    assert [pair.verdict for pair in pairs(sessions)] == [Action.APPROVE, None]


def test_it_goes_when_the_decision_is_erased(
    sessions: Sessions, shadowed: list[str], spool: Spool
) -> None:
    """By comment, and by age; and none is added to a decision that is erased."""
    assert erase.by_comment(sessions, spool, None, "c0", NOW) == 1
    assert sorted(kept(sessions)) == sorted(shadowed[1:])
    assert erase.older_than(sessions, 1, NOW + dt.timedelta(days=2)) == 2
    assert kept(sessions) == []
    again = [decided(Action.APPROVE, 0.1), decided(Action.REVIEW, 0.3)]  # the second is not there
    shadows.keep(sessions, [shadows.row(SHADOW, one, one, NOW) for one in again])
    assert kept(sessions) == []


def test_an_erasure_waits_for_a_row_that_is_being_written(
    sessions: Sessions, shadowed: list[str], spool: Spool
) -> None:
    """So that it goes too."""
    champion = decided(Action.APPROVE, 0.1)
    newer = Shadow("spam", "newer", 0.5, "", "asha")
    erasing = threading.Thread(
        target=erase.by_author, args=(sessions, spool, None, "ravi", NOW), daemon=True
    )
    with writing(sessions) as session:
        shadows.add(session, [shadows.row(newer, champion, champion, NOW)])
        session.flush()
        erasing.start()
        erasing.join(0.5)
        assert erasing.is_alive()
    erasing.join(30)
    assert len(shadowed) == 3
    assert kept(sessions) == []
