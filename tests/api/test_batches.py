"""Batches are worked in portions, after single comments, and stop when the client has left."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api import App
from api.decisions import PORTION, DecisionRequest
from api.services import services_of
from moderation import Comment
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight
from tests.api.dialects.conftest import HEADS, decided, make
from tests.faults.service import PATIENCE_S, Service, recorded, running, until

MANY = 1000


class Recorder:
    """A scorer that notes how many texts it gets at a time. A test may make it wait."""

    heads: tuple[str, ...] = tuple(HEADS)

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.began = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.may_go.set()

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Score nothing as abusive."""
        self.sizes.append(len(texts))
        self.began.release()
        assert self.may_go.wait(PATIENCE_S)
        return {head: np.full(len(texts), 0.01) for head in self.heads}

    def explain(self, *_: object) -> list[Weight]:
        """Return no explanation."""
        return []


@pytest.fixture
def scorer() -> Recorder:
    """The scorer of the app."""
    return Recorder()


@pytest.fixture
def app(tmp_path: Path, scorer: Recorder) -> App:
    """A service with this scorer."""
    return make(tmp_path, scorer)


def batch(app: App, comments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Post a batch. Return the decisions."""
    answer = app.test_client().post("/v1/moderate/batch", json={"comments": comments})
    assert answer.status_code == 200
    decisions: list[dict[str, Any]] = answer.get_json()["decisions"]
    return decisions


def comment(number: int, **fields: str) -> dict[str, Any]:
    """Return a comment of its own."""
    return {"text": f"The council has built bridge number {number}.", **fields}


def test_portions(app: App, scorer: Recorder) -> None:
    """A portion has few comments, and few characters. The order stays."""
    decisions = batch(app, [comment(number, id=f"c{number}") for number in range(3 * PORTION + 1)])
    assert scorer.sizes == [PORTION, PORTION, PORTION, 1]
    assert [d["comment_id"] for d in decisions] == [f"c{n}" for n in range(3 * PORTION + 1)]
    scorer.sizes.clear()
    batch(app, [{"text": f"{number} is long. " * 500} for number in range(5)])  # 6,000 characters
    assert scorer.sizes == [2, 2, 1]


def test_the_same_comment_in_two_portions(app: App) -> None:
    """It gets one decision, also if its text is not stored."""
    others = [comment(number) for number in range(2 * PORTION)]
    for extra in ({}, {"do_not_store": True}):
        same = {**comment(999, id=f"c{len(extra)}"), **extra}
        first, *_, last = batch(app, [same, *others, same])
        assert first == last


def test_the_division_does_not_matter(app: App) -> None:
    """Comments of a batch are no history of each other, wherever a portion ends."""
    same = [comment(1, id=f"c{number}", author="ravi") for number in range(2 * PORTION)]
    assert {decision["action"] for decision in batch(app, same)} == {"approve"}
    (later,) = batch(app, [comment(1, id="later", author="ravi")])
    assert [reason["rule"] for reason in later["reasons"]] == ["repetition"]


def test_a_single_comment_goes_first(app: App, scorer: Recorder) -> None:
    """While it is decided, no portion of a batch begins."""
    decider = services_of(app).decider
    decider.turns.patience_s = PATIENCE_S
    scorer.may_go.clear()
    comments = [comment(number) for number in range(2 * PORTION)]
    working = threading.Thread(target=batch, args=(app, comments))
    working.start()
    assert scorer.began.acquire(timeout=PATIENCE_S)  # the first portion
    single = threading.Thread(target=decider.decide, args=([DecisionRequest(Comment("Well."))],))
    single.start()
    assert scorer.began.acquire(timeout=PATIENCE_S)  # not held up by the portion
    assert scorer.sizes == [PORTION, 1]
    with decider.turns.singles:  # another one comes while the portion ends
        scorer.may_go.set()
        single.join(PATIENCE_S)
        until(lambda: len(decided(app)) == PORTION + 1, "the end of the portion")
        assert not scorer.began.acquire(timeout=0.2)  # the next portion waits
    working.join(PATIENCE_S)
    assert scorer.sizes == [PORTION, 1, PORTION]


def test_threads_are_left_for_others(app: App, scorer: Recorder) -> None:
    """A worker takes four batches, and answers a fifth one with 503 and `Retry-After`."""
    scorer.may_go.clear()
    two = [comment(1), comment(2)]
    working = [threading.Thread(target=batch, args=(app, two)) for _ in range(4)]
    for thread in working:
        thread.start()
    turns = services_of(app).decider.turns
    until(lambda: turns._batches._value == 0, "four batches")
    client = app.test_client()
    for path, body in (
        ("/v1/moderate/batch", {"comments": two}),
        ("/v1/moderations", {"input": ["Well said.", "Well done."]}),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    scorer.may_go.set()
    for thread in working:
        thread.join(PATIENCE_S)
    assert client.post("/v1/moderate/batch", json={"comments": two}).status_code == 200


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real service with one worker."""
    folder = tmp_path_factory.mktemp("batches")
    stopped = Service(folder / "service", f"sqlite:///{folder}/record.sqlite", workers=1)
    with running(stopped) as started:
        yield started


def test_the_client_leaves(service: Service) -> None:
    """The rest of its batch is not worked on. What was decided before is recorded."""
    comments = [comment(number, id=f"c{number}") for number in range(MANY)]
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)
    body = json.dumps({"comments": comments})
    connection.request("POST", "/v1/moderate/batch", body, {"Content-Type": "application/json"})
    connection.close()
    until(lambda: "/v1/moderate/batch" in service.stderr, "the end of the batch")
    first = len(recorded(service.database)[0])
    assert 0 < first < MANY
    service.decide()
    assert len(recorded(service.database)[0]) == first + 1
