"""Recorded decisions: verdicts, appeals, claims, the queue, the export, erasure and keys."""

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
    """Return an app with an empty record in `folder`."""
    paths = {
        "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
        "MODERATION_SPOOL": str(folder / "spool"),
    }
    return create_app({"TESTING": True, **paths, **settings}, moderator=small_moderator())


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an empty record."""
    return make(tmp_path)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


def decide(client: FlaskClient, text: str = "LOUD", **fields: Any) -> dict[str, Any]:
    """Return the decision about a comment."""
    answer = client.post("/v1/moderate", json={"text": text, **fields})
    assert answer.status_code == 200
    decision: dict[str, Any] = answer.get_json()
    return decision


def queue_ids(client: FlaskClient, query: str = "") -> list[str]:
    """Return the ids of the decisions in the queue."""
    page = client.get(f"/v1/queue{query}").get_json()
    return [decision["id"] for decision in page["decisions"]]


def problem(answer: TestResponse, status: int) -> str:
    """Return the explanation in a refusal."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    return str(json.loads(answer.data)["detail"])


def test_a_decision_is_recorded_as_it_was_answered(client: FlaskClient) -> None:
    """The record has the same decision, with the context of the comment."""
    decision = decide(client, "LOUD 👍🏽 u", id="c1", author="ravi", article="Bridge")
    recorded = client.get(f"/v1/decisions/{decision['id']}").get_json()
    assert decision["recorded"] is True
    assert {name: recorded[name] for name in decision} == decision
    assert (recorded["text"], recorded["author"]) == ("LOUD 👍🏽 u", "ravi")
    assert recorded["standing"] == "review"
    assert recorded["thresholds"]["abuse"] == {"review": 0.6, "reject": 0.9}
    assert recorded["history"] == {"verdicts": [], "appeals": []}


def test_the_same_comment_gets_the_same_decision(client: FlaskClient) -> None:
    """The second request gets the first decision. An edit is a new revision."""
    first, again = decide(client, id="c1"), decide(client, id="c1")
    edited = decide(client, "LOUDER", id="c1")
    assert again["id"] == first["id"]
    assert (again["revision"], edited["id"] != first["id"]) == (1, True)
    assert client.get(f"/v1/decisions/{edited['id']}").get_json()["revision"] == 2


@pytest.mark.parametrize("batch", [False, True])
def test_a_dry_run_leaves_no_trace(client: FlaskClient, batch: bool) -> None:
    """Hints while an author types are not recorded."""
    comment: dict[str, Any] = {"text": "LOUD", "id": "c1", "dry_run": True}
    if batch:
        body = {"comments": [comment, {"text": "Quiet."}]}
        decisions = client.post("/v1/moderate/batch", json=body).get_json()["decisions"]
        assert [decision["recorded"] for decision in decisions] == [False, True]
        hint = decisions[0]
    else:
        hint = decide(client, **comment)
    assert hint["recorded"] is False
    problem(client.get(f"/v1/decisions/{hint['id']}"), 404)
    assert decide(client, id="c1")["id"] != hint["id"]


def test_a_dry_run_is_not_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A request with `dry_run` leaves no line in the log. Others do."""
    decide(client, dry_run=True)
    assert "/v1/moderate" not in caplog.text
    decide(client)
    assert "/v1/moderate" in caplog.text


def test_do_not_store_records_no_text(client: FlaskClient) -> None:
    """The decision is recorded, without the text."""
    decision = decide(client, "LOUD secret", do_not_store=True)
    recorded = client.get(f"/v1/decisions/{decision['id']}")
    assert recorded.get_json()["text"] is None
    assert "secret" not in recorded.text


def test_a_verdict_applies_and_empties_the_queue(client: FlaskClient) -> None:
    """The last verdict applies. The history has all of them."""
    decision = decide(client)
    assert queue_ids(client) == [decision["id"]]
    for action in ("reject", "approve"):
        answer = client.post(
            f"/v1/decisions/{decision['id']}/verdict", json={"action": action, "who": "asha"}
        )
        assert answer.get_json()["standing"] == action
    history = answer.get_json()["history"]["verdicts"]
    assert [verdict["action"] for verdict in history] == ["reject", "approve"]
    assert client.get("/v1/queue").get_json() == {"decisions": [], "next": None}


def test_the_steps_of_an_appeal(client: FlaskClient) -> None:
    """It is received, acknowledged and decided by another moderator, in this order only."""
    url = f"/v1/decisions/{decide(client, 'u idiot')['id']}"
    outcome = {"action": "approve", "who": "asha", "reason": "A quotation."}
    assert "No appeal" in problem(client.post(f"{url}/appeal/outcome", json=outcome), 409)
    client.post(f"{url}/verdict", json={"action": "reject", "who": "asha"})
    appealed = client.post(f"{url}/appeal", json={"reason": "I quoted him."}).get_json()
    at = dt.datetime.fromisoformat(appealed["at"])
    acknowledge_by, decide_by = appealed["acknowledge_by"], appealed["decide_by"]
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


def test_webhooks_contain_no_names_or_texts(app: App, client: FlaskClient) -> None:
    """They say what was done and when. Who did it and why requires a key."""
    services_of(app).decider.hooks = [Hook("http://127.0.0.1:1/hook", "secret")]
    url = f"/v1/decisions/{decide(client, 'u idiot')['id']}"
    client.post(f"{url}/verdict", json={"action": "reject", "who": "asha", "reason": "Plain."})
    client.post(f"{url}/appeal", json={"reason": "I quoted him.", "who": "ravi"})
    outcome = {"action": "approve", "who": "mohan", "reason": "A quotation."}
    client.post(f"{url}/appeal/outcome", json=outcome)
    with services_of(app).decider.sessions() as session:
        bodies = [json.loads(body) for body in session.scalars(select(DeliveryRow.body))]
    last = [body["data"] for body in bodies if body["type"] == "verdict"][-1]
    assert [set(verdict) for verdict in last["history"]["verdicts"]] == [
        {"id", "action", "route", "at"}
    ] * 2
    assert [step["step"] for step in last["history"]["appeals"]] == ["received", "overturned"]
    dump = json.dumps(bodies)
    assert not [word for word in ("asha", "ravi", "mohan", "quot", "Plain") if word in dump]


def test_a_claim_hides_the_comment_from_others(client: FlaskClient) -> None:
    """The comment is visible again when the claim is released."""
    url = f"/v1/decisions/{decide(client)['id']}/claim"
    assert client.post(url, json={"who": "asha"}).get_json()["claimed_by"] == "asha"
    assert "asha is reading" in problem(client.post(url, json={"who": "mohan"}), 409)
    assert queue_ids(client, "?who=mohan") == []
    assert client.delete(f"{url}?who=asha").get_json()["claimed_by"] is None
    assert len(queue_ids(client, "?who=mohan")) == 1


def test_a_claim_is_released_by_body_or_query(client: FlaskClient) -> None:
    """The moderator is named in either. The error message names both."""
    url = f"/v1/decisions/{decide(client)['id']}/claim"
    client.post(url, json={"who": "asha"})
    assert client.delete(url, json={"who": "asha"}).get_json()["claimed_by"] is None
    assert "?who=" in problem(client.delete(url), 422)
    assert "/whom: is not a known field" in problem(
        client.delete(url, json={"whom": "a", "who": "a"}), 422
    )


def test_the_queue_goes_page_by_page(client: FlaskClient) -> None:
    """Each page has the cursor of the next. The last one has none."""
    ids = [decide(client, f"LOUD {number}")["id"] for number in range(5)]
    paged, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/queue?limit=2{cursor and '&cursor=' + cursor}").get_json()
        paged += [decision["id"] for decision in page["decisions"]]
        cursor = page["next"]
    assert paged == ids


def test_the_queue_of_one_rule(client: FlaskClient) -> None:
    """Every existing rule is accepted. For an unknown one, the error lists the rules."""
    decision = decide(client)
    assert queue_ids(client, "?rule=shouting") == [decision["id"]]
    assert queue_ids(client, "?rule=length") == []
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
def test_an_invalid_query_of_the_queue(client: FlaskClient, query: str, pointer: str) -> None:
    """The error points to the parameter."""
    answer = client.get(f"/v1/queue?{query}")
    problem(answer, 422)
    assert json.loads(answer.data)["errors"][0]["pointer"] == pointer


def test_changed_decisions_page_by_page(client: FlaskClient) -> None:
    """A verdict moves a decision to the end. `changed_at` is where the next poll begins."""
    first, second, third = (decide(client, f"LOUD {number}")["id"] for number in range(3))
    client.post(f"/v1/decisions/{first}/verdict", json={"action": "reject", "who": "asha"})
    page = client.get("/v1/decisions?limit=2").get_json()
    assert [decision["id"] for decision in page["decisions"]] == [second, third]
    query = {"limit": 2, "cursor": page["next"], "changed_since": "2026-01-01T00:00:00Z"}
    page = client.get("/v1/decisions", query_string=query).get_json()
    (decision,) = page["decisions"]
    assert (decision["id"], decision["standing"], page["next"]) == (first, "reject", None)
    since = {"changed_since": decision["changed_at"]}
    later = client.get("/v1/decisions", query_string=since).get_json()
    assert [decision["id"] for decision in later["decisions"]] == [first]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("changed_since=yesterday", "/changed_since"),
        ("changed_since=2026-01-01T00:00:00", "/changed_since"),
        ("limit=201", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("since=2026-01-01T00:00:00Z", "/since"),
    ],
)
def test_an_invalid_query_of_changed_decisions(
    client: FlaskClient, query: str, pointer: str
) -> None:
    """The error points to the parameter."""
    answer = client.get(f"/v1/decisions?{query}")
    problem(answer, 422)
    assert json.loads(answer.data)["errors"][0]["pointer"] == pointer


def test_the_notice_quotes_the_guideline(client: FlaskClient) -> None:
    """The text is for the author. The law requires the statement of reasons."""
    decision = decide(client, "u idiot")
    notice = client.get(f"/v1/decisions/{decision['id']}/notice").get_json()
    assert "Be civil." in notice["text"]
    assert notice["decided_by"] == "automatic"
    assert notice["statement_of_reasons"]["clauses"] == ["Be civil."]


def test_the_export_has_one_line_per_decision(client: FlaskClient) -> None:
    """It has all decisions, oldest first. For the DSA it has rejections, without texts."""
    ids = [decide(client, text)["id"] for text in ("Quiet.", "u idiot", "LOUD")]
    answer = client.get("/v1/export")
    assert answer.mimetype == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ids
    (line,) = client.get("/v1/export?format=dsa").text.splitlines()
    assert json.loads(line)["puid"] == ids[1]
    assert "idiot" not in line


def test_erasing_an_author(client: FlaskClient) -> None:
    """Texts and references are erased. The body must name a comment or an author."""
    decision = decide(client, author="ravi")
    assert client.post("/v1/erase", json={"author": "ravi"}).get_json()["erased"] == 1
    erased = client.get(f"/v1/decisions/{decision['id']}").get_json()
    assert (erased["action"], erased["text"], erased["author"]) == ("review", None, None)
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
    """Every route answers 404."""
    bodies = {"/verdict": {"action": "approve", "who": "a"}, "/appeal": {"reason": "?"}}
    body = bodies.get(path, {"who": "a"}) if method == "POST" else None
    answer = client.open(f"/v1/decisions/{'0' * 32}{path}", method=method, json=body)
    assert "no decision with this id" in problem(answer, 404)


def _key(app: App, *scopes: str, rate: str = "") -> dict[str, str]:
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        _, secret = keys.create(session, "test", list(scopes), rate, decider.clock())
    return {"Authorization": f"Bearer {secret}"}


def test_keys_may_do_what_their_scopes_allow(tmp_path: Path) -> None:
    """Once there is a key, every request needs one, and a key is limited to its scopes."""
    app = make(tmp_path)
    headers = _key(app, "decide")
    client = app.test_client()
    assert "Send your API key" in problem(client.post("/v1/moderate", json={"text": "a"}), 401)
    wrong = {"Authorization": "Bearer hr-00000000-00"}
    comment = {"text": "a"}
    assert "unknown or revoked" in problem(
        client.post("/v1/moderate", json=comment, headers=wrong), 401
    )
    assert client.post("/v1/moderate", json=comment, headers=headers).status_code == 200
    assert "no scope 'read'" in problem(client.get("/v1/queue", headers=headers), 403)
    assert client.get("/v1/queue", headers=_key(app, "admin")).status_code == 200
    assert "no scope 'read'" in problem(client.get("/v1/decisions", headers=headers), 403)
    assert client.get("/v1/decisions", headers=_key(app, "read")).status_code == 200
    author = {"author": "ravi"}
    assert "no scope 'erase'" in problem(
        client.post("/v1/erase", json=author, headers=_key(app, "verdict")), 403
    )
    for scope in ("erase", "admin"):
        answer = client.post("/v1/erase", json=author, headers=_key(app, scope))
        assert answer.status_code == 200
    assert client.get("/healthz").status_code == 200


def test_public_routes_need_no_key(tmp_path: Path) -> None:
    """The guidelines and the models are public, and the metrics need the scope 'read'.

    Once there is a key, the page for trying a comment is off.
    """
    app = make(tmp_path)
    reader, blog = _key(app, "read"), _key(app, "decide")
    client = app.test_client()
    paths = ("/v1/guidelines", "/v1/models", "/healthz", "/readyz", "/docs", "/openapi.json")
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    answers = [client.get("/metrics", headers=headers) for headers in ({}, blog, reader)]
    assert [answer.status_code for answer in answers] == [401, 403, 200]
    assert "MODERATION_TRY_PAGE=true" in problem(client.get("/try"), 404)


def test_unprotected_can_be_turned_off(tmp_path: Path) -> None:
    """Then requests need a key from the start."""
    client = make(tmp_path, MODERATION_UNPROTECTED=False).test_client()
    problem(client.post("/v1/moderate", json={"text": "a"}), 401)


def test_a_key_has_a_rate_limit(tmp_path: Path) -> None:
    """Over the limit, the answer says when to retry."""
    app = make(tmp_path)
    headers = _key(app, "decide", rate="2 per hour")
    client = app.test_client()
    answers = [client.post("/v1/moderate", json={"text": "a"}, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_comments_are_decided_while_the_database_is_down(app: App, client: FlaskClient) -> None:
    """Decisions wait on disk, and are recorded when it is back."""
    services = services_of(app)
    engine = services.engine
    path = Path(str(engine.url.database))
    decide(client)
    engine.dispose()
    hidden = path.with_name("hidden")
    path.rename(hidden)
    path.mkdir()  # SQLite cannot open a folder
    decision = decide(client, "LOUD again", id="c2")
    assert (decision["action"], decision["recorded"]) == ("review", False)
    assert client.get("/readyz").get_json() == {"status": "ok", "waiting": 1}
    problem(client.get(f"/v1/decisions/{decision['id']}"), 503)
    path.rmdir()
    hidden.rename(path)
    services.decider.circuit.answered()
    services.background.round()
    services.background.round()
    assert client.get("/readyz").get_json()["waiting"] == 0
    assert client.get(f"/v1/decisions/{decision['id']}").get_json()["text"] == "LOUD again"
    assert decide(client, "LOUD again", id="c2")["id"] == decision["id"]


def test_readyz_reports_lost_decisions(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk is full too, comments are still decided, and each lost decision is counted."""
    decider = services_of(app).decider
    assert client.get("/v1/models").status_code == 200  # notes that there is no key
    decider.circuit.failed(OperationalError("", {}, RuntimeError()))

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decider.spool, "put", full)
    assert decide(client)["recorded"] is False
    assert "Neither the database nor the disk" in problem(client.get("/readyz"), 503)
    assert decider.lost == 1
    assert "moderation_decisions_lost_total 1.0" in client.get("/metrics").text


def test_metrics_count_and_never_quote(client: FlaskClient) -> None:
    """They count requests, decisions, rules and versions, and contain no text of a comment."""
    decide(client, "LOUD secret words")
    text = client.get("/metrics").text
    assert 'moderation_decisions_total{action="review",route="v1"} 1.0' in text
    assert 'moderation_rule_seconds_count{rule="shouting"} 1.0' in text
    assert 'moderation_version{kind="abuse",version="2026-01"} 1.0' in text
    assert "secret" not in text
