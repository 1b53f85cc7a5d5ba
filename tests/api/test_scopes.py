"""Every request with every scope: who may do what is as written here and in docs/security.md."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api import App
from api.record import keys
from api.record.database import writing
from api.services import services_of
from tests.api.routes.test_record import decide, make

PAGE = Path(__file__).parents[2] / "docs" / "security.md"

# The scopes of which a key needs one; 'admin' may do everything. None: no key is needed.
EXPECTED: dict[str, tuple[str, ...] | None] = {
    "POST /v1/moderate": ("decide",),
    "POST /v1/moderate/batch": ("decide",),
    "POST /v1/suggest": ("decide",),
    "GET /v1/guidelines": None,
    "GET /v1/models": None,
    "GET /v1/decisions": ("read",),
    "GET /v1/decisions/{decision_id}": ("read", "verdict"),
    "GET /v1/decisions/{decision_id}/notice": ("read", "verdict"),
    "GET /v1/queue": ("read", "verdict"),
    "GET /v1/export": ("admin",),
    "POST /v1/decisions/{decision_id}/verdict": ("verdict",),
    "POST /v1/decisions/{decision_id}/appeal": ("decide",),
    "POST /v1/decisions/{decision_id}/appeal/acknowledgement": ("verdict",),
    "POST /v1/decisions/{decision_id}/appeal/outcome": ("verdict",),
    "POST /v1/decisions/{decision_id}/claim": ("verdict",),
    "DELETE /v1/decisions/{decision_id}/claim": ("verdict",),
    "POST /v1/erase": ("erase",),
    "POST /v1/hold": ("admin",),
    "GET /healthz": None,
    "GET /readyz": None,
}
# Requests that the document does not describe, and their answers to a missing or unknown key and
# to a key without the scope. Coral signs its requests instead.
OTHERS: dict[str, tuple[str | None, set[int], set[int]]] = {
    "GET /metrics": ("read", {401}, {403}),
    "POST /v1/moderations": ("decide", {401}, {403}),
    "POST /v1alpha1/comments:analyze": ("decide", {400, 403}, {403}),
    "POST /v1alpha1/comments:suggestscore": ("verdict", {400, 403}, {403}),
}
AKISMET = {
    "/1.1/verify-key": "decide",
    "/1.1/comment-check": "decide",
    "/1.1/submit-spam": "verdict",
    "/1.1/get-subscription": "decide",
    "/1.1/token": "decide",
    "/1.1/deactivate": "decide",
    "/1.1/get-stats": "decide",
    "/1.2/key-sites": "read",
    "/1.2/usage-limit": "decide",
}
# Pages, documents, Coral's signed requests, and what Akismet answers everyone.
OPEN_TO_ALL = {
    "/",
    "/docs",
    "/docs/static/<path:filename>",
    "/docs/swagger/<path:name>",
    "/desk/static/<path:filename>",
    "/openapi.json",
    "/try",
    "/$discovery/rest",
    "/1.1/test",
    "/1.2/compatible-plugins",
    "/coral/<any(html, plain):form>",
}


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an empty record."""
    return make(tmp_path, MODERATION_RATE="100000 per second")


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


def new_secret(app: App, *scopes: str) -> str:
    """Return the secret of a new key."""
    decider = services_of(app).decider
    with writing(decider.sessions) as session:
        row, secret = keys.create(session, " ".join(scopes), list(scopes), "", decider.clock())
        if scopes == ("admin", "read"):
            row.revoked_at = decider.clock()
        if scopes == ("admin", "decide"):
            row.expires_at = decider.clock() - dt.timedelta(seconds=1)
    return secret


def answered(client: FlaskClient, request: str, secret: str | None) -> int:
    """Return the status of the answer to a request with this secret."""
    method, path = request.split(" ")
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    body: dict[str, str] | None = None if method == "GET" else {}
    return client.open(path, method=method, json=body, headers=headers).status_code


def test_every_request_with_every_scope(app: App, client: FlaskClient) -> None:
    """The document lists exactly these requests and scopes, and the service enforces them."""
    document = client.get("/openapi.json").get_json()
    documented = {
        f"{method.upper()} {path}": tuple(
            scope for option in operation["security"] for scope in option.get("key", [])
        )
        if "security" in operation
        else None
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert documented == EXPECTED
    waiting = decide(client)["id"]
    bad = [
        None,
        "hr-00000000-00",
        new_secret(app, "admin", "read"),
        new_secret(app, "admin", "decide"),
    ]
    secrets = {scope: new_secret(app, scope) for scope in keys.SCOPES}
    assert answered(client, "GET /v1/queue", secrets["read"]) == 200  # now it knows of keys
    wrong, tried = [], 0
    for name, scopes in EXPECTED.items():
        request = name.replace("{decision_id}", waiting)
        for secret in bad:
            tried += 1
            if (answered(client, request, secret) == 401) != (scopes is not None):
                wrong.append((name, secret))
        for scope, secret in secrets.items():
            tried += 1
            allowed = scopes is None or scope in scopes or scope == "admin"
            if (answered(client, request, secret) in {401, 403}) == allowed:
                wrong.append((name, scope))
    assert wrong == []
    assert f"| {tried} requests |" in PAGE.read_text("utf-8")


def test_requests_of_other_clients(app: App, client: FlaskClient) -> None:
    """Dialects and metrics enforce scopes too, each with the statuses of its own API."""
    bad = [None, "hr-00000000-00", new_secret(app, "admin", "read")]
    secrets = {scope: new_secret(app, scope) for scope in keys.SCOPES}
    for request, (needed, unknown, missing) in OTHERS.items():
        assert {answered(client, request, secret) for secret in bad} <= unknown, request
        refused = {
            scope for scope in keys.SCOPES if answered(client, request, secrets[scope]) in missing
        }
        assert refused == set(keys.SCOPES) - {needed, "admin"}, request


@pytest.mark.parametrize(("path", "needed"), AKISMET.items())
def test_requests_of_akismets_clients(
    app: App, client: FlaskClient, path: str, needed: str
) -> None:
    """Akismet's clients send the key in the form."""
    form = {"blog": "https://blog.example", "comment_content": "Quiet.", "is_test": "1"}

    def passes(secret: str) -> bool:
        answer = client.post(path, data={**form, "api_key": secret})
        return answer.status_code == 200 and answer.text != "invalid"

    allowed = {scope for scope in keys.SCOPES if passes(new_secret(app, scope))}
    assert allowed == {needed, "admin"}
    assert not passes("hr-00000000-00")
    assert not passes(new_secret(app, "admin", "read"))


def test_no_request_is_forgotten(client: FlaskClient) -> None:
    """Every route is in one of these tables, needs no key, or is signed."""
    known = {re.sub(r"{(\w+)}", r"<\1>", name.split(" ")[1]) for name in EXPECTED}
    known |= {name.split(" ")[1] for name in OTHERS} | AKISMET.keys() | OPEN_TO_ALL
    routes = {rule.rule for rule in client.application.url_map.iter_rules()}
    assert {
        route.replace("submit-<any(spam, ham):kind>", "submit-spam") for route in routes
    } == known
