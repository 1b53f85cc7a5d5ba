"""Put pydantic's validation errors into words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_KINDS = {
    type(None): "null",
    bool: "a boolean",
    str: "a string",
    list: "an array",
    dict: "an object",
}
_EXPECTED = {
    "string_type": "a string",
    "model_type": "an object",
    "dict_type": "an object",
    "list_type": "an array",
}
_SHOULD = re.compile(r"^\w+ should")


def describe(
    error: Mapping[str, Any],
    *,
    unknown: str = "is not a known field",
    quote_input: bool = False,
) -> str:
    """Return what is wrong with a field, to be put after the field's name in a sentence.

    `error` is an entry of pydantic's `ValidationError.errors()`. `unknown` is the text to return
    for a field that does not exist. With `quote_input`, the text ends with the input, so set it
    only where the input is neither secret nor a comment.

    >>> describe({"type": "string_type", "loc": ("text",), "msg": "…", "input": 5})
    'must be a string, not a number'
    """
    value = error["input"]
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return unknown
        case "string_unicode":
            return "holds half a surrogate pair; send valid Unicode"
        case "value_error":
            text = str(error["ctx"]["error"])
        case kind if kind in _EXPECTED:
            text = f"must be {_EXPECTED[kind]}"
            if not quote_input:
                return f"{text}, not {_KINDS.get(type(value), 'a number')}"
        case _:
            text = _SHOULD.sub("must", error["msg"])
    return f"{text}, not {value!r}" if quote_input else text
