"""API keys: expiry, last use, who decides an appeal, and what a key that only decides is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from api import App
from api.record import decisions, keys
from api.record.database import writing
from api.record.tables import KeyRow
from api.services import services_of
from tests.api.conftest import Run
from tests.api.routes.test_record import decide, make, problem

Headers = dict[str, str]
UNTIL = dt.datetime(2030, 6, 30, tzinfo=dt.UTC)


def new_key(app: App, *scopes: str, **options: Any) -> Headers:
    """Return the headers of requests with a new key."""
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        _, secret = keys.create(session, "test", list(scopes), "", decider.clock(), **options)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an empty record."""
    return make(tmp_path)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


def test_an_expired_key_is_refused(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says when it ended, also while the key is remembered."""
    headers = new_key(app, "decide", expires_at=UNTIL)
    now = UNTIL.timestamp() - 1
    monkeypatch.setattr("api.http.auth.time.time", lambda: now)
    assert decide_with(client, headers).status_code == 200
    now += 1
    assert "expired on 2030-06-30 at 00:00 UTC" in problem(decide_with(client, headers), 401)


def decide_with(client: FlaskClient, headers: Headers) -> Any:
    """Decide about a comment with a key."""
    return client.post("/v1/moderate", json={"text": "LOUD"}, headers=headers)


def test_an_expired_key_in_other_dialects(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answers in its own form."""
    headers = new_key(app, "decide", expires_at=UNTIL)
    secret = headers["Authorization"].removeprefix("Bearer ")
    monkeypatch.setattr("api.http.auth.time.time", UNTIL.timestamp)
    body = {"comment": {"text": "LOUD"}, "requestedAttributes": {"TOXICITY": {}}}
    answer = client.post(f"/v1alpha1/comments:analyze?key={secret}", json=body)
    assert (answer.status_code, answer.get_json()["error"]["message"]) == (
        400,
        "API key expired. Please renew the API key.",
    )
    answer = client.post("/v1/moderations", json={"input": "LOUD"}, headers=headers)
    assert answer.status_code == 401
    assert "expired on" in answer.get_json()["error"]["message"]
    form = {"api_key": secret, "blog": "https://blog.example"}
    assert client.post("/1.1/verify-key", data=form).text == "invalid"


def test_the_last_use_is_written_once_a_minute(
    app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests write nothing themselves, and the loop does so at most once a minute."""
    headers = new_key(app, "decide")
    services = services_of(app)
    clock = 1_000_000.0
    monkeypatch.setattr("api.http.auth.time.time", lambda: clock)
    monkeypatch.setattr("api.http.auth.time.monotonic", lambda: clock)
    updates: list[str] = []

    @event.listens_for(services.engine, "before_cursor_execute")
    def _note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE keys"):
            updates.append(statement)

    def last_use() -> float:
        with services.decider.sessions() as session:
            used_at = session.query(KeyRow).one().used_at
        return used_at.timestamp() if used_at else 0.0

    for _ in range(3):
        decide_with(client, headers)
        services.background.round()
        clock += 1
    assert (len(updates), last_use()) == (1, 1_000_000.0)
    clock = 1_000_059.0
    services.background.round()
    assert len(updates) == 1
    clock = 1_000_060.0
    services.background.round()
    services.background.round()
    assert (len(updates), last_use()) == (2, 1_000_002.0)  # no use is forgotten


def test_keys_are_listed_with_scopes_rate_expiry_and_use(run: Run) -> None:
    """The default rate is shown for a key without one. A time that is over is refused."""
    run("keys", "create", "--name", "old desk", "--scope", "read", "--expires", "2030-06-30")
    run("keys", "create", "--name", "blog", "--scope", "decide", "--rate", "5 per second")
    head, desk, blog = run("keys", "list").stdout.splitlines()
    assert head.split() == "id created state expires last use rate scopes name".split()
    assert "in use  2030-06-30 00:00  never     50 per second  read    old desk" in desk
    assert blog.endswith("never             never     5 per second   decide  blog")
    past = run("keys", "create", "--name", "a", "--scope", "read", "--expires", "2020-01-01")
    assert (past.exit_code, "expires: must be later than now" in past.stderr) == (2, True)


def test_an_appeal_answers_with_the_appeal_alone(app: App, client: FlaskClient) -> None:
    """A key that only decides learns neither the text nor who moderated."""
    headers = {name: new_key(app, name) for name in ("decide", "verdict")}
    comment = {"text": "u idiot", "author": "ravi", "article": "Bridge"}
    decision = client.post("/v1/moderate", json=comment, headers=headers["decide"]).get_json()
    url = f"/v1/decisions/{decision['id']}"
    verdict = {"action": "reject", "who": "asha", "reason": "Plain."}
    client.post(f"{url}/verdict", json=verdict, headers=headers["verdict"])
    answer = client.post(
        f"{url}/appeal", json={"reason": "A quotation.", "who": "ravi"}, headers=headers["decide"]
    )
    appeal = answer.get_json()
    assert (appeal["decision"], appeal["step"]) == (decision["id"], "received")
    assert set(appeal) == {"decision", "id", "step", "at", "acknowledge_by", "decide_by"}
    assert not [word for word in ("idiot", "ravi", "asha", "Plain") if word in answer.text]


@pytest.mark.parametrize(
    ("first", "second", "who", "status"),
    [
        pytest.param("one", "one", "mohan", 409, id="another name does not make another person"),
        pytest.param("one", "two", "asha", 409, id="the same name with another key"),
        pytest.param("one", "two", " ASHA ", 409, id="nearly the same name"),
        pytest.param("one", "two", "mohan", 200, id="another moderator's key"),
        pytest.param("site", "site", "mohan", 200, id="a program that signs moderators in"),
        pytest.param("site", "site", "asha", 409, id="the same person in that program"),
    ],
)
def test_an_appeal_is_decided_by_another_moderator(
    app: App, client: FlaskClient, first: str, second: str, who: str, status: int
) -> None:
    """Keys tell moderators apart, and names only if a key's names are trusted."""
    headers = {name: new_key(app, "decide", "verdict") for name in ("one", "two")}
    headers["site"] = new_key(app, "decide", "verdict", trusted_names=True)
    comment = {"text": "LOUD"}
    decision = client.post("/v1/moderate", json=comment, headers=headers["one"]).get_json()
    url = f"/v1/decisions/{decision['id']}"
    verdict = {"action": "reject", "who": "asha"}
    client.post(f"{url}/verdict", json=verdict, headers=headers[first])
    client.post(f"{url}/appeal", json={"reason": "?"}, headers=headers["one"])
    outcome = {"action": "approve", "who": who, "reason": "Fair."}
    answer = client.post(f"{url}/appeal/outcome", json=outcome, headers=headers[second])
    assert answer.status_code == status
    if status == 409:
        assert "someone other than who decided first" in json.loads(answer.data)["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/decisions/{id}"),
        ("GET", "/v1/decisions/{id}/notice"),
        ("GET", "/v1/queue"),
        ("GET", "/v1/export"),
        ("DELETE", "/v1/decisions/{id}/claim?who=asha"),
        ("GET", "/v1/decisions/nothing"),
        ("GET", "/1.2/key-sites"),
    ],
)
def test_answers_about_people_are_not_stored_by_caches(
    client: FlaskClient, method: str, path: str
) -> None:
    """Nothing on the way, and no browser, keeps a copy."""
    decision = decide(client)
    answer = client.open(path.format(id=decision["id"]), method=method)
    assert answer.headers["Cache-Control"] == "no-store"


def test_public_answers_may_be_stored(client: FlaskClient) -> None:
    """The guidelines are for everybody."""
    assert "Cache-Control" not in client.get("/v1/guidelines").headers


def test_a_moderators_key_reads_what_it_may_decide(app: App, client: FlaskClient) -> None:
    """It reads what waits, what is appealed, and what was judged with it, and nothing else."""
    names = ("decide", "read", "verdict")
    headers = {name: new_key(app, name) for name in names}
    other = new_key(app, "verdict")

    def decided(text: str) -> str:
        comment = {"text": text, "author": "ravi", "id": text}
        answer = client.post("/v1/moderate", json=comment, headers=headers["decide"])
        return str(answer.get_json()["id"])

    waiting, passed, refused = (decided(text) for text in ("LOUD", "Quiet.", "u idiot"))

    def read(id_: str, key: Headers) -> int:
        paths = (f"/v1/decisions/{id_}", f"/v1/decisions/{id_}/notice")
        (status,) = {client.get(path, headers=key).status_code for path in paths}
        return status

    reads = {id_: read(id_, headers["verdict"]) for id_ in (waiting, passed, refused)}
    assert reads == {waiting: 200, passed: 403, refused: 403}
    assert {read(id_, headers["read"]) for id_ in reads} == {200}
    page = client.get("/v1/queue", headers=headers["verdict"]).get_json()
    assert [row["text"] for row in page["decisions"]] == ["LOUD"]
    assert client.get("/v1/decisions", headers=headers["verdict"]).status_code == 403
    assert client.get("/v1/export", headers=headers["verdict"]).status_code == 403
    claim = client.post(
        f"/v1/decisions/{passed}/claim", json={"who": "asha"}, headers=headers["verdict"]
    ).get_json()
    assert (claim["claimed_by"], claim["text"], claim["author"]) == ("asha", None, None)
    client.post(f"/v1/decisions/{refused}/appeal", json={"reason": "?"}, headers=headers["decide"])
    assert read(refused, headers["verdict"]) == 200
    verdict = {"action": "reject", "who": "asha", "reason": "Plain."}
    judged = client.post(
        f"/v1/decisions/{passed}/verdict", json=verdict, headers=headers["verdict"]
    ).get_json()
    assert judged["text"] == "Quiet."
    assert [read(passed, key) for key in (headers["verdict"], other)] == [200, 403]
    with services_of(app).decider.sessions() as session:  # what was hidden is still recorded
        assert decisions.get(session, passed).author == "ravi"
