"""The requests, answers and errors of Perspective's API.

The formats are those of the discovery document of `commentanalyzer` v1alpha1. As in Google's JSON,
a field has two names (`doNotStore`, `do_not_store`), `null` means that it is missing, and unknown
fields are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from werkzeug.exceptions import HTTPException

from api.http import errors
from api.http.body import parse
from api.http.errors import Problem
from api.record.storable import MOST_CHARACTERS, without_lone_surrogates, without_nul

Details = Mapping[str, Any]

# Google's names of errors, by HTTP status.
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_TYPES = "type.googleapis.com/"
_ECHOED = 100  # characters of an unknown name that an error quotes


class RefusedError(HTTPException):
    """An error in Google's format.

    `details` is never empty, because clients read its first entry.
    """

    def __init__(
        self,
        status: int,
        message: str,
        details: Details,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = status
        self.details = details
        self.headers = headers or {}

    def answer(self) -> Response:
        """Return the error as an HTTP response."""
        status = self.code or 500
        error = {
            "code": status,
            "message": self.description,
            "status": STATUS.get(status, "INVALID_ARGUMENT"),
            "details": [self.details],
        }
        body = json.dumps({"error": error}, indent=2, ensure_ascii=False)
        content = body.encode("utf-8", "replace")  # it may quote a lone surrogate
        return Response(content, status, self.headers, mimetype="application/json")


def refused(kind: str, message: str, **more: object) -> RefusedError:
    """Return an error as the comment analyzer itself gives it. `kind` is its `errorType`."""
    details = {"@type": f"{_TYPES}google.commentanalyzer.v1alpha1.Error", "errorType": kind}
    return RefusedError(400, message, {**details, **more})


def denied(status: int, message: str, reason: str, **headers: str) -> RefusedError:
    """Return an error about an API key or a quota, as Google's servers give it."""
    info = {
        "@type": f"{_TYPES}google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "commentanalyzer.googleapis.com"},
    }
    sent = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return RefusedError(status, message, info, sent)


def invalid(message: str, field: str = "", status: int = 400) -> RefusedError:
    """Return an error about a request body that is malformed. `field` is the part at fault."""
    violation = {"field": field, "description": message}
    return RefusedError(
        status,
        message,
        {"@type": f"{_TYPES}google.rpc.BadRequest", "fieldViolations": [violation]},
    )


def of_problem(problem: Problem) -> RefusedError:
    """Return an error of our own API (`Problem`) in Google's format."""
    status, detail = problem.code or 500, problem.description or problem.name
    headers = dict(problem.headers)
    if status == 429:
        retry = headers.get("Retry-After", "1")
        return denied(429, f"Quota exceeded. {detail}", "RATE_LIMIT_EXCEEDED", retry_after=retry)
    if status in (415, 422):
        status = 400
    error = invalid(detail, status=status)
    error.headers = headers
    return error


Sound = Annotated[str, AfterValidator(without_lone_surrogates)]
Token = Annotated[Sound, Field(max_length=MOST_CHARACTERS), AfterValidator(without_nul)]
ScoreType = Literal["SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW"]


class Message(BaseModel):
    """The base class of a JSON object in a request to Perspective."""

    model_config = ConfigDict(
        strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: inner for name, inner in value.items() if inner is not None}


class TextEntry(Message):
    """A text and its type, such as `PLAIN_TEXT`."""

    text: Sound = ""
    type: str = "PLAIN_TEXT"


class ArticleAndParent(Message):
    """The article under which a comment stands, and the comment to which it replies."""

    article: TextEntry = TextEntry()
    parent_comment: TextEntry = TextEntry()


class Context(Message):
    """The context of a comment: a list of texts, or the article and the parent comment."""

    entries: list[TextEntry] = []
    article_and_parent_comment: ArticleAndParent | None = None


class Requested(Message):
    """The options of an attribute that a request asks for."""

    score_type: ScoreType = "PROBABILITY"
    score_threshold: float | None = None


class Score(Message):
    """A score that a client suggests."""

    value: float | None = Field(None, ge=0, le=1)
    type: ScoreType = "PROBABILITY"


class SpanScore(Message):
    """The score that a client suggests for a part of the text."""

    begin: int = 0
    end: int = 0
    score: Score = Score()


class AttributeScores(Message):
    """The scores that a client suggests for an attribute: of the whole text and of its parts."""

    summary_score: Score | None = None
    span_scores: list[SpanScore] = []

    def value(self) -> float | None:
        """Return the score of the whole text, or without it the highest score of a part.

        Returns None if there is no score.
        """
        if self.summary_score and self.summary_score.value is not None:
            return self.summary_score.value
        values = [span.score.value for span in self.span_scores]
        return max((value for value in values if value is not None), default=None)


class _About(Message):
    comment: TextEntry = TextEntry()
    context: Context = Context()
    languages: list[Token] = []
    do_not_store: bool = False
    client_token: Token = ""
    session_id: str = ""
    community_id: Token = ""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Return the request in an HTTP body.

        Like Google, ignores the media type, and reads an empty body as `{}`. Raises `RefusedError`
        or `Problem` if the body is malformed.
        """
        try:
            return cls.model_validate(parse(body) if body.strip() else {})
        except ValidationError as error:
            raise _mistake(error) from None


class AnalyzeRequest(_About):
    """The body of a request to `comments:analyze`."""

    requested_attributes: dict[str, Requested] = {}
    span_annotations: bool = False


class SuggestRequest(_About):
    """The body of a request to `comments:suggestscore`.

    The field `do_not_store` is our addition: Perspective always stores suggestions.
    """

    attribute_scores: dict[str, AttributeScores] = {}


def _mistake(error: ValidationError) -> RefusedError:
    """Return the first validation error in Google's words. It does not quote the wrong value."""
    first = error.errors(include_url=False, include_context=True)[0]
    *above, last = (str(step)[:_ECHOED] for step in first["loc"] or ("",))
    if first["type"] == "extra_forbidden":
        place = f" at '{'.'.join(above)}'" if above else ""
        detail = f'Unknown name "{last}"{place}: Cannot find field.'
        return invalid(f"Invalid JSON payload received. {detail}", ".".join(above))
    field = ".".join([*above, last])
    detail = errors.of_fields(error).errors[0]["detail"]
    return invalid(f"Invalid value at '{field}': {detail}", field)
