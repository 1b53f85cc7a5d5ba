"""While there is no key: which requests are answered, and how each dialect refuses the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api import App
from api.dialects.coral import signature
from api.services import services_of
from tests.api.dialects.conftest import FINE, REJECTED, SECRET, decided, key, make

EVIL = "http://evil.example"
FOREIGN = [
    pytest.param({"Host": "evil.example:8000"}, id="another name"),
    pytest.param({"Host": "localhost.evil.example"}, id="a name that begins like ours"),
    pytest.param({"Host": "192.168.1.7:8000"}, id="an address that others reach"),
    pytest.param({"Host": ""}, id="no name"),
    pytest.param({"Host": "localhost:80@evil.example"}, id="no name either"),
    pytest.param({"Origin": EVIL}, id="another origin"),
    pytest.param({"Origin": "http://localhost:3000"}, id="another port"),
    pytest.param({"Origin": "null"}, id="a page without origin"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="another port of this site"),
    pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": EVIL}, id="a contradiction"),
    pytest.param({"X-Forwarded-For": "192.0.2.1"}, id="a proxy"),
    pytest.param({"X-Forwarded-Host": "localhost"}, id="a proxy by its host"),
    pytest.param({"Forwarded": "for=192.0.2.1"}, id="a proxy by the standard"),
    pytest.param({"X-Real-IP": "192.0.2.1"}, id="a proxy such as nginx"),
    pytest.param({"Via": "1.1 cache"}, id="a cache"),
]
OURS = [
    pytest.param({}, id="a program"),
    pytest.param({"Host": "127.0.0.1:8000"}, id="by address"),
    pytest.param({"Host": "127.8.8.8"}, id="by another address of this machine"),
    pytest.param({"Host": "[::1]:8000"}, id="by its sixth version"),
    pytest.param({"Host": "LocalHost.:8000"}, id="however it is written"),
    pytest.param({"Host": "rules.example"}, id="by the public URL"),
    pytest.param({"Host": "hr-1-2.rest.akismet.com"}, id="by a name below an allowed one"),
    pytest.param({"Host": "rules"}, id="by an allowed name"),
    pytest.param({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, id="our page"),
    pytest.param({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, id="our page's form"),
    pytest.param({"Origin": "https://rules.example", "Sec-Fetch-Site": "same-site"}, id="public"),
    pytest.param({"Sec-Fetch-Site": "none"}, id="typed by a person"),
]
ALLOWED = {
    "MODERATION_PUBLIC_URL": "https://rules.example/",
    "MODERATION_ALLOWED_HOSTS": "Rules, *.rest.akismet.com",
}


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An empty record and no key."""
    return make(tmp_path / "own")


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Its test client."""
    return app.test_client()


@pytest.fixture
def open_to(tmp_path: Path) -> FlaskClient:
    """A service with names of its own, and no key."""
    return make(tmp_path / "named", **ALLOWED).test_client()


def routes(app: App) -> list[tuple[str, str]]:
    """Every route with a method that it takes; whatever a path wants is put in."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<any(html, plain):form>", "html")
        path = path.replace("<any(spam, ham):kind>", "spam").replace("<path:filename>", "desk.css")
        path = path.replace("<path:name>", "css/swagger-ui.css").replace("<decision_id>", "0" * 32)
        assert "<" not in path, path
        found += [(method, path) for method in sorted((rule.methods or set()) - {"OPTIONS"})]
    return found


def refused(answer: TestResponse) -> bool:
    """Whether a request was refused because there is no key, in whatever shape."""
    said = answer.get_data(as_text=True) + answer.headers.get("X-akismet-debug-help", "")
    if "has no API key yet" not in said:
        return False
    assert "moderation keys create" in said
    return True


@pytest.mark.parametrize("headers", FOREIGN)
def test_every_route_refuses(client: FlaskClient, app: App, headers: Mapping[str, str]) -> None:
    """But for probes, static files, and Coral's route, which wants a signature.

    The record keeps nothing of it. A route that is added is among them by itself.
    """
    answered = set()
    for method, path in routes(app):
        answer = client.open(path, method=method, headers=headers)
        if method != "HEAD" and not refused(answer):
            answered.add(path)
        answer.close()
    assert answered == {
        "/healthz",
        "/readyz",
        "/coral/html",
        "/desk/static/desk.css",
        "/docs/static/desk.css",
        "/docs/swagger/css/swagger-ui.css",
    }
    assert refused(client.get("/nothing", headers=headers))
    assert decided(app) == []


@pytest.mark.parametrize("headers", OURS)
def test_what_comes_from_here_is_answered(open_to: FlaskClient, headers: Mapping[str, str]) -> None:
    """By the names of this machine and those in the settings, and from our own pages."""
    made = open_to.post("/v1/moderate", json={"text": FINE}, headers=headers)
    assert made.status_code == 200
    assert open_to.get("/v1/export", headers=headers).status_code == 200


def test_a_link_may_lead_to_a_page(client: FlaskClient) -> None:
    """From a manual on another site to a page without data; nothing else may be asked by it."""
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert [client.get(path, headers=link).status_code for path in ("/", "/try", "/docs")] == [
        302,
        200,
        200,
    ]
    assert client.get("/v1/export", headers=link).status_code == 403
    assert client.post("/try", data={"text": FINE}, headers=link).status_code == 403
    framed = {**link, "Sec-Fetch-Dest": "iframe"}
    assert client.get("/try", headers=framed).status_code == 403
    rebound = {**link, "Host": "evil.example"}
    assert client.get("/try", headers=rebound).status_code == 403


def test_our_api_says_what_to_do(client: FlaskClient) -> None:
    """In its own shape: make a key, or name the host."""
    answer = client.get("/v1/export", headers={"Host": "rules.lan:8000"})
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    said = json.loads(answer.data)["detail"]
    assert "'rules.lan:8000' is not one of its names" in said
    assert "moderation keys create --name NAME --scope decide" in said
    assert "MODERATION_ALLOWED_HOSTS" in said
    said = json.loads(client.get("/v1/export", headers={"X-Forwarded-For": "a"}).data)["detail"]
    assert "X-Forwarded-For" in said
    assert "MODERATION_ALLOWED_HOSTS" not in said  # it would not help


def test_dialects_say_it_in_their_own_shapes(client: FlaskClient) -> None:
    """Google's envelope, OpenAI's error, Akismet's 'invalid'."""
    page = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    body = json.dumps({"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}})
    answer = client.post("/v1alpha1/comments:suggestscore", data=body, headers=page)
    error = json.loads(answer.data)["error"]
    assert (answer.status_code, error["code"]) == (403, 403)
    assert "no API key yet" in error["message"]
    answer = client.post("/v1/moderations", json={"input": FINE}, headers={"Via": "1.1 cache"})
    error = answer.get_json()["error"]
    assert (answer.status_code, error["type"]) == (403, "invalid_request_error")
    assert "no API key yet" in error["message"]
    form = {"comment_content": FINE, "blog": "https://paper.example"}
    answer = client.post("/1.1/submit-ham", data=form, headers={"Origin": EVIL})
    assert (answer.data, answer.status_code) == (b"invalid", 200)
    assert "no API key yet" in answer.headers["X-akismet-debug-help"]


def test_coral_is_known_by_its_signature(client: FlaskClient) -> None:
    """It publishes a comment about which it is refused an answer, so a signed request gets one."""
    call = {
        "action": "NEW",
        "comment": {"body": REJECTED},
        "author": {"id": "a"},
        "story": {"id": "s"},
    }
    raw = json.dumps(call).encode()
    proxy = {"Host": "evil.example", "X-Forwarded-For": "192.0.2.1"}
    signed = {**proxy, "X-Coral-Signature": signature(SECRET, raw)}
    answer = client.post("/coral/html", data=raw, headers=signed)
    assert answer.get_json()["status"] == "REJECTED"
    assert client.post("/coral/html", data=raw, headers=proxy).status_code == 401


def tries(client: FlaskClient, secret: str) -> list[int | bytes]:
    """What each dialect answers to a key, in every place where it may be sent."""
    bearer = {"Authorization": f"Bearer {secret}"}
    comment = {"comment": {"text": FINE}, "requestedAttributes": {"TOXICITY": {}}}
    form = {"comment_content": FINE, "blog": "https://paper.example"}
    analyze, check = "/v1alpha1/comments:analyze", "/1.1/comment-check"
    host = {"Host": f"{secret}.rest.akismet.com"}
    return [
        client.post("/v1/moderate", json={"text": FINE}, headers=bearer).status_code,
        client.post("/v1/moderations", json={"input": FINE}, headers=bearer).status_code,
        client.post(f"{analyze}?key={secret}", json=comment).status_code,
        client.post(analyze, json=comment, headers={"X-Goog-Api-Key": secret}).status_code,
        client.post(check, data={**form, "api_key": secret}).data,
        client.post(check, data={**form, "key": secret}).data,
        client.post(check, data=form, headers=host).data,
    ]


@pytest.mark.parametrize("secret", ["sk-proj-whatever", "hr-00000000-" + "0" * 40])
def test_any_key_is_good_while_there_is_none(open_to: FlaskClient, secret: str) -> None:
    """In every dialect and place; from the first key on it is refused."""
    assert tries(open_to, secret) == [200, 200, 200, 200, b"false", b"false", b"false"]
    real = key(cast(App, open_to.application), "decide")
    assert tries(open_to, real.lower()) == [200, 200, 200, 200, b"false", b"false", b"false"]
    assert tries(open_to, secret) == [401, 401, 400, 400, *[b"invalid"] * 3]


def test_the_first_key_closes_the_service(
    app: App, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once for whoever shows it, for all others within a second."""
    assert client.get("/v1/export").status_code == 200
    limited = {"Authorization": f"Bearer {key(app, 'decide')}"}
    assert client.get("/v1/export", headers=limited).status_code == 403
    assert client.get("/v1/export").status_code == 401

    again = make(tmp_path / "again").test_client()
    assert again.get("/v1/export").status_code == 200
    monkeypatch.setattr("api.http.auth.LOOK_S", 0.0)
    key(cast(App, again.application), "decide")
    assert again.get("/v1/export").status_code == 401


def test_with_a_key_neither_host_nor_proxy_matters(app: App, client: FlaskClient) -> None:
    """The key says who asks."""
    proxy = {"Host": "moderation.example", "X-Forwarded-For": "192.0.2.1", "Origin": EVIL}
    headers = {**proxy, "Authorization": f"Bearer {key(app, 'admin')}"}
    assert client.get("/v1/export", headers=headers).status_code == 200
    assert client.get("/v1/export", headers=proxy).status_code == 401


def test_without_knowing_whether_there_are_keys(app: App, client: FlaskClient) -> None:
    """While the database is away from the start, comments are decided, and nothing else is done."""
    services_of(app).decider.circuit.failed(OperationalError("", {}, RuntimeError()))
    assert client.post("/v1/moderate", json={"text": FINE}).status_code == 200
    assert client.get("/try").status_code == 404
    for path in ("/v1/export", "/v1/queue", "/metrics"):
        assert client.get(path).status_code == 503
    assert refused(client.post("/v1/moderate", json={"text": FINE}, headers={"Host": "a.example"}))


def test_unprotected_false_asks_for_a_key(tmp_path: Path) -> None:
    """From the beginning, and no made-up key is good."""
    app = make(tmp_path, MODERATION_UNPROTECTED=False)
    client = app.test_client()
    assert client.get("/v1/export").status_code == 401
    made_up = {"Authorization": "Bearer sk-proj-whatever"}
    assert client.get("/v1/export", headers=made_up).status_code == 401
    assert client.get("/try").status_code == 404
    headers = {"Authorization": f"Bearer {key(app, 'admin')}", "Host": "moderation.example"}
    assert client.get("/v1/export", headers=headers).status_code == 200
