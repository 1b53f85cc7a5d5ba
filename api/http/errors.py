"""One shape for every error: `application/problem+json` (RFC 9457) that names the field."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Flask, Response, current_app, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from moderation.comment import CommentError
from moderation.validation import describe

MEDIA_TYPE = "application/problem+json"

MOST_DRAINED = 32 * 1024 * 1024  # bytes of a body that is refused anyway

log = logging.getLogger(__name__)

Mistake = Mapping[str, str]
"""What is wrong with one field: `pointer` (RFC 6901) to it in the request, and `detail`."""


class Problem(HTTPException):
    """An answer that says what is wrong, and where in the request."""

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
        """The problem as it stands in JSON.

        >>> Problem(415, "Send JSON.").to_dict()["title"]
        'Unsupported Media Type'
        """
        status = self.code or 500
        whole = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": self.description,
        }
        return {**whole, "errors": self.errors} if self.errors else whole


def unprocessable(mistakes: Sequence[Mistake]) -> Problem:
    """The problem with fields that are there but cannot be used.

    >>> unprocessable([{"pointer": "/text", "detail": "is missing"}]).description
    '/text: is missing'
    """
    first, more = mistakes[0], len(mistakes) - 1
    detail = f"{first['pointer'] or 'the body'}: {first['detail']}"
    return Problem(422, f"{detail} (and {more} more)" if more else detail, mistakes)


def of_comment(error: CommentError, at: str = "") -> Problem:
    """The problem with a comment that cannot be judged."""
    return unprocessable([{"pointer": pointer(error.field, at=at), "detail": error.message}])


def of_fields(error: ValidationError, at: str = "") -> Problem:
    """The problem with what pydantic refused."""
    details = error.errors(include_url=False, include_context=True)
    return unprocessable(
        [
            {"pointer": pointer(*detail["loc"], at=at), "detail": describe(detail)}
            for detail in details
        ]
    )


def refuse(error: ValidationError) -> NoReturn:
    """What flask-openapi3 calls when a request does not validate."""
    raise of_fields(error) from None


def pointer(*path: int | str, at: str = "") -> str:
    """A JSON pointer (RFC 6901).

    >>> pointer("a/b", 0, at="/comments")
    '/comments/a~1b/0'
    """
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join([at, *(f"/{step}" for step in steps)])


def response(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    answer = Response(json.dumps(problem.to_dict()), problem.code, mimetype=MEDIA_TYPE)
    answer.headers.extend(problem.headers)
    return answer


def register(app: Flask) -> None:
    """Make every error of `app` a problem."""
    app.register_error_handler(CommentError, lambda error: response(of_comment(error)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> Response:
    if isinstance(error, Problem):
        return response(error)
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]  # Flask's own, by its factory
    kept = [pair for pair in error.get_headers() if pair[0] in {"Allow", "Retry-After"}]
    return response(Problem(error.code or 500, error.description or error.name, headers=kept))


def _too_large(_: RequestEntityTooLarge) -> Response:
    return response(too_large())


def too_large() -> Problem:
    """The problem with a body over the limit, once what a client still sends was read.

    Else it would see a broken pipe instead of an answer.
    """
    rest = get_input_stream(request.environ)
    with suppress(HTTPException):
        for _chunk in range(0, MOST_DRAINED, 65_536):
            if not rest.read(65_536):
                break
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    return Problem(413, f"The body is too large; the limit is {limit:,} bytes.")


def unreachable() -> Problem:
    """What is said while the record is away."""
    said = "The record cannot be reached just now. Try again soon."
    return Problem(503, said, headers=[("Retry-After", "5")])


def _unexpected(error: Exception) -> Response:
    log_error(error)
    return response(Problem(500, "The service failed to answer; its log says where."))


def log_error(error: Exception) -> None:
    """Log where a request broke, but not what was said: a message may hold the comment's text."""
    place, trace = "", error.__traceback__
    while trace:
        place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    log.error("request failed: %s at %s", error.__class__.__name__, place)
