"""A challenger in shadow in the running service: on while it runs, off again, and unnoticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api.record import database, shadows
from moderation.cli import run
from moderation.lifecycle.shadow import Pair
from tests.challengers import LOUD, SPAM, spam_alone
from tests.faults.service import Service, running, until

WORD = "xylophonist"


@pytest.fixture
def shadowed(tmp_path: Path, url: str) -> Iterator[Service]:
    """The service with one model of spam, which has a challenger."""
    own = spam_alone(tmp_path)
    with running(Service(tmp_path / "service", url, environment=own)) as started:
        yield started


def pairs(url: str) -> list[Pair]:
    """What both decided, in the record."""
    engine = database.connect(url)
    with sessionmaker(engine)() as session:
        found = list(shadows.found(session, "spam", LOUD, {"spam": SPAM}))
    engine.dispose()
    return found


def test_rows_appear_and_no_answer_changes(shadowed: Service, url: str, tmp_path: Path) -> None:
    """All workers take it up within seconds and leave it again; the metrics add them up."""
    models = ["--models", str(tmp_path / "models")]
    said = [f"I agree, said the {WORD} {number}." for number in range(30)]
    before = [shadowed.decide(text) for text in said]
    assert run(["models", "shadow", f"spam/{LOUD}", "--share", "1", *models]) == 0
    after: list[str] = []

    def again() -> bool:
        made = [shadowed.decide(text) for text in said]
        assert [it["action"] for it in made] == [it["action"] for it in before]
        assert [it["scores"] for it in made] == [it["scores"] for it in before]
        after.extend(it["id"] for it in made)
        return len(pairs(url)) > 60

    until(again, "the challenger's decisions")
    assert {str(pair.champion) for pair in pairs(url)} == {"approve"}
    assert {str(pair.challenger) for pair in pairs(url)} == {"review"}
    assert {pair.decision for pair in pairs(url)} <= set(after)
    assert run(["models", "shadow", "--off", *models]) == 0

    def silent() -> bool:
        known = len(pairs(url))
        last = [shadowed.decide(text)["id"] for text in said]
        return known == len(pairs(url)) and not {it.decision for it in pairs(url)} & set(last)

    until(silent, "the end of it")
    told = shadowed.ask("GET", "/metrics")[1].decode()
    found = re.search(r'shadow_decisions_total{challenger="review",champion="approve"} (.*)', told)
    assert found
    assert float(found[1]) == len(pairs(url))
    assert WORD not in shadowed.said + told
