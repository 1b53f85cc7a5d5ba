"""Types for the clients of our own API, out of its OpenAPI document: for Python and for JSDoc."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
NAMES = (
    "CommentIn SpanOut ReasonOut DecisionOut MistakeOut ProblemOut BatchOut ChangeOut SuggestOut "
    "GuidelineOut GuidelinesOut HistoryOut RecordedOut QueueOut"
).split()


def python(document: Schema) -> str:
    """A `TypedDict` for each schema."""
    return "\n\n\n".join("\n".join(_typed_dict(*it)) for it in _chosen(document)) + "\n"


def javascript(document: Schema) -> str:
    """A JSDoc `@typedef` for each schema."""
    return "\n\n".join("\n".join(_typedef(*it)) for it in _chosen(document)) + "\n"


def _chosen(document: Schema) -> Iterator[tuple[str, Schema]]:
    schemas = document["components"]["schemas"]
    return ((_name(name), schemas[name]) for name in NAMES)


def _name(schema: str) -> str:
    """A schema's name without the side it is sent to.

    >>> _name("#/components/schemas/DecisionOut")
    'Decision'
    """
    return schema.rpartition("/")[2].removesuffix("Out").removesuffix("In")


def _typed_dict(name: str, schema: Schema) -> Iterator[str]:
    yield f"class {name}(TypedDict):"
    yield f'    """{schema["description"]}"""\n'
    for field, held in schema["properties"].items():
        kind = _in_python(held)
        optional = field not in schema.get("required", [])
        yield f"    {field}: {f'NotRequired[{kind}]' if optional else kind}"


def _in_python(held: Schema) -> str:
    if "$ref" in held:
        return _name(held["$ref"])
    if "anyOf" in held:
        return " | ".join(_in_python(one) for one in held["anyOf"])
    if "enum" in held:
        literals = ", ".join(json.dumps(value) for value in held["enum"])
        return "Action" if "reject" in literals else f"Literal[{literals}]"
    match held["type"]:
        case "array":
            return f"list[{_in_python(held['items'])}]"
        case "object":
            inner = held.get("additionalProperties")
            return f"dict[str, {_in_python(inner) if isinstance(inner, dict) else 'Any'}]"
    plain = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    return {**plain, "null": "None"}[held["type"]]


def _typedef(name: str, schema: Schema) -> Iterator[str]:
    yield f"/**\n * {schema['description']}\n * @typedef {{object}} {name}"
    for field, held in schema["properties"].items():
        optional = field not in schema.get("required", [])
        yield f" * @property {{{_in_javascript(held)}}} {f'[{field}]' if optional else field}"
    yield " */"


def _in_javascript(held: Schema) -> str:
    if "$ref" in held:
        return _name(held["$ref"])
    if "anyOf" in held:
        return " | ".join(_in_javascript(one) for one in held["anyOf"])
    if "enum" in held:
        return " | ".join(json.dumps(value) for value in held["enum"])
    match held["type"]:
        case "array":
            return f"({_in_javascript(held['items'])})[]"
        case "object":
            inner = held.get("additionalProperties")
            return f"Record<string, {_in_javascript(inner) if isinstance(inner, dict) else 'any'}>"
        case "integer":
            return "number"
    return str(held["type"])
