"""The Python client against the running service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from house_rules import HouseRules, RefusedError, UnansweredError

from api import App
from tests.api.dialects.conftest import DOUBTFUL, FINE, REJECTED, key


@pytest.fixture
def rules(url: str) -> HouseRules:
    """A client with default settings."""
    return HouseRules(url)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the client, which does not really wait."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def test_a_comment(rules: HouseRules) -> None:
    """A comment may have all fields, or only its text."""
    decision = rules.moderate({"text": REJECTED, "id": "c-1", "author": "ravi", "format": "html"})
    assert (decision["action"], decision["reasons"][0]["rule"]) == ("reject", "abuse")
    assert rules.moderate(FINE)["action"] == "approve"


def test_many(rules: HouseRules) -> None:
    """Answers are in order over several requests, also to a bad comment."""
    comments = [FINE, " ", *[f"{FINE} Number {n}." for n in range(1_000)], REJECTED]
    answers = list(rules.moderate_many(comments))
    assert len(answers) == 1_003
    assert answers[0].get("action") == "approve"
    assert answers[1].get("status") == 422
    assert answers[-1].get("action") == "reject"


def test_corrections(rules: HouseRules) -> None:
    """The client reads the queue in pages, gives a verdict and reads the history."""
    doubtful = [rules.moderate(f"{DOUBTFUL} Number {n}.") for n in range(3)]
    waiting = [decision["id"] for decision in rules.queue(limit=2, order="oldest")]
    assert waiting == [decision["id"] for decision in doubtful]
    rules.give_verdict(waiting[0], "approve", "asha", "Satire.")
    decision = rules.decision(waiting[0])
    assert decision["standing"] == "approve"
    assert decision["history"]["verdicts"][0]["who"] == "asha"
    assert len(list(rules.queue())) == 2


def test_suggestions_and_guidelines(rules: HouseRules) -> None:
    """The client gets corrections and the guidelines."""
    assert rules.suggest("u r right")["text"].startswith("You are right")
    assert "abuse" in [rule["rule"] for rule in rules.guidelines()["rules"]]


def test_refused(app: App, url: str) -> None:
    """The error names the wrong field. A wrong key is not retried."""
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
    """Run a server with these answers. Yields its address and the requested paths."""
    requests: list[str] = []
    following = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(self.path)
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
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GOOD: Answer = (200, {}, b'{"action": "approve"}')


@pytest.mark.parametrize(
    ("first", "waits"),
    [
        pytest.param((429, {"Retry-After": "7"}, b"{}"), 7.0, id="Retry-After"),
        pytest.param((503, {}, b"{}"), 0.2, id="not ready"),
        pytest.param((502, {}, b"<html>"), 0.2, id="a proxy's error"),
        pytest.param((0, {}, b""), 0.2, id="hung up"),
        pytest.param((200, {}, b'{"act'), 0.2, id="incomplete"),
        pytest.param((429, {"Retry-After": "9999"}, b"{}"), 30.0, id="at most 30 seconds"),
    ],
)
def test_temporary_errors_are_retried(first: Answer, waits: float, pauses: list[float]) -> None:
    """The client retries after a pause."""
    with answering(first, GOOD) as (url, requests):
        rules = HouseRules(url, deadline=60)
        assert rules.moderate(FINE)["action"] == "approve"
    assert requests == ["/v1/moderate"] * 2
    assert pauses == [pytest.approx(waits, rel=0.25)]


def test_too_many_failures_are_an_error(pauses: list[float]) -> None:
    """After `tries` tries the client raises `UnansweredError`."""
    with answering(*[(500, {}, b"{}")] * 3) as (url, requests), pytest.raises(UnansweredError):
        HouseRules(url, tries=3).moderate(FINE)
    assert len(requests) == 3
    assert len(pauses) == 2
    with pytest.raises(UnansweredError):
        HouseRules("http://127.0.0.1:9", timeout=0.2).moderate(FINE)


def test_other_errors_are_not_retried() -> None:
    """A proxy's refusal is final, whatever its body."""
    with answering((403, {}, b"<html>")) as (url, requests), pytest.raises(RefusedError) as caught:
        HouseRules(url).moderate(FINE)
    assert (caught.value.problem["status"], len(requests)) == (403, 1)


def test_the_deadline_is_for_all_tries(pauses: list[float]) -> None:
    """The client does not start a pause that ends after the deadline."""
    busy: Answer = (503, {"Retry-After": "7"}, b"{}")
    with answering(busy, GOOD) as (url, requests), pytest.raises(UnansweredError):
        HouseRules(url, deadline=5).moderate(FINE)
    assert (len(requests), pauses) == (1, [])
    with answering(busy, GOOD) as (url, requests):
        assert HouseRules(url, deadline=5).moderate(FINE, deadline=60)["action"] == "approve"


@pytest.mark.parametrize("name", ["timeout", "deadline", "tries"])
def test_limits_that_allow_nothing(name: str) -> None:
    """The error names the argument."""
    with pytest.raises(ValueError, match=name):
        HouseRules("http://127.0.0.1:9", **{name: 0})  # type: ignore[arg-type] # not the key


def test_a_redirect_does_not_get_the_key() -> None:
    """Another host does not see the request. The error names the new address."""
    with answering(GOOD) as (elsewhere, seen):
        moved: Answer = (302, {"Location": f"{elsewhere}/v1/moderate"}, b"")
        with answering(moved) as (url, requests):
            with pytest.raises(UnansweredError, match=elsewhere):
                HouseRules(url, "hr-1-2").moderate(FINE)
            assert len(requests) == 1
    assert seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{}",
        b"[]",
        b'"approve"',
        b"null",
        b'{"action": "publish"}',
        b'{"decisions": []}',
    ],
)
def test_an_answer_that_is_no_decision(body: bytes) -> None:
    """Something else answers at the service's address, such as a proxy's page for signing in."""
    with answering(*[(200, {}, body)] * 2) as (url, _), pytest.raises(UnansweredError):
        HouseRules(url, tries=2).moderate(FINE)
    with answering(*[(200, {}, body)] * 2) as (url, _), pytest.raises(UnansweredError):
        list(HouseRules(url, tries=2).moderate_many([FINE]))


@pytest.mark.parametrize(
    ("first", "requests_sent"),
    [
        pytest.param((503, {}, b"{}"), 2, id="nothing was done"),
        pytest.param((502, {}, b"{}"), 1, id="perhaps it was done"),
        pytest.param((0, {}, b""), 1, id="hung up"),
    ],
)
def test_a_verdict_is_not_given_twice(first: Answer, requests_sent: int) -> None:
    """The client repeats a verdict only if the service has certainly not recorded it."""
    recorded: Answer = (200, {}, b'{"action": "review", "standing": "reject"}')
    with answering(first, recorded) as (url, requests):
        rules = HouseRules(url)
        if requests_sent == 2:
            assert rules.give_verdict("1", "reject", "asha")["standing"] == "reject"
        else:
            with pytest.raises(UnansweredError, match="may have been carried out"):
                rules.give_verdict("1", "reject", "asha")
    assert len(requests) == requests_sent
