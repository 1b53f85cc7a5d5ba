"""Read the requests of Akismet's clients, and write answers as plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from flask import Response, g, request

from api.http.errors import Problem
from api.record.storable import reference
from api.services import services

Fields = Mapping[str, str]

_HOST_KEY = re.compile(r"(hr-[0-9a-f]{8}-[0-9a-f]{40}|[0-9a-f]{12})\.", re.IGNORECASE)
_SHORT_KEY = re.compile(r"[0-9a-f]{12}")  # for the settings page of WordPress's plug-in
_SLASHED = re.compile(r"(?:[^\\'\"]|\\[\\'\"])*+")


def read_fields() -> Fields:
    """Return the fields of the request's form, query or JSON body as strings."""
    values: Mapping[str, Any] = request.get_json() if request.is_json else request.values
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if isinstance(value, str | int | float)
    }


def read_comment_fields() -> Fields:
    """Return the fields of a request to check a comment, in the author's words.

    WordPress's plug-in sends a new comment as WordPress hands it on, with a backslash before each
    quote. It sends comments from WordPress's database or the REST API as they are.
    """
    fields = read_fields()
    if not from_wordpress() or "recheck_reason" in fields or by_rest(fields):
        return fields
    return {name: unslash(value) for name, value in fields.items()}


def admit(fields: Fields, scope: str) -> None:
    """Check that the request has an API key with this scope.

    Otherwise raises `Problem`, which gives an error answer. If WordPress's plug-in asks about a key
    that someone has just entered, that is the field `key`. It also sends its present `api_key`.
    """
    host = _HOST_KEY.match(request.host)
    secret = fields.get("key") or fields.get("api_key") or (host[1].lower() if host else None)
    authenticator = services().authenticator
    if secret and _SHORT_KEY.fullmatch(secret):
        g.key = authenticator.authorize_akismet(secret, scope, request.remote_addr or "")
    else:
        g.key = authenticator.authorize(secret, scope)


def require(fields: Fields, *names: str) -> None:
    for name in names:
        if not fields.get(name, "").strip():
            raise Problem(400, f'Empty "{name}" value')


def is_true(fields: Fields, name: str) -> bool:
    return fields.get(name, "").lower() in ("1", "true", "yes")


def site(fields: Fields) -> str:
    return reference(fields.get("blog", "")).rstrip("/")


def mail(fields: Fields) -> str:
    return reference(fields.get("comment_author_email", "")).lower()


def from_wordpress() -> bool:
    """Return whether WordPress's plug-in sent the request. This plug-in sends comments as HTML."""
    agent = request.headers.get("User-Agent", "")
    return "WordPress/" in agent and "Akismet/" in agent


def by_rest(fields: Fields) -> bool:
    """Return whether the comment was sent to WordPress through WordPress's REST API.

    WordPress's plug-in then publishes the comment on any answer but `true`.
    """
    return from_wordpress() and "/wp/v2/comments" in unquote(fields.get("REQUEST_URI", ""))


def unslash(value: str) -> str:
    """Remove the backslashes that PHP's `addslashes` puts before quotes and backslashes.

    A value with a quote or backslash that has none was not changed by `addslashes`, and is returned
    as it is.

    >>> unslash("It\\\\'s"), unslash("It's C:\\\\new")
    ("It's", "It's C:\\\\new")
    """
    if not _SLASHED.fullmatch(value):
        return value
    return re.sub(r"\\([\\'\"])", r"\1", value)


def plain(body: str, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    return Response(body, status, headers, mimetype="text/plain")
