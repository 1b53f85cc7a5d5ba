"""Report every error as `application/problem+json` (RFC 9457), with the names of wrong fields."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Flask, Response, current_app
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from moderation.comment import CommentError
from moderation.validation import describe

MEDIA_TYPE = "application/problem+json"

_HEADERS_KEPT = {"Allow", "Retry-After"}

log = logging.getLogger(__name__)

Mistake = Mapping[str, str]
"""What is wrong with one field: its `pointer` (RFC 6901) in the request, and `detail`."""


class Problem(HTTPException):
    """An error response that says what is wrong, and which fields of the request are wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mistake] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.code = status
        self.errors = list(errors)
        self.headers = list(headers)

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as JSON values.

        >>> Problem(415, "Send JSON.").to_dict()["title"]
        'Unsupported Media Type'
        """
        status = self.code or 500
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": self.description,
        }
        return {**problem, "errors": self.errors} if self.errors else problem


def unprocessable(mistakes: Sequence[Mistake]) -> Problem:
    """Return a 422 problem that lists fields whose values cannot be used.

    >>> unprocessable([{"pointer": "/text", "detail": "is missing"}]).description
    '/text: is missing'
    """
    first, more = mistakes[0], len(mistakes) - 1
    detail = f"{first['pointer'] or 'the body'}: {first['detail']}"
    return Problem(422, f"{detail} (and {more} more)" if more else detail, mistakes)


def of_comment(error: CommentError, at: str = "") -> Problem:
    """Convert a `CommentError` (a comment that cannot be moderated) to a 422 problem.

    `at` is the JSON pointer to the comment in the request.
    """
    return unprocessable([{"pointer": pointer(error.field, at=at), "detail": error.message}])


def of_fields(error: ValidationError, at: str = "") -> Problem:
    """Convert a pydantic `ValidationError` to a 422 problem, which names the invalid fields.

    `at` is the JSON pointer to the validated object in the request.
    """
    details = error.errors(include_url=False, include_context=True)
    return unprocessable(
        [
            {"pointer": pointer(*detail["loc"], at=at), "detail": describe(detail)}
            for detail in details
        ]
    )


def refuse(error: ValidationError) -> NoReturn:
    """Raise a 422 problem for an invalid request. flask-openapi3 calls this function."""
    raise of_fields(error) from None


def pointer(*path: int | str, at: str = "") -> str:
    """Return the JSON pointer (RFC 6901) that appends the steps in `path` to the pointer `at`.

    >>> pointer("a/b", 0, at="/comments")
    '/comments/a~1b/0'
    """
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join([at, *(f"/{step}" for step in steps)])


def response(problem: Problem) -> Response:
    """Convert a problem to an HTTP response."""
    answer = Response(json.dumps(problem.to_dict()), problem.code, mimetype=MEDIA_TYPE)
    answer.headers.extend(problem.headers)
    return answer


def register(app: Flask) -> None:
    """Make `app` report each error as a problem (RFC 9457)."""
    app.register_error_handler(CommentError, lambda error: response(of_comment(error)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> Response:
    if isinstance(error, Problem):
        return response(error)
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]  # Flask makes it a flask.Response
    headers = [(name, value) for name, value in error.get_headers() if name in _HEADERS_KEPT]
    return response(Problem(error.code or 500, error.description or error.name, headers=headers))


def _too_large(_: RequestEntityTooLarge) -> Response:
    return response(too_large())


def too_large() -> Problem:
    """Return the problem of a request body that is over the size limit."""
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    return Problem(413, f"The body is too large; the limit is {limit:,} bytes.")


def unreachable() -> Problem:
    """Return the problem to report to a client while the database is down."""
    detail = "The record cannot be reached at the moment. Try again soon."
    return Problem(503, detail, headers=[("Retry-After", "5")])


def _unexpected(error: Exception) -> Response:
    log_error(error)
    return response(Problem(500, "The service failed to answer. Its log says where."))


def log_error(error: Exception) -> None:
    """Log where an error occurred. Omit its message, because it may contain a comment's text."""
    location, trace = "", error.__traceback__
    while trace:
        location, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    log.error("request failed: %s at %s", error.__class__.__name__, location)
