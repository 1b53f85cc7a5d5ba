"""A clock that is set back does not break order, cursors, seals, claims and retries."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from api import App
from api.background.loop import STEADY_S
from api.decisions import DecisionRequest
from api.http.errors import Problem
from api.record import erase, seal, webhooks
from api.record.circuit import RETRY_S, Circuit
from api.record.history import history
from api.record.keys import Key
from api.record.webhooks import Hook
from api.services import services_of
from moderation import Comment
from tests.api.record.conftest import NOW
from tests.api.routes.test_record import decide, make

BACK = dt.timedelta(hours=1)
AHEAD = NOW + dt.timedelta(days=3650)  # by a clock that was wrong
OK = lambda *_: 200  # noqa: E731 - a receiver in one line


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A service with a fixed clock."""
    service = make(tmp_path)
    services_of(service).decider.clock = lambda: NOW
    return service


@pytest.fixture
def client(app: App) -> FlaskClient:
    """The service's test client."""
    return app.test_client()


def _set_back(app: App) -> None:
    services_of(app).decider.clock = lambda: NOW - BACK


def test_the_queue_keeps_its_order(app: App, client: FlaskClient) -> None:
    """The order is that of arrival. An earlier cursor stays valid."""
    before = [decide(client, f"LOUD {n}")["id"] for n in range(3)]
    first = client.get("/v1/queue?limit=2").get_json()
    _set_back(app)
    after = [decide(client, f"LOUD {n}")["id"] for n in range(3, 5)]
    rest = client.get(f"/v1/queue?limit=50&cursor={first['next']}").get_json()
    decisions: list[dict[str, Any]] = [*first["decisions"], *rest["decisions"]]
    assert [decision["id"] for decision in decisions] == before + after


def test_seals_stay_valid(app: App, client: FlaskClient) -> None:
    """`verify` does not report a row with an earlier time as inserted."""
    sessions = services_of(app).decider.sessions
    decide(client)
    assert seal.seal(sessions, NOW)
    _set_back(app)
    decision = decide(client, "LOUD 2")
    client.post(f"/v1/decisions/{decision['id']}/verdict", json={"action": "reject", "who": "asha"})
    with sessions() as session:
        assert seal.verify(session).problems == ()
    second = seal.seal(sessions, NOW - BACK)
    assert second is not None
    assert second.sealed_at == NOW
    with sessions() as session:
        assert (seal.verify(session).seals, seal.verify(session).problems) == (2, ())


def test_an_authors_future_comments_are_no_error(app: App, client: FlaskClient) -> None:
    """Decisions in the future count as made just now."""
    decide(client, "LOUD 1", author="ravi")
    _set_back(app)
    assert decide(client, "LOUD 2", author="ravi")["recorded"] is True


def test_a_claim_lasts_longer(app: App, client: FlaskClient) -> None:
    """It ends later by as much as the clock was set back, and can be released."""
    url = f"/v1/decisions/{decide(client)['id']}/claim"
    client.post(url, json={"who": "asha"})
    _set_back(app)
    assert client.post(url, json={"who": "mohan"}).status_code == 409
    client.delete(f"{url}?who=asha")
    assert client.post(url, json={"who": "mohan"}).status_code == 200


def test_webhooks_go_out(app: App, client: FlaskClient) -> None:
    """New events go out at once. A delivery that waits for its retry is not lost."""
    decider = services_of(app).decider
    decider.hooks = [Hook("http://127.0.0.1:1/hook", "secret")]
    decide(client, "LOUD 1")
    assert webhooks.deliver(decider.sessions, decider.hooks[0], NOW, lambda *_: 500)
    _set_back(app)
    decide(client, "LOUD 2")
    ok = lambda *_: 200  # noqa: E731 - a receiver in one line
    assert webhooks.deliver(decider.sessions, decider.hooks[0], NOW - BACK, ok)
    assert not webhooks.deliver(decider.sessions, decider.hooks[0], NOW - BACK, ok)
    later = NOW + dt.timedelta(seconds=webhooks.BACKOFF[0])
    assert webhooks.deliver(decider.sessions, decider.hooks[0], later, ok)


def test_webhooks_are_due_by_the_real_time(app: App, client: FlaskClient) -> None:
    """A seal that was made ten years ahead delays no event and is in no event."""
    decider = services_of(app).decider
    decider.clock = lambda: AHEAD
    decide(client, "LOUD 1")
    assert seal.seal(decider.sessions, AHEAD)
    decider.clock = lambda: NOW
    decider.hooks = [Hook("http://127.0.0.1:1/hook", "secret")]
    id_ = decide(client, "LOUD 2")["id"]
    verdict = {"action": "reject", "who": "asha"}
    assert client.post(f"/v1/decisions/{id_}/verdict", json=verdict).status_code == 200
    bodies: list[dict[str, Any]] = []

    def receive(_: str, body: bytes, __: object) -> int:
        bodies.append(json.loads(body))
        return 200

    while webhooks.deliver(decider.sessions, decider.hooks[0], NOW, receive):
        pass
    assert [body["type"] for body in bodies] == ["decision", "verdict"]
    assert {body["timestamp"] for body in bodies} == {NOW.isoformat()}
    with decider.sessions() as session:
        assert seal.verify(session).problems == ()


def test_no_webhook_waits_for_years(app: App, client: FlaskClient) -> None:
    """An event whose next try was set ten years ahead is tried again at once, and only once."""
    decider = services_of(app).decider
    decider.hooks = [Hook("http://127.0.0.1:1/hook", "secret")]
    decider.clock = lambda: AHEAD
    decide(client, "LOUD 1")
    assert webhooks.deliver(decider.sessions, decider.hooks[0], AHEAD, lambda *_: 500)
    assert webhooks.deliver(decider.sessions, decider.hooks[0], NOW, lambda *_: 500)
    assert not webhooks.deliver(decider.sessions, decider.hooks[0], NOW, OK)
    later = NOW + dt.timedelta(seconds=webhooks.BACKOFF[1])
    assert webhooks.deliver(decider.sessions, decider.hooks[0], later, OK)


def test_no_claim_is_held_for_years(app: App, client: FlaskClient) -> None:
    """A claim that was made ten years ahead is over, and a real one of eight hours is not."""
    decider = services_of(app).decider
    url = f"/v1/decisions/{decide(client)['id']}/claim"
    decider.clock = lambda: AHEAD
    assert client.post(url, json={"who": "asha"}).status_code == 200
    decider.clock = lambda: NOW
    assert len(client.get("/v1/queue?who=mohan").get_json()["decisions"]) == 1
    assert client.post(url, json={"who": "mohan", "minutes": 480}).status_code == 200
    assert client.get("/v1/queue?who=asha").get_json()["decisions"] == []
    assert client.post(url, json={"who": "asha"}).status_code == 409


def test_a_repetition_is_forgotten_after_two_days(app: App) -> None:
    """Otherwise a text from ten years ahead would count as repeated for ten years."""
    decider = services_of(app).decider
    comment = Comment("A comment", author="ravi")
    decider.clock = lambda: AHEAD
    decider.decide([DecisionRequest(comment)])
    with decider.sessions() as session:
        assert history(session, "", comment, AHEAD).recent == ("A comment",)
        assert history(session, "", comment, NOW).recent == ()


def test_retention_erases_what_was_decided_ahead(app: App, client: FlaskClient) -> None:
    """It is as old as the decisions that were recorded after it."""
    decider = services_of(app).decider
    for number, clock in enumerate((AHEAD, NOW, AHEAD)):
        decider.clock = lambda clock=clock: clock  # type: ignore[misc]
        decide(client, f"LOUD {number}")
    assert erase.older_than(decider.sessions, 30, NOW + dt.timedelta(days=20)) == 0
    assert erase.older_than(decider.sessions, 30, NOW + dt.timedelta(days=40)) == 2


def test_the_circuit_uses_a_monotonic_clock() -> None:
    """After `RETRY_S` one caller asks the database, and the others do not."""
    now = 0.0
    circuit = Circuit(lambda: now)
    assert circuit.may_try()
    circuit.failed(OperationalError("", {}, RuntimeError()))
    assert not circuit.may_try()
    now = RETRY_S
    assert (circuit.may_try(), circuit.may_try(), circuit.open) == (True, False, True)
    circuit.answered()
    assert (circuit.may_try(), circuit.open) == (True, False)


def test_retention_distrusts_a_clock_that_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A jump of forty days for three seconds erases nothing. A lasting one does."""
    app = make(tmp_path, MODERATION_RETENTION_DAYS="30")
    decider, background = services_of(app).decider, services_of(app).background
    running = 0.0
    monkeypatch.setattr("api.background.loop.time.monotonic", lambda: running)

    def after(seconds: float, ahead: dt.timedelta) -> int:
        """Return how many decisions wait for a moderator after `seconds` of uptime."""
        nonlocal running
        running = seconds
        decider.clock = lambda: NOW + ahead + dt.timedelta(seconds=seconds)
        background.round()
        decisions: list[Any] = app.test_client().get("/v1/queue").get_json()["decisions"]
        return len(decisions)

    decider.clock = lambda: NOW
    decide(app.test_client(), "LOUD 1")
    none, days = dt.timedelta(0), dt.timedelta(days=40)
    assert after(0, none) == after(STEADY_S, none) == 1
    assert after(STEADY_S + 5000, days) == after(STEADY_S + 5003, days) == 1
    assert after(STEADY_S + 5004, none) == after(2 * STEADY_S + 5004, none) == 1
    assert after(20_000, days) == 1
    assert after(20_000 + STEADY_S, days) == 0


def test_the_rate_limit_starts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise earlier counts lie in the future and lock the key out."""
    app = make(tmp_path)
    authenticator, now = services_of(app).authenticator, 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    key = Key("k", "k", frozenset({"decide"}), "2 per minute")

    def ask() -> None:
        with app.test_request_context():
            authenticator.check_rate(key)

    ask()
    ask()
    with pytest.raises(Problem, match="2 requests in 60 seconds"):
        ask()
    now -= 3600
    ask()
    ask()
    with pytest.raises(Problem, match="2 requests in 60 seconds"):
        ask()
