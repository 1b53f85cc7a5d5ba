"""Parse the bodies of requests as strict JSON. An error response explains what is wrong."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from itertools import islice
from typing import Any, NoReturn

from flask import Flask, Request, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from api.http.errors import Problem

MOST_NAMES = 32  # in one object: four times what any request needs
MOST_VALUES = 20_000  # names and values in a body: 1,000 comments with every field have fewer

# A name or a value: a string, the start of an array or object, a number, or a word such as `true`.
_VALUE = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?|[\[{]|[^\s"\[\]{},:]++', re.DOTALL)


class JsonRequest(Request):
    """A Flask request whose body is always parsed strictly."""

    def get_json(self, *_: Any, **__: Any) -> Any:
        """Return the parsed body. Ignores arguments such as `silent`, which flask-openapi3 sets."""
        if not self.is_json:
            raise Problem(415, "Send JSON, with the header Content-Type: application/json.")
        return parse(read_body())


def read_body() -> bytes:
    """Return the whole body of the request. Raises a problem if it is incomplete or too large."""
    try:
        body = request.get_data()
    except ClientDisconnected:
        raise Problem(400, "The body is incomplete, or a chunk of it is malformed.") from None
    if request.content_length is None and len(body) >= (request.max_content_length or math.inf):
        raise RequestEntityTooLarge  # Werkzeug truncates a chunked body at the limit
    return body


def register(app: Flask) -> None:
    """Refuse compressed bodies with 415 on all routes of `app`, before they are read."""
    app.before_request(_refuse_encodings)


def _refuse_encodings() -> None:
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        detail = f"The body is encoded as '{encoding[:80]}'. Send it as it is, without compression."
        raise Problem(415, detail, headers=[("Accept-Encoding", "identity")])


def parse(body: bytes) -> dict[str, Any]:
    r"""Return the JSON object in `body`. Raises a `Problem` that explains what is wrong.

    >>> parse(b'{"text": "Well said."}')
    {'text': 'Well said.'}
    >>> parse(b'{"text": "one", "text": "two"}')
    Traceback (most recent call last):
        ...
    api.http.errors.Problem: 400 Bad Request: The name 'text' occurs twice in an object.
    """
    # Millions of empty arrays fit into four megabytes, and would take a second to parse.
    if sum(1 for _ in islice(_VALUE.finditer(body), MOST_VALUES + 1)) > MOST_VALUES:
        raise Problem(400, f"The body has more than {MOST_VALUES:,} names and values.")
    try:
        value = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        raise Problem(400, f"The body is not JSON: {error.msg} ({position}).") from None
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.") from None
    except ValueError:  # Python does not parse integers of thousands of digits
        raise Problem(400, "The body has a number that is too long.") from None
    if not isinstance(value, dict):
        mistake = {"pointer": "", "detail": "must be an object"}
        raise Problem(422, "The body must be a JSON object.", [mistake])
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise Problem(400, f"An object has {len(pairs):,} names; the limit is {MOST_NAMES}.")
    value = dict(pairs)
    if len(value) < len(pairs):
        duplicate = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Problem(400, f"The name {duplicate[:80]!r} occurs twice in an object.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise Problem(400, f"{name} is not a number in JSON.")
