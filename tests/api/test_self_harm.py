"""What `self_harm` finds is about a reader's health: who sees it, where, and for how long."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from api import App, create_app
from api.background.loop import STEADY_S
from api.record import dsa, erase, keys, queue
from api.record.database import Sessions, writing
from api.record.decisions import get
from api.record.tables import DecisionRow, DeliveryRow
from api.services import services_of
from moderation import Moderator, Policy
from moderation.scoring.models import Models
from tests.api.record.conftest import (  # noqa: F401 - fixtures
    NOW,
    Keep,
    keep,
    postgres,
    sessions,
    url,
)

DESPAIR = "I want to end my life."
HINT = "This queue makes me want to die."
RULES = ("length", "self_harm")
HELPLINE = "14416"


@pytest.fixture(scope="session")
def moderator() -> Moderator:
    """A moderator with two rules: one sends short comments to a person, the other is self_harm."""
    others = {name: {"enabled": False} for name in Policy.load().rules if name not in RULES}
    return Moderator(Policy.load({**others, "length": {"fewest_words": 3}}), Models({}, {}))


@pytest.fixture
def app(tmp_path: Path, moderator: Moderator) -> App:
    """An app with an empty record and a webhook that nobody answers."""
    settings = {
        "MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite",
        "MODERATION_SPOOL": str(tmp_path / "spool"),
        "MODERATION_WEBHOOKS": "http://127.0.0.1:1/hook",
        "MODERATION_WEBHOOK_SECRET": "a secret",
    }
    return create_app({"TESTING": True, **settings}, moderator=moderator)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Its test client."""
    return app.test_client()


def key(app: App, *scopes: str) -> dict[str, str]:
    """Return the header with a new key."""
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        _, secret = keys.create(session, "test", list(scopes), "", decider.clock())
    return {"Authorization": f"Bearer {secret}"}


def rules(decision: dict[str, Any]) -> list[str]:
    """Return the rules that a decision names."""
    return [reason["rule"] for reason in (*decision["reasons"], *decision["observed"])]


@pytest.mark.parametrize("text", [DESPAIR, HINT])
def test_the_platform_gets_the_helpline_and_readers_of_the_record_do_not(
    app: App, client: FlaskClient, text: str
) -> None:
    """The direct answer has the message, whoever asks. Later only `verdict` and `admin` see it."""
    platform, reader = key(app, "decide"), key(app, "read")
    moderators, admin = key(app, "read", "verdict"), key(app, "admin")
    comment = {"text": text, "id": "c1"}
    for _ in range(2):  # the second answer is the recorded decision
        decision = client.post("/v1/moderate", json=comment, headers=platform).get_json()
        assert HELPLINE in json.dumps(decision)
    for suffix in ("", "/notice"):
        path = f"/v1/decisions/{decision['id']}{suffix}"
        assert HELPLINE not in client.get(path, headers=reader).get_data(as_text=True)
    path = f"/v1/decisions/{decision['id']}"
    assert rules(client.get(path, headers=reader).get_json()) == []
    for headers in (moderators, admin):
        assert rules(client.get(path, headers=headers).get_json()) == ["self_harm"]


def test_the_notice_for_moderators_has_the_helpline(app: App, client: FlaskClient) -> None:
    """A key with the scope `verdict` gets the whole notice."""
    decision = client.post("/v1/moderate", json={"text": DESPAIR}).get_json()
    path = f"/v1/decisions/{decision['id']}/notice"
    notice = client.get(path, headers=key(app, "read", "verdict")).get_json()
    assert HELPLINE in notice["text"]
    assert [reason["rule"] for reason in notice["reasons"]] == ["self_harm"]
    assert client.get(path, headers=key(app, "read")).get_json()["reasons"] == []


def test_an_appeal_by_the_platform_does_not_show_it(app: App, client: FlaskClient) -> None:
    """The answer to an appeal has the appeal alone."""
    decision = client.post("/v1/moderate", json={"text": DESPAIR}).get_json()
    answer = client.post(
        f"/v1/decisions/{decision['id']}/appeal", json={"reason": "?"}, headers=key(app, "decide")
    )
    assert answer.status_code == 200
    assert "self_harm" not in answer.text


def test_the_queue_has_readers_in_despair_first(app: App, client: FlaskClient) -> None:
    """Other keys see neither the rule nor this order."""
    ids = [
        client.post("/v1/moderate", json={"text": text}).get_json()["id"]
        for text in ("Too short", "Two words", DESPAIR)
    ]
    moderators, reader = key(app, "read", "verdict"), key(app, "read")

    def waiting(headers: dict[str, str], query: str = "") -> list[str]:
        page = client.get(f"/v1/queue{query}", headers=headers).get_json()
        return [decision["id"] for decision in page["decisions"]]

    assert waiting(moderators) == [ids[2], *ids[:2]]
    assert waiting(moderators, "?rule=self_harm") == [ids[2]]
    assert waiting(reader) == ids
    assert client.get("/v1/queue?rule=self_harm", headers=reader).status_code == 403


@pytest.mark.parametrize("order", ["oldest", "doubtful"])
def test_pages_of_the_queue_have_no_gaps(sessions: Sessions, keep: Keep, order: str) -> None:  # noqa: F811 - fixtures
    """The cursor continues within those in despair, and from them to the others."""
    others = [keep(f"Short {n}") for n in range(3)]
    despair = [keep(f"{DESPAIR} No. {n}") for n in range(3)]
    ids: list[str] = []
    cursor = None
    with sessions() as session:
        while True:
            rows, cursor = queue.page(
                session,
                order=order,  # type: ignore[arg-type]  # 'oldest' or 'doubtful'
                limit=2,
                cursor=cursor,
                who=None,
                filters=queue.Filters(),
                now=NOW,
            )
            ids += [row.id for row in rows]
            if cursor is None:
                break
    assert ids == [*despair, *others]


def test_webhooks_leave_the_rule_out(app: App, client: FlaskClient) -> None:
    """They name the other rules that acted."""
    client.post("/v1/moderate", json={"text": DESPAIR})
    client.post("/v1/moderate", json={"text": "kms"})
    with services_of(app).decider.sessions() as session:
        bodies = [json.loads(row.body) for row in session.scalars(select(DeliveryRow))]
    assert [body["data"]["action"] for body in bodies] == ["review", "review"]
    assert sorted(body["data"]["rules"] for body in bodies) == [[], ["length"]]


def test_metrics_do_not_say_for_whom(client: FlaskClient) -> None:
    """They have the time of each rule's check, which runs on every comment."""
    client.post("/v1/moderate", json={"text": DESPAIR, "author": "ravi"})
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    named = [line for line in lines if "self_harm" in line and not line.startswith("#")]
    assert all(line.startswith("moderation_rule_seconds") for line in named)
    assert not any("ravi" in line for line in lines)


def test_a_statement_of_reasons_does_not_name_it(sessions: Sessions, keep: Keep) -> None:  # noqa: F811 - fixtures
    """Despair alone has the category of self-harm. Otherwise the other rules are the reasons."""
    publication = Policy.load().publication
    alone, with_another = keep(DESPAIR), keep("kms")
    with sessions() as session:
        row = get(session, alone)
        statement = dsa.statement(row, publication)
        assert statement["category"] == "STATEMENT_CATEGORY_SELF_HARM"
        assert statement["category_specification"] == ["KEYWORD_SUICIDE"]
        assert "self_harm" not in json.dumps([statement, dsa.article_17(row, publication)])
        both = dsa.statement(get(session, with_another), publication)
        assert both["category"] == "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
        assert "length" in both["decision_facts"]
        assert "self_harm" not in json.dumps(both)


def test_only_comments_of_readers_in_despair_are_erased(sessions: Sessions, keep: Keep) -> None:  # noqa: F811 - fixtures
    """A finding that was only observed counts too."""
    despair, hint, other = keep(DESPAIR), keep(HINT), keep("Too short")
    later = NOW + dt.timedelta(days=31)
    assert erase.older_than(sessions, 32, later, only_sensitive=True) == 0
    assert erase.older_than(sessions, 30, later, only_sensitive=True) == 2
    with sessions() as session:
        texts = {row.id: row.text for row in session.scalars(select(DecisionRow))}
    assert texts == {despair: None, hint: None, other: "Too short"}


def test_their_retention_has_a_setting_of_its_own(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As shipped they are erased after 30 days, and nothing else is erased."""
    decider, background = services_of(app).decider, services_of(app).background
    running = 0.0
    monkeypatch.setattr("api.background.loop.time.monotonic", lambda: running)
    decider.clock = lambda: NOW
    for text in (DESPAIR, "Too short"):
        client.post("/v1/moderate", json={"text": text})
    decider.clock = lambda: NOW + dt.timedelta(days=31)
    background.round()
    running = STEADY_S
    decider.clock = lambda: NOW + dt.timedelta(days=31, seconds=STEADY_S)
    background.round()
    with decider.sessions() as session:
        assert sorted(map(str, session.scalars(select(DecisionRow.text)))) == ["None", "Too short"]
