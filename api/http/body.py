"""The request's body: strict JSON, or a clear 4xx."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from itertools import islice
from typing import Any, NoReturn

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from api.http.errors import Problem

MOST_NAMES = 32  # in an object; four times what any request needs
MOST_VALUES = 20_000  # names and values of all kinds; 1,000 comments with every field hold fewer

# A name or a value: a string, the beginning of an array or object, or a number or word.
_VALUE = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?|[\[{]|[^\s"\[\]{},:]++', re.DOTALL)


class JsonRequest(Request):
    """A request whose JSON is read strictly, whoever asks for it and however."""

    def get_json(self, *_: Any, **__: Any) -> Any:
        """The body. No argument makes it lenient or `silent`, which flask-openapi3 asks for."""
        if not self.is_json:
            raise Problem(415, "Send JSON, with the header Content-Type: application/json.")
        try:
            body = self.get_data()
        except ClientDisconnected:
            raise Problem(400, "The body did not arrive whole.") from None
        if self.content_length is None and len(body) >= (self.max_content_length or math.inf):
            raise RequestEntityTooLarge  # sent in chunks; Werkzeug cuts such a body at the limit
        return parse(body)


def parse(body: bytes) -> dict[str, Any]:
    r"""The JSON object in `body`; raises a `Problem` saying what is wrong with it.

    >>> parse(b'{"text": "Well said."}')
    {'text': 'Well said.'}
    >>> parse(b'{"text": "one", "text": "two"}')
    Traceback (most recent call last):
        ...
    api.http.errors.Problem: 400 Bad Request: The name 'text' stands twice in an object.
    """
    # Millions of empty arrays in four megabytes would take a second to build and to forget.
    if sum(1 for _ in islice(_VALUE.finditer(body), MOST_VALUES + 1)) > MOST_VALUES:
        raise Problem(400, f"The body holds more than {MOST_VALUES:,} names and values.")
    try:
        value = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem(400, f"The body is not JSON: {error.msg} ({where}).") from None
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.") from None
    except ValueError:  # Python refuses to read integers of thousands of digits
        raise Problem(400, "The body holds a number that is too long.") from None
    if not isinstance(value, dict):
        mistake = {"pointer": "", "detail": "must be an object"}
        raise Problem(422, "The body must be a JSON object.", [mistake])
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise Problem(400, f"An object holds {len(pairs):,} names; at most {MOST_NAMES} may.")
    whole = dict(pairs)
    if len(whole) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Problem(400, f"The name {twice[:80]!r} stands twice in an object.")
    return whole


def _no_constant(name: str) -> NoReturn:
    raise Problem(400, f"{name} is not a number in JSON.")
