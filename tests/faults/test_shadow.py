"""A challenger is switched on and off in the running service without affecting answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api.record import database, shadows
from moderation.cli import run
from moderation.lifecycle.shadow import ShadowPair
from tests.challengers import LOUD, SPAM, spam_alone
from tests.faults.service import Service, running, until

WORD = "xylophonist"


@pytest.fixture
def shadowed(tmp_path: Path, url: str) -> Iterator[Service]:
    """A running service with only a spam model and its challenger."""
    environment = spam_alone(tmp_path)
    with running(Service(tmp_path / "service", url, environment=environment)) as started:
        yield started


def pairs(url: str) -> list[ShadowPair]:
    """Return the recorded pairs of decisions."""
    engine = database.connect(url)
    with sessionmaker(engine)() as session:
        recorded = list(shadows.pairs(session, "spam", LOUD, {"spam": SPAM}))
    engine.dispose()
    return recorded


def test_rows_appear_and_no_answer_changes(shadowed: Service, url: str, tmp_path: Path) -> None:
    """All workers start and stop it within seconds. The metrics count all of them."""
    models = ["--models", str(tmp_path / "models")]
    texts = [f"I agree, said the {WORD} {number}." for number in range(30)]
    before = [shadowed.decide(text) for text in texts]
    assert run(["models", "shadow", f"spam/{LOUD}", "--share", "1", *models]) == 0
    after: list[str] = []

    def again() -> bool:
        answers = [shadowed.decide(text) for text in texts]
        for field in ("action", "scores"):
            assert [answer[field] for answer in answers] == [answer[field] for answer in before]
        after.extend(answer["id"] for answer in answers)
        return len(pairs(url)) > 60

    until(again, "the challenger's decisions")
    assert {str(pair.champion) for pair in pairs(url)} == {"approve"}
    assert {str(pair.challenger) for pair in pairs(url)} == {"review"}
    assert {pair.decision for pair in pairs(url)} <= set(after)
    assert run(["models", "shadow", "--off", *models]) == 0

    def silent() -> bool:
        count = len(pairs(url))
        last = {shadowed.decide(text)["id"] for text in texts}
        return count == len(pairs(url)) and not {pair.decision for pair in pairs(url)} & last

    until(silent, "the end of it")
    metrics = shadowed.ask("GET", "/metrics")[1].decode()
    pattern = r'shadow_decisions_total{challenger="review",champion="approve"} (.*)'
    total = re.search(pattern, metrics)
    assert total
    assert float(total[1]) == len(pairs(url))
    assert WORD not in shadowed.stderr + metrics
