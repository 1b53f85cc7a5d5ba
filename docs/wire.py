"""Generate types for the clients of our own API from its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
NAMES = (
    "CommentIn SpanOut ReasonOut DecisionOut MistakeOut ProblemOut BatchOut ChangeOut HintOut "
    "SuggestOut GuidelineOut GuidelinesOut ModelOut ModelsOut HealthOut HistoryOut RecordedOut "
    "QueueOut ChangesOut NoticeOut AppealOut ErasedOut HeldOut"
).split()


PYTHON = '''"""The API's requests and answers. `make docs` writes them from the OpenAPI document."""

from typing import Any, Literal, NotRequired, TypedDict

Action = Literal["approve", "review", "reject"]'''


def python(document: Schema) -> str:
    """Return a module with a `TypedDict` for each schema."""
    types = ("\n".join(_typed_dict(*schema)) for schema in _schemas(document))
    return "\n\n\n".join([PYTHON, *types]) + "\n"


TYPESCRIPT = """// The API's requests and answers. `make docs` writes them from the API's document.

export type Action = "approve" | "review" | "reject";"""


def typescript(document: Schema) -> str:
    """Return a module with an interface for each schema."""
    types = ("\n".join(_interface(*schema)) for schema in _schemas(document))
    return "\n\n".join([TYPESCRIPT, *types]) + "\n"


def _schemas(document: Schema) -> Iterator[tuple[str, Schema]]:
    schemas = document["components"]["schemas"]
    return ((_name(name), schemas[name]) for name in NAMES)


def _name(schema: str) -> str:
    """Return a schema's name without its suffix for direction.

    >>> _name("#/components/schemas/DecisionOut")
    'Decision'
    """
    return schema.rpartition("/")[2].removesuffix("Out").removesuffix("In")


def _typed_dict(name: str, schema: Schema) -> Iterator[str]:
    yield f"class {name}(TypedDict):"
    yield f'    """{schema["description"]}"""\n'
    for field, definition in schema["properties"].items():
        kind = _in_python(definition)
        optional = field not in schema.get("required", [])
        yield f"    {field}: {f'NotRequired[{kind}]' if optional else kind}"


def _in_python(definition: Schema) -> str:
    if "$ref" in definition:
        return _name(definition["$ref"])
    if "anyOf" in definition:
        return " | ".join(_in_python(option) for option in definition["anyOf"])
    if "enum" in definition:
        literals = ", ".join(json.dumps(value) for value in definition["enum"])
        return "Action" if "reject" in literals else f"Literal[{literals}]"
    match definition["type"]:
        case "array":
            return f"list[{_in_python(definition['items'])}]"
        case "object":
            inner = definition.get("additionalProperties")
            return f"dict[str, {_in_python(inner) if isinstance(inner, dict) else 'Any'}]"
    plain = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    return {**plain, "null": "None"}[definition["type"]]


def _interface(name: str, schema: Schema) -> Iterator[str]:
    yield f"/** {schema['description']} */\nexport interface {name} {{"
    for field, definition in schema["properties"].items():
        optional = field not in schema.get("required", [])
        yield f"  {field}{'?' if optional else ''}: {_in_typescript(definition)};"
    yield "}"


def _in_typescript(definition: Schema) -> str:
    if "$ref" in definition:
        return _name(definition["$ref"])
    if "anyOf" in definition:
        return " | ".join(_in_typescript(option) for option in definition["anyOf"])
    if "enum" in definition:
        literals = " | ".join(json.dumps(value) for value in definition["enum"])
        return "Action" if "reject" in literals else literals
    match definition["type"]:
        case "array":
            item = _in_typescript(definition["items"])
            return f"({item})[]" if " " in item else f"{item}[]"
        case "object":
            inner = definition.get("additionalProperties")
            kind = _in_typescript(inner) if isinstance(inner, dict) and inner else "unknown"
            return f"Record<string, {kind}>"
        case "integer":
            return "number"
    return str(definition["type"])
