"""The record behind the API: asked, corrected, appealed, claimed, exported, forgotten."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api import App, create_app
from api.record import keys
from api.record.database import writing
from api.record.tables import DeliveryRow
from api.record.webhooks import Hook
from api.services import services_of
from tests.api.conftest import small_moderator


def make(folder: Path, **settings: Any) -> App:
    """A service with a record of its own."""
    own = {
        "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
        "MODERATION_SPOOL": str(folder / "spool"),
    }
    return create_app({"TESTING": True, **own, **settings}, moderator=small_moderator())


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An empty record."""
    return make(tmp_path)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Its test client."""
    return app.test_client()


def decide(client: FlaskClient, text: str = "LOUD", **known: Any) -> dict[str, Any]:
    """A decision, as answered."""
    answer = client.post("/v1/moderate", json={"text": text, **known})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def problem(answer: TestResponse, status: int) -> str:
    """What a refusal says."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    return str(json.loads(answer.data)["detail"])


def test_a_decision_is_kept_as_it_was_answered(client: FlaskClient) -> None:
    """The record tells the same, and what is known around it."""
    made = decide(client, "LOUD 👍🏽 u", id="c1", author="ravi", article="Bridge")
    kept = client.get(f"/v1/decisions/{made['id']}").get_json()
    assert made["recorded"] is True
    assert {name: kept[name] for name in made} == made
    assert (kept["text"], kept["author"], kept["standing"]) == ("LOUD 👍🏽 u", "ravi", "review")
    assert kept["thresholds"]["abuse"] == {"review": 0.6, "reject": 0.9}
    assert kept["history"] == {"verdicts": [], "appeals": []}


def test_the_same_comment_gets_the_same_decision(client: FlaskClient) -> None:
    """Whoever asks twice gets one decision; an edit is a new revision."""
    first, again = decide(client, id="c1"), decide(client, id="c1")
    edited = decide(client, "LOUDER", id="c1")
    assert again["id"] == first["id"]
    assert (again["revision"], edited["id"] != first["id"]) == (1, True)
    assert client.get(f"/v1/decisions/{edited['id']}").get_json()["revision"] == 2


@pytest.mark.parametrize("batch", [False, True])
def test_a_dry_run_leaves_no_trace(client: FlaskClient, batch: bool) -> None:
    """Hints while an author types are in no record."""
    comment: dict[str, Any] = {"text": "LOUD", "id": "c1", "dry_run": True}
    if batch:
        sent = {"comments": [comment, {"text": "Quiet."}]}
        made = client.post("/v1/moderate/batch", json=sent).get_json()["decisions"]
        assert [one["recorded"] for one in made] == [False, True]
        hint = made[0]
    else:
        hint = decide(client, **comment)
    assert hint["recorded"] is False
    problem(client.get(f"/v1/decisions/{hint['id']}"), 404)
    assert decide(client, id="c1")["id"] != hint["id"]


def test_a_dry_run_is_not_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """What an author is still typing shows nowhere; a real request has its line."""
    decide(client, dry_run=True)
    assert "/v1/moderate" not in caplog.text
    decide(client)
    assert "/v1/moderate" in caplog.text


def test_do_not_store_keeps_no_text(client: FlaskClient) -> None:
    """The decision stays, the words do not."""
    made = decide(client, "LOUD secret", do_not_store=True)
    kept = client.get(f"/v1/decisions/{made['id']}")
    assert kept.get_json()["text"] is None
    assert "secret" not in kept.text


def test_a_verdict_stands_and_leaves_the_queue(client: FlaskClient) -> None:
    """The last one stands; all are told."""
    made = decide(client)
    assert [one["id"] for one in client.get("/v1/queue").get_json()["decisions"]] == [made["id"]]
    for action in ("reject", "approve"):
        answer = client.post(
            f"/v1/decisions/{made['id']}/verdict", json={"action": action, "who": "asha"}
        )
        assert answer.get_json()["standing"] == action
    history = answer.get_json()["history"]["verdicts"]
    assert [one["action"] for one in history] == ["reject", "approve"]
    assert client.get("/v1/queue").get_json() == {"decisions": [], "next": None}


def test_an_appeal_runs_its_course(client: FlaskClient) -> None:
    """Received, acknowledged, decided by another; each step at its time only."""
    url = f"/v1/decisions/{decide(client, 'u idiot')['id']}"
    outcome = {"action": "approve", "who": "asha", "reason": "A quotation."}
    assert "No appeal" in problem(client.post(f"{url}/appeal/outcome", json=outcome), 409)
    client.post(f"{url}/verdict", json={"action": "reject", "who": "asha"})
    appealed = client.post(f"{url}/appeal", json={"reason": "I quoted him."}).get_json()
    received = appealed["history"]["appeals"][0]
    at = dt.datetime.fromisoformat(received["at"])
    acknowledge_by, decide_by = received["acknowledge_by"], received["decide_by"]
    assert dt.datetime.fromisoformat(acknowledge_by) - at == dt.timedelta(hours=24)
    assert dt.datetime.fromisoformat(decide_by) - at == dt.timedelta(days=7)
    assert "already open" in problem(client.post(f"{url}/appeal", json={"reason": "?"}), 409)
    assert client.post(f"{url}/appeal/acknowledgement", json={"who": "asha"}).status_code == 200
    assert "other than" in problem(client.post(f"{url}/appeal/outcome", json=outcome), 409)
    settled = client.post(f"{url}/appeal/outcome", json={**outcome, "who": "mohan"}).get_json()
    assert settled["standing"] == "approve"
    assert [step["step"] for step in settled["history"]["appeals"]] == [
        "received",
        "acknowledged",
        "overturned",
    ]


def test_webhooks_carry_nobodys_words(app: App, client: FlaskClient) -> None:
    """What was done and when, not who did it nor why: that is asked for with a key."""
    services_of(app).decider.hooks = [Hook("http://127.0.0.1:1/hook", "secret")]
    url = f"/v1/decisions/{decide(client, 'u idiot')['id']}"
    client.post(f"{url}/verdict", json={"action": "reject", "who": "asha", "reason": "Plain."})
    client.post(f"{url}/appeal", json={"reason": "I quoted him.", "who": "ravi"})
    outcome = {"action": "approve", "who": "mohan", "reason": "A quotation."}
    client.post(f"{url}/appeal/outcome", json=outcome)
    with services_of(app).decider.sessions() as session:
        bodies = [json.loads(body) for body in session.scalars(select(DeliveryRow.body))]
    last = [body["data"] for body in bodies if body["type"] == "verdict"][-1]
    assert [set(one) for one in last["history"]["verdicts"]] == [
        {"id", "action", "route", "at"}
    ] * 2
    assert [one["step"] for one in last["history"]["appeals"]] == ["received", "overturned"]
    sent = json.dumps(bodies)
    assert not [word for word in ("asha", "ravi", "mohan", "quot", "Plain") if word in sent]


def test_a_claim_keeps_others_away(client: FlaskClient) -> None:
    """Until it is given back."""
    url = f"/v1/decisions/{decide(client)['id']}/claim"
    assert client.post(url, json={"who": "asha"}).get_json()["claimed_by"] == "asha"
    assert "asha is reading" in problem(client.post(url, json={"who": "mohan"}), 409)
    assert client.get("/v1/queue?who=mohan").get_json()["decisions"] == []
    assert client.delete(f"{url}?who=asha").get_json()["claimed_by"] is None
    assert len(client.get("/v1/queue?who=mohan").get_json()["decisions"]) == 1


def test_a_claim_is_given_back_as_it_was_taken(client: FlaskClient) -> None:
    """Who gives it back stands in the body or in the address; a mistake names both places."""
    url = f"/v1/decisions/{decide(client)['id']}/claim"
    client.post(url, json={"who": "asha"})
    assert client.delete(url, json={"who": "asha"}).get_json()["claimed_by"] is None
    assert "?who=" in problem(client.delete(url), 422)
    assert "/whom: is not a known field" in problem(
        client.delete(url, json={"whom": "a", "who": "a"}), 422
    )


def test_the_queue_goes_page_by_page(client: FlaskClient) -> None:
    """The cursor of one page leads to the next, until there is none."""
    made = [decide(client, f"LOUD {n}")["id"] for n in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/queue?limit=2{cursor and '&cursor=' + cursor}").get_json()
        seen += [one["id"] for one in page["decisions"]]
        cursor = page["next"]
    assert seen == made


def test_the_queue_of_one_rule(client: FlaskClient) -> None:
    """Any rule of the program may be asked for; of another, those there are are named."""
    made = decide(client)["id"]
    waiting = [one["id"] for one in client.get("/v1/queue?rule=shouting").get_json()["decisions"]]
    assert waiting == [made]
    assert client.get("/v1/queue?rule=length").get_json()["decisions"] == []
    assert "abuse, author," in problem(client.get("/v1/queue?rule=abusee"), 422)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("order=newest", "/order"),
        ("limit=0", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("after=yesterday", "/after"),
        ("colour=red", "/colour"),
        ("rule=abusee", "/rule"),
    ],
)
def test_the_queue_names_what_it_cannot_use(client: FlaskClient, query: str, pointer: str) -> None:
    """As every other route does."""
    answer = client.get(f"/v1/queue?{query}")
    problem(answer, 422)
    assert json.loads(answer.data)["errors"][0]["pointer"] == pointer


def test_the_notice_quotes_guideline_and_words(client: FlaskClient) -> None:
    """What the author reads, and the statement that the law asks for."""
    made = decide(client, "u idiot")
    notice = client.get(f"/v1/decisions/{made['id']}/notice").get_json()
    assert "Be civil." in notice["text"]
    assert notice["decided_by"] == "automatic"
    assert notice["statement_of_reasons"]["clauses"] == ["Be civil."]


def test_the_export_is_one_line_a_decision(client: FlaskClient) -> None:
    """All of them, oldest first; for the DSA the refusals, without a word of the comments."""
    made = [decide(client, text)["id"] for text in ("Quiet.", "u idiot", "LOUD")]
    answer = client.get("/v1/export")
    assert answer.mimetype == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == made
    (line,) = client.get("/v1/export?format=dsa").text.splitlines()
    assert json.loads(line)["puid"] == made[1]
    assert "idiot" not in line


def test_forgetting_an_author(client: FlaskClient) -> None:
    """Text and references go, the decision stays; either a comment or an author is named."""
    made = decide(client, author="ravi")
    assert client.post("/v1/erase", json={"author": "ravi"}).get_json() == {"erased": 1}
    kept = client.get(f"/v1/decisions/{made['id']}").get_json()
    assert (kept["action"], kept["text"], kept["author"]) == ("review", None, None)
    problem(client.post("/v1/erase", json={}), 422)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/notice"),
        ("POST", "/verdict"),
        ("POST", "/appeal"),
        ("POST", "/claim"),
    ],
)
def test_an_unknown_decision(client: FlaskClient, method: str, path: str) -> None:
    """Is said to be unknown, on every route."""
    body = {"/verdict": {"action": "approve", "who": "a"}, "/appeal": {"reason": "?"}}
    sent = body.get(path, {"who": "a"}) if method == "POST" else None
    answer = client.open(f"/v1/decisions/{'0' * 32}{path}", method=method, json=sent)
    assert "no decision with this id" in problem(answer, 404)


def _key(app: App, *scopes: str, rate: str = "") -> dict[str, str]:
    keeper = services_of(app).decider
    with writing(keeper.sessions) as session:
        _, secret = keys.create(session, "test", list(scopes), rate, keeper.clock())
    return {"Authorization": f"Bearer {secret}"}


def test_keys_open_what_their_scopes_say(tmp_path: Path) -> None:
    """Once there is a key, nobody asks without; a key does what it may and no more."""
    app = make(tmp_path)
    headers = _key(app, "decide")
    client = app.test_client()
    assert "Send your API key" in problem(client.post("/v1/moderate", json={"text": "a"}), 401)
    wrong = {"Authorization": "Bearer hr-00000000-00"}
    sent = {"text": "a"}
    assert "unknown or revoked" in problem(
        client.post("/v1/moderate", json=sent, headers=wrong), 401
    )
    assert client.post("/v1/moderate", json=sent, headers=headers).status_code == 200
    assert "no scope 'read'" in problem(client.get("/v1/queue", headers=headers), 403)
    assert client.get("/v1/queue", headers=_key(app, "admin")).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_what_everyone_may_know_needs_no_key(tmp_path: Path) -> None:
    """The guidelines and the models, as docs/api.md says; the metrics need a key that reads.

    The page for trying a comment is gone.
    """
    app = make(tmp_path)
    reads, decides = _key(app, "read"), _key(app, "decide")
    client = app.test_client()
    paths = ("/v1/guidelines", "/v1/models", "/healthz", "/readyz", "/docs", "/openapi.json")
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    asked = [client.get("/metrics", headers=headers) for headers in ({}, decides, reads)]
    assert [answer.status_code for answer in asked] == [401, 403, 200]
    assert "MODERATION_TRY_PAGE=true" in problem(client.get("/try"), 404)


def test_unprotected_can_be_refused(tmp_path: Path) -> None:
    """Where others reach the service, no key means no entry."""
    client = make(tmp_path, MODERATION_UNPROTECTED=False).test_client()
    problem(client.post("/v1/moderate", json={"text": "a"}), 401)


def test_a_key_has_its_rate(tmp_path: Path) -> None:
    """Over it, the answer says when to come again."""
    app = make(tmp_path)
    headers = _key(app, "decide", rate="2 per hour")
    client = app.test_client()
    answers = [client.post("/v1/moderate", json={"text": "a"}, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_while_the_database_is_away_comments_are_decided(app: App, client: FlaskClient) -> None:
    """They wait on disk, and are recorded once when it is back."""
    keeper = services_of(app).decider
    engine = services_of(app).engine
    path = Path(str(engine.url.database))
    decide(client)
    engine.dispose()
    hidden = path.with_name("hidden")
    path.rename(hidden)
    path.mkdir()  # nothing can be opened here
    made = decide(client, "LOUD again", id="c2")
    assert (made["action"], made["recorded"]) == ("review", False)
    assert client.get("/readyz").get_json() == {"status": "ok", "waiting": 1}
    problem(client.get(f"/v1/decisions/{made['id']}"), 503)
    path.rmdir()
    hidden.rename(path)
    keeper.circuit.answered()
    services_of(app).background.round()
    services_of(app).background.round()
    assert client.get("/readyz").get_json()["waiting"] == 0
    assert client.get(f"/v1/decisions/{made['id']}").get_json()["text"] == "LOUD again"
    assert decide(client, "LOUD again", id="c2")["id"] == made["id"]


def test_when_nothing_can_be_kept_readiness_says_so(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments are still decided, and the loss is counted."""
    keeper = services_of(app).decider
    assert client.get("/v1/models").status_code == 200  # there is no key, as the database says
    keeper.circuit.failed(OperationalError("", {}, RuntimeError()))

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeper.spool, "put", full)
    assert decide(client)["recorded"] is False
    assert "Neither the database nor the disk" in problem(client.get("/readyz"), 503)
    assert keeper.lost == 1
    assert "moderation_decisions_lost_total 1.0" in client.get("/metrics").text


def test_metrics_count_and_never_quote(client: FlaskClient) -> None:
    """Requests, decisions, rules and versions; no word of a comment."""
    decide(client, "LOUD secret words")
    text = client.get("/metrics").text
    assert 'moderation_decisions_total{action="review",route="v1"} 1.0' in text
    assert 'moderation_rule_seconds_count{rule="shouting"} 1.0' in text
    assert 'moderation_version{kind="abuse",version="2026-01"} 1.0' in text
    assert "secret" not in text
