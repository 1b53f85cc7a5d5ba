"""The Python client of our own API, against the running service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from api import App
from clients.house_rules import HouseRules, RefusedError, UnansweredError
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, key


@pytest.fixture
def rules(url: str) -> HouseRules:
    """The client, as someone would make it."""
    return HouseRules(url)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would wait, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def test_a_comment(rules: HouseRules) -> None:
    """With all that is known, or its text alone."""
    decision = rules.moderate({"text": REJECTED, "id": "c-1", "author": "ravi", "format": "html"})
    assert (decision["action"], decision["reasons"][0]["rule"]) == ("reject", "abuse")
    assert rules.moderate(FINE)["action"] == "approve"


def test_many(rules: HouseRules) -> None:
    """More than one request takes, each in its place, the bad one with its problem."""
    comments = [FINE, " ", *[f"{FINE} Number {n}." for n in range(1_000)], REJECTED]
    answers = list(rules.moderate_many(comments))
    assert len(answers) == 1_003
    assert answers[0].get("action") == "approve"
    assert answers[1].get("status") == 422
    assert answers[-1].get("action") == "reject"


def test_corrections(rules: HouseRules) -> None:
    """A verdict, the decision with its history, and the queue before and after, in pages."""
    held = [rules.moderate(f"{DOUBTFUL} Number {n}.") for n in range(3)]
    waiting = [one["id"] for one in rules.queue(limit=2, order="oldest")]
    assert waiting == [one["id"] for one in held]
    rules.give_verdict(waiting[0], "approve", "asha", "Satire.")
    seen = rules.decision(waiting[0])
    assert (seen["standing"], seen["history"]["verdicts"][0]["who"]) == ("approve", "asha")
    assert len(list(rules.queue())) == 2


def test_words(rules: HouseRules) -> None:
    """Corrections to offer, and the guidelines."""
    assert rules.suggest("u r right")["text"].startswith("You are right")
    assert "abuse" in [rule["rule"] for rule in rules.guidelines()["rules"]]


def test_what_is_refused(app: App, url: str) -> None:
    """The field that is wrong is named; a key that is wrong is not tried again."""
    secret = key(app, "decide")
    with pytest.raises(RefusedError) as caught:
        HouseRules(url, secret).moderate(" ")
    assert caught.value.problem["errors"][0]["pointer"] == "/text"
    with pytest.raises(RefusedError) as caught:
        HouseRules(url, "hr-0-0").moderate(FINE)
    assert caught.value.problem["status"] == 401
    with pytest.raises(ValueError, match="url"):
        HouseRules("file:///etc/passwd")


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(*answers: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, one after the other; and what it was asked."""
    asked: list[str] = []
    following = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, body = next(following)
            if not status:
                return  # hang up
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GOOD: Answer = (200, {}, b'{"action": "approve"}')


@pytest.mark.parametrize(
    ("first", "waits"),
    [
        pytest.param((429, {"Retry-After": "7"}, b"{}"), 7.0, id="as long as it is told"),
        pytest.param((503, {}, b"{}"), 0.2, id="not ready"),
        pytest.param((502, {}, b"<html>"), 0.2, id="a proxy's error"),
        pytest.param((0, {}, b""), 0.2, id="hung up"),
        pytest.param((200, {}, b'{"act'), 0.2, id="broken off"),
        pytest.param((429, {"Retry-After": "9999"}, b"{}"), 30.0, id="not for ever"),
    ],
)
def test_what_may_pass_is_tried_again(first: Answer, waits: float, pauses: list[float]) -> None:
    """Once more, after a pause."""
    with answering(first, GOOD) as (url, asked):
        assert HouseRules(url).moderate(FINE)["action"] == "approve"
    assert asked == ["/v1/moderate"] * 2
    assert pauses == [pytest.approx(waits, rel=0.25)]


def test_then_a_person_must_look(pauses: list[float]) -> None:
    """After so many tries it says that there is no answer, which is no approval."""
    with answering(*[(500, {}, b"{}")] * 3) as (url, asked), pytest.raises(UnansweredError):
        HouseRules(url, tries=3).moderate(FINE)
    assert len(asked) == 3
    assert len(pauses) == 2
    with pytest.raises(UnansweredError):
        HouseRules("http://127.0.0.1:9", timeout=0.2).moderate(FINE)


def test_other_refusals_are_not_tried_again() -> None:
    """A proxy that says no is heard, whatever it sends with it."""
    with answering((403, {}, b"<html>")) as (url, asked), pytest.raises(RefusedError) as caught:
        HouseRules(url).moderate(FINE)
    assert (caught.value.problem["status"], len(asked)) == (403, 1)
