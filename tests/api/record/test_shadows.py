"""Shadow decisions are recorded with the decision and erased with it."""

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
from moderation.lifecycle.shadow import Shadow, ShadowPair
from tests.api.record.conftest import NOW

SHADOW = Shadow("spam", "new", 0.5, "", "asha")
USED = {"spam": "old", "abuse": "old"}


def decided(action: Action, score: float, models: Mapping[str, str] = USED) -> Decision:
    """Return a decision with this score for spam."""
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
    """The ids of three decisions with shadow decisions. The last is by an older champion."""
    ids: list[str] = []
    for champion in (
        decided(Action.APPROVE, 0.1),
        decided(Action.REVIEW, 0.7),
        decided(Action.REVIEW, 0.7, {"spam": "older"}),
    ):
        comment = Comment("Buy a secret watch", id=f"c{len(ids)}", author="ravi")
        values = decisions.fields(
            champion, comment, moderator.policy, community="", route="v1", store=True, now=NOW
        )
        decisions.keep(sessions, [values], NOW)
        challenger = decided(Action.REJECT, 0.9, {**champion.models, "spam": "new"})
        shadows.keep(sessions, [shadows.row(SHADOW, champion, challenger, NOW)])
        ids.append(champion.id)
    return ids


def pairs(sessions: Sessions, version: str = "new") -> list[ShadowPair]:
    """Return the pairs with this challenger."""
    with sessions() as session:
        return list(shadows.pairs(session, "spam", version, USED))


def shadowed_ids(sessions: Sessions) -> list[str]:
    """Return the ids of the decisions that have a shadow decision."""
    with sessions() as session:
        return list(session.scalars(select(ShadowRow.decision_id)))


def test_both_sides_are_found(sessions: Sessions, shadowed: list[str]) -> None:
    """Pairs have the difference of scores. Other versions and champions are left out."""
    assert pairs(sessions) == [
        ShadowPair(shadowed[0], "c0", Action.APPROVE, Action.REJECT, 0.8, None, "sha256:0", NOW),
        ShadowPair(shadowed[1], "c1", Action.REVIEW, Action.REJECT, 0.2, None, "sha256:0", NOW),
    ]
    assert pairs(sessions, "newer") == []


def test_a_row_holds_no_text_and_what_differs(sessions: Sessions, shadowed: list[str]) -> None:
    """The decision holds the scores that are the same."""
    with sessions() as session:
        row = session.scalars(select(ShadowRow).filter_by(decision_id=shadowed[0])).one()
        assert row.scores == {"spam": 0.9}
        assert row.models == {"spam": "new", "abuse": "old"}
        assert "secret" not in str([getattr(row, column.key) for column in row.__table__.columns])


def test_pairs_have_the_last_verdict(sessions: Sessions, shadowed: list[str]) -> None:
    """A pair without a verdict has None."""
    with writing(sessions) as session:
        for action in (Action.REJECT, Action.APPROVE):
            verdicts.give(
                session, shadowed[0], action=action, who="b", reason=None, route="v1", now=NOW
            )
    assert [pair.verdict for pair in pairs(sessions)] == [Action.APPROVE, None]


def test_erasing_a_decision_erases_its_shadow(
    sessions: Sessions, shadowed: list[str], spool: Spool
) -> None:
    """This holds by comment and by age. An erased decision gets no new shadow decision."""
    assert erase.by_comment(sessions, spool, None, "c0", NOW).erased == 1
    assert sorted(shadowed_ids(sessions)) == sorted(shadowed[1:])
    assert erase.older_than(sessions, 1, NOW + dt.timedelta(days=2)) == 2
    assert shadowed_ids(sessions) == []
    again = [
        decided(Action.APPROVE, 0.1),
        decided(Action.REVIEW, 0.3),
    ]  # no record of the second
    shadows.keep(sessions, [shadows.row(SHADOW, decision, decision, NOW) for decision in again])
    assert shadowed_ids(sessions) == []


def test_erasing_waits_for_rows_being_written(
    sessions: Sessions, shadowed: list[str], spool: Spool
) -> None:
    """It erases those rows as well."""
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
    assert shadowed_ids(sessions) == []
