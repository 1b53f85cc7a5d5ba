"""While there is no key: which requests are answered, and how each API refuses the others."""

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
    pytest.param({"Host": "localhost.evil.example"}, id="a name with our name as prefix"),
    pytest.param({"Host": "192.168.1.7:8000"}, id="an address in the network"),
    pytest.param({"Host": ""}, id="no name"),
    pytest.param({"Host": "localhost:80@evil.example"}, id="a name in the user part"),
    pytest.param({"Origin": EVIL}, id="another origin"),
    pytest.param({"Origin": "http://localhost:3000"}, id="another port"),
    pytest.param({"Origin": "null"}, id="a page without origin"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="another port of this site"),
    pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": EVIL}, id="a contradiction"),
    pytest.param({"X-Forwarded-For": "192.0.2.1"}, id="a proxy"),
    pytest.param({"X-Forwarded-Host": "localhost"}, id="a proxy with a host"),
    pytest.param({"Forwarded": "for=192.0.2.1"}, id="a proxy with the standard header"),
    pytest.param({"X-Real-IP": "192.0.2.1"}, id="a proxy such as nginx"),
    pytest.param({"Via": "1.1 cache"}, id="a cache"),
]
LOCAL = [
    pytest.param({}, id="a program"),
    pytest.param({"Host": "127.0.0.1:8000"}, id="by address"),
    pytest.param({"Host": "127.8.8.8"}, id="by another address of this machine"),
    pytest.param({"Host": "[::1]:8000"}, id="by IPv6 address"),
    pytest.param({"Host": "LocalHost.:8000"}, id="in capitals with a final dot"),
    pytest.param({"Host": "rules.example"}, id="by the public URL"),
    pytest.param({"Host": "hr-1-2.rest.akismet.com"}, id="by a subdomain of an allowed name"),
    pytest.param({"Host": "rules"}, id="by an allowed name"),
    pytest.param({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, id="our page"),
    pytest.param({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, id="our page's form"),
    pytest.param(
        {"Origin": "https://rules.example", "Sec-Fetch-Site": "same-site"},
        id="the page at the public URL",
    ),
    pytest.param({"Sec-Fetch-Site": "none"}, id="typed into the address bar"),
]
ALLOWED = {
    "MODERATION_PUBLIC_URL": "https://rules.example/",
    "MODERATION_ALLOWED_HOSTS": "Rules, *.rest.akismet.com",
}


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an empty record and no key."""
    return make(tmp_path / "own")


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


@pytest.fixture
def named_client(tmp_path: Path) -> FlaskClient:
    """Return a client of a service with host names in its settings, and no key."""
    return make(tmp_path / "named", **ALLOWED).test_client()


def routes(app: App) -> list[tuple[str, str]]:
    """Return all methods and paths of an app, with values for the parameters of the paths."""
    routes = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<any(html, plain):form>", "html")
        path = path.replace("<any(spam, ham):kind>", "spam").replace("<path:filename>", "desk.css")
        path = path.replace("<path:name>", "css/swagger-ui.css").replace("<decision_id>", "0" * 32)
        assert "<" not in path, path
        routes += [(method, path) for method in sorted((rule.methods or set()) - {"OPTIONS"})]
    return routes


def refused(answer: TestResponse) -> bool:
    """Return whether a request was refused because there is no key, in any API's format."""
    message = answer.get_data(as_text=True) + answer.headers.get("X-akismet-debug-help", "")
    if "has no API key yet" not in message:
        return False
    assert "moderation keys create" in message
    return True


@pytest.mark.parametrize("headers", FOREIGN)
def test_every_route_refuses(client: FlaskClient, app: App, headers: Mapping[str, str]) -> None:
    """All except probes, static files and Coral's route, which requires a signature.

    Nothing is recorded. The test covers new routes without changes.
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


@pytest.mark.parametrize("headers", LOCAL)
def test_local_requests_are_answered(named_client: FlaskClient, headers: Mapping[str, str]) -> None:
    """They use a name of this machine or one in the settings, or come from our own pages."""
    answer = named_client.post("/v1/moderate", json={"text": FINE}, headers=headers)
    assert answer.status_code == 200
    assert named_client.get("/v1/export", headers=headers).status_code == 200


def test_another_site_may_link_to_a_page(client: FlaskClient) -> None:
    """A link may open a page without data, such as from a manual, and nothing else."""
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


def test_the_problem_says_what_to_do(client: FlaskClient) -> None:
    """You can create a key, or allow the host name."""
    answer = client.get("/v1/export", headers={"Host": "rules.lan:8000"})
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    detail = json.loads(answer.data)["detail"]
    assert "'rules.lan:8000' is not one of its names" in detail
    assert "moderation keys create --name NAME --scope decide" in detail
    assert "MODERATION_ALLOWED_HOSTS" in detail
    detail = json.loads(client.get("/v1/export", headers={"X-Forwarded-For": "a"}).data)["detail"]
    assert "X-Forwarded-For" in detail
    assert "MODERATION_ALLOWED_HOSTS" not in detail  # it would not help


def test_each_api_refuses_in_its_own_format(client: FlaskClient) -> None:
    """Perspective's and OpenAI's error objects, and Akismet's 'invalid'."""
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


def test_coral_authenticates_with_its_signature(client: FlaskClient) -> None:
    """Coral publishes a comment after an error, so a signed request always gets an answer."""
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


def send_everywhere(client: FlaskClient, secret: str) -> list[int | bytes]:
    """Send a key to each API, in every place that it accepts. Return the answers."""
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
def test_any_key_is_accepted_while_there_is_none(named_client: FlaskClient, secret: str) -> None:
    """It is accepted by every API and in every place, until the first key is created."""
    assert send_everywhere(named_client, secret) == [
        200,
        200,
        200,
        200,
        b"false",
        b"false",
        b"false",
    ]
    created = key(cast(App, named_client.application), "decide")
    assert send_everywhere(named_client, created.lower()) == [
        200,
        200,
        200,
        200,
        b"false",
        b"false",
        b"false",
    ]
    assert send_everywhere(named_client, secret) == [401, 401, 400, 400, *[b"invalid"] * 3]


def test_the_first_key_closes_the_service(
    app: App, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so at once for requests with this key, and within a second for all others."""
    assert client.get("/v1/export").status_code == 200
    limited = {"Authorization": f"Bearer {key(app, 'decide')}"}
    assert client.get("/v1/export", headers=limited).status_code == 403
    assert client.get("/v1/export").status_code == 401

    second = make(tmp_path / "again").test_client()
    assert second.get("/v1/export").status_code == 200
    monkeypatch.setattr("api.http.auth.LOOK_S", 0.0)
    key(cast(App, second.application), "decide")
    assert second.get("/v1/export").status_code == 401


def test_with_a_key_host_and_proxy_do_not_matter(app: App, client: FlaskClient) -> None:
    """The key authenticates the request."""
    proxy = {"Host": "moderation.example", "X-Forwarded-For": "192.0.2.1", "Origin": EVIL}
    headers = {**proxy, "Authorization": f"Bearer {key(app, 'admin')}"}
    assert client.get("/v1/export", headers=headers).status_code == 200
    assert client.get("/v1/export", headers=proxy).status_code == 401


def test_a_database_that_is_down_from_the_start(app: App, client: FlaskClient) -> None:
    """There may be keys. Comments are decided, and everything else is refused."""
    services_of(app).decider.circuit.failed(OperationalError("", {}, RuntimeError()))
    assert client.post("/v1/moderate", json={"text": FINE}).status_code == 200
    assert client.get("/try").status_code == 404
    for path in ("/v1/export", "/v1/queue", "/metrics"):
        assert client.get(path).status_code == 503
    assert refused(client.post("/v1/moderate", json={"text": FINE}, headers={"Host": "a.example"}))


def test_unprotected_false_requires_a_key(tmp_path: Path) -> None:
    """It does so from the start, and an invented key is refused."""
    app = make(tmp_path, MODERATION_UNPROTECTED=False)
    client = app.test_client()
    assert client.get("/v1/export").status_code == 401
    invented = {"Authorization": "Bearer sk-proj-whatever"}
    assert client.get("/v1/export", headers=invented).status_code == 401
    assert client.get("/try").status_code == 404
    headers = {"Authorization": f"Bearer {key(app, 'admin')}", "Host": "moderation.example"}
    assert client.get("/v1/export", headers=headers).status_code == 200
