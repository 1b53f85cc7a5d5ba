"""The API still has every route and every field that clients of earlier versions use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

RELEASED = Path(__file__).parent / "released" / "openapi.json"
MADE_ON_PURPOSE = {
    # An appeal is for the author. The whole decision named moderators and quoted their reasons.
    "POST /v1/decisions/{decision_id}/appeal: 200",
}


def missing(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield what the document `old` has and `new` lacks."""
    for path, methods in old["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield name
                continue
            yield from _parameters(name, operation, now)
            yield from _answers(name, operation["responses"], now["responses"])
    for kind, before in old["components"]["schemas"].items():
        yield from _fields(kind, before, new["components"]["schemas"].get(kind))


def _parameters(name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    known = {parameter["name"] for parameter in before.get("parameters", [])}
    now = {parameter["name"]: parameter for parameter in after.get("parameters", [])}
    yield from (f"{name}?{parameter}" for parameter in known - now.keys())
    for parameter, definition in now.items():
        if parameter not in known and definition.get("required"):
            yield f"{name}?{parameter} is required now"


def _answers(name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for status, answer in before.items():
        if status not in after or schema(answer) != schema(after[status]):
            yield f"{name}: {status}"


def _fields(kind: str, before: dict[str, Any], after: dict[str, Any] | None) -> Iterator[str]:
    if after is None:
        yield kind
        return
    for field, definition in before.get("properties", {}).items():
        now = after["properties"].get(field)
        if now is None:
            yield f"{kind}.{field}"
        elif not types(now) >= types(definition) and kind.endswith("In"):
            yield f"{kind}.{field}: {types(definition) - types(now)} is no longer accepted"
        elif not types(now) <= types(definition) and kind.endswith("Out"):
            yield f"{kind}.{field}: {types(now) - types(definition)} is new in answers"
    required = {*after.get("required", [])} - {*before.get("required", [])}
    if kind.endswith("In"):
        yield from (f"{kind}.{field} is required now" for field in required)


def schema(answer: dict[str, Any]) -> set[str]:
    """Return the names of an answer's schemas."""
    return {
        content.get("schema", {}).get("$ref", "") for content in answer.get("content", {}).values()
    }


def types(definition: dict[str, Any]) -> set[str]:
    """Return the JSON types and the named schemas of a field.

    >>> sorted(types({"anyOf": [{"type": "string"}, {"type": "null"}]}))
    ['null', 'string']
    """
    options = definition.get("anyOf", [definition])
    return {option.get("type") or option.get("$ref", "any") for option in options}


def test_nothing_is_removed_or_renamed(client: FlaskClient) -> None:
    """Routes, parameters, statuses and fields may be added only."""
    old = json.loads(RELEASED.read_text("utf-8"))
    new = client.get("/openapi.json").get_json()
    assert set(missing(old, new)) <= MADE_ON_PURPOSE


@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (lambda new: new["paths"].pop("/v1/suggest"), "POST /v1/suggest"),
        (lambda new: new["components"]["schemas"].pop("SpanOut"), "SpanOut"),
        (
            lambda new: new["components"]["schemas"]["DecisionOut"]["properties"].pop("reasons"),
            "DecisionOut.reasons",
        ),
        (
            lambda new: new["components"]["schemas"]["CommentIn"]["required"].append("author"),
            "CommentIn.author is required now",
        ),
    ],
    ids=["a route", "a schema", "a field of an answer", "a required field"],
)
def test_the_comparison_finds(break_it: Any, named: str) -> None:
    """Each kind of break is found."""
    old, new = (json.loads(RELEASED.read_text("utf-8")) for _ in range(2))
    break_it(new)
    assert list(missing(old, new)) == [named]
