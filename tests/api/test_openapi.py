"""The OpenAPI document matches what the service does."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter

from api.dialects import DIALECTS
from api.http.local import ANYWHERE
from api.routes.schemas import BatchOut, DecisionOut, GuidelinesOut, ModelsOut, ProblemOut


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """Return the document as it is served."""
    document: dict[str, Any] = client.get("/openapi.json").get_json()
    return document


def test_every_reference_has_a_target(document: dict[str, Any]) -> None:
    """Each `$ref` names a schema of the document."""
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= document["components"]["schemas"].keys()


def test_every_route_is_documented(client: FlaskClient, document: dict[str, Any]) -> None:
    """The document has all routes under /v1 and the probes, without pages and other APIs."""
    foreign = tuple(f"{dialect.name}." for dialect in DIALECTS)
    rules = client.application.url_map.iter_rules()
    own = [rule for rule in rules if not rule.endpoint.startswith(foreign)]
    routes = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in own}
    documented = {route for route in routes if route.startswith("/v1") or route.endswith("z")}
    assert set(document["paths"]) == documented


def test_every_route_that_may_refuse_documents_403(document: dict[str, Any]) -> None:
    """While there is no key, requests from elsewhere are refused, also on routes without a key."""
    exempt = {name.partition(".")[2] for name in ANYWHERE}
    missing = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if operation["operationId"] not in exempt and "403" not in operation["responses"]
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "schema"),
    [
        ("POST", "/v1/moderate", b'{"text": "LOUD u"}', 200, DecisionOut),
        ("POST", "/v1/moderate", b"{", 400, ProblemOut),
        ("POST", "/v1/moderate", b"{}", 422, ProblemOut),
        ("POST", "/v1/moderate/batch", b'{"comments": [{"text": "a"}, 5]}', 200, BatchOut),
        ("POST", "/v1/moderate/batch", b"{}", 422, ProblemOut),
        ("GET", "/v1/guidelines", None, 200, GuidelinesOut),
        ("GET", "/v1/models", None, 200, ModelsOut),
    ],
)
def test_responses_are_as_documented(
    client: FlaskClient,
    document: dict[str, Any],
    method: str,
    path: str,
    body: bytes | None,
    status: int,
    schema: type,
) -> None:
    """Status, media type and schema of a response are those in the document."""
    response = client.open(path, method=method, data=body, content_type="application/json")
    assert response.status_code == status
    content = document["paths"][path][method.lower()]["responses"][str(status)]["content"]
    assert content[response.mimetype]["schema"]["$ref"].endswith(schema.__name__)
    TypeAdapter(schema).validate_json(response.data, extra="forbid")


def test_a_route_without_input_documents_no_422(document: dict[str, Any]) -> None:
    """flask-openapi3 would add 422 to every route."""
    assert "422" not in document["paths"]["/v1/guidelines"]["get"]["responses"]
