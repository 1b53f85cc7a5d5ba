"""The OpenAPI document tells the truth."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter

from api.dialects import SPOKEN
from api.routes.schemas import BatchOut, DecisionOut, GuidelinesOut, ModelsOut, ProblemOut


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The document as served."""
    whole: dict[str, Any] = client.get("/openapi.json").get_json()
    return whole


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Each `$ref` names a schema that is there."""
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= document["components"]["schemas"].keys()


def test_every_route_is_told(client: FlaskClient, document: dict[str, Any]) -> None:
    """All of our own /v1 and health stands in the document; pages and dialects do not."""
    foreign = tuple(f"{dialect.name}." for dialect in SPOKEN)
    rules = client.application.url_map.iter_rules()
    own = [rule for rule in rules if not rule.endpoint.startswith(foreign)]
    routes = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in own}
    told = {route for route in routes if route.startswith("/v1") or route.endswith("z")}
    assert set(document["paths"]) == told


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "schema"),
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
def test_answers_are_as_told(
    client: FlaskClient,
    document: dict[str, Any],
    method: str,
    path: str,
    sent: bytes | None,
    status: int,
    schema: type,
) -> None:
    """Status, media type and shape of an answer are those in the document."""
    answer = client.open(path, method=method, data=sent, content_type="application/json")
    assert answer.status_code == status
    told = document["paths"][path][method.lower()]["responses"][str(status)]["content"]
    assert told[answer.mimetype]["schema"]["$ref"].endswith(schema.__name__)
    TypeAdapter(schema).validate_json(answer.data, extra="forbid")


def test_reading_has_no_body_to_refuse(document: dict[str, Any]) -> None:
    """A GET is not said to answer 422."""
    assert "422" not in document["paths"]["/v1/guidelines"]["get"]["responses"]
