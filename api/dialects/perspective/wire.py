"""Perspective's messages, and its errors in its own words.

Shapes as in the discovery document of `commentanalyzer` v1alpha1. Google's JSON takes a field
under both of its names (`doNotStore`, `do_not_store`), takes `null` for one that is not there,
and refuses fields that it does not know.
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

Details = Mapping[str, Any]

# Google's names for what went wrong, by the status that they are sent with.
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
_ECHOED = 100  # characters of a name that is said back


class RefusedError(HTTPException):
    """An answer in Google's envelope. `details` is never empty: clients read its first entry."""

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
        """The error as an HTTP answer."""
        status = self.code or 500
        error = {
            "code": status,
            "message": self.description,
            "status": STATUS.get(status, "INVALID_ARGUMENT"),
            "details": [self.details],
        }
        body = json.dumps({"error": error}, indent=2, ensure_ascii=False)
        sound = body.encode("utf-8", "replace")  # it may quote half a surrogate pair
        return Response(sound, status, self.headers, mimetype="application/json")


def refused(kind: str, message: str, **more: object) -> RefusedError:
    """What the comment analyzer itself refuses; clients look at `errorType`."""
    known = {"@type": f"{_TYPES}google.commentanalyzer.v1alpha1.Error", "errorType": kind}
    return RefusedError(400, message, {**known, **more})


def denied(status: int, message: str, reason: str, **headers: str) -> RefusedError:
    """What Google's front refuses: keys and quotas."""
    info = {
        "@type": f"{_TYPES}google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "commentanalyzer.googleapis.com"},
    }
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return RefusedError(status, message, info, named)


def invalid(message: str, field: str = "", status: int = 400) -> RefusedError:
    """A body that does not fit the message it should be."""
    violation = {"field": field, "description": message}
    return RefusedError(
        status,
        message,
        {"@type": f"{_TYPES}google.rpc.BadRequest", "fieldViolations": [violation]},
    )


def of_problem(problem: Problem) -> RefusedError:
    """One of our own problems in Google's envelope."""
    status, said = problem.code or 500, problem.description or problem.name
    headers = dict(problem.headers)
    if status == 429:
        retry = headers.get("Retry-After", "1")
        return denied(429, f"Quota exceeded. {said}", "RATE_LIMIT_EXCEEDED", retry_after=retry)
    if status in (415, 422):
        status = 400
    made = invalid(said, status=status)
    made.headers = headers
    return made


def _sound(text: str) -> str:
    """Half a surrogate pair, left by a client that cut its text, becomes U+FFFD: one unit too."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def kept(text: str) -> str:
    """Without what no database keeps."""
    return text.replace("\0", "")


Sound = Annotated[str, AfterValidator(_sound)]
Token = Annotated[str, Field(max_length=500), AfterValidator(_sound), AfterValidator(kept)]
ScoreType = Literal["SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW"]


class Message(BaseModel):
    """A message of Google's JSON."""

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
    """A text and how it is written."""

    text: Sound = ""
    type: str = "PLAIN_TEXT"


class ArticleAndParent(Message):
    """What a comment stands under, and what it answers."""

    article: TextEntry = TextEntry()
    parent_comment: TextEntry = TextEntry()


class Context(Message):
    """What is known around a comment, in one of two ways."""

    entries: list[TextEntry] = []
    article_and_parent_comment: ArticleAndParent | None = None


class Requested(Message):
    """How an attribute is asked for."""

    score_type: ScoreType = "PROBABILITY"
    score_threshold: float | None = None


class Score(Message):
    """A score that somebody gave."""

    value: float | None = Field(None, ge=0, le=1)
    type: ScoreType = "PROBABILITY"


class SpanScore(Message):
    """A score of a part."""

    begin: int = 0
    end: int = 0
    score: Score = Score()


class AttributeScores(Message):
    """An attribute's score of the whole, and of its parts."""

    summary_score: Score | None = None
    span_scores: list[SpanScore] = []

    def value(self) -> float | None:
        """Of the whole, else the highest of the parts; None where none is given."""
        if self.summary_score and self.summary_score.value is not None:
            return self.summary_score.value
        return max(
            (it.score.value for it in self.span_scores if it.score.value is not None), default=None
        )


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
        """The message in a request's body. Raises `RefusedError` or `Problem`.

        Its media type is not looked at, as Google does not, and nothing is read as `{}`.
        """
        try:
            return cls.model_validate(parse(body) if body.strip() else {})
        except ValidationError as error:
            raise _mistake(error) from None


class AnalyzeRequest(_About):
    """`comments:analyze`."""

    requested_attributes: dict[str, Requested] = {}
    span_annotations: bool = False


class SuggestRequest(_About):
    """`comments:suggestscore`. `do_not_store` is our own: Perspective stored every suggestion."""

    attribute_scores: dict[str, AttributeScores] = {}


def _mistake(error: ValidationError) -> RefusedError:
    """The first thing that does not fit, in Google's words and without the value."""
    first = error.errors(include_url=False, include_context=True)[0]
    *above, last = (str(step)[:_ECHOED] for step in first["loc"] or ("",))
    if first["type"] == "extra_forbidden":
        place = f" at '{'.'.join(above)}'" if above else ""
        said = f'Unknown name "{last}"{place}: Cannot find field.'
        return invalid(f"Invalid JSON payload received. {said}", ".".join(above))
    field = ".".join([*above, last])
    detail = errors.of_fields(error).errors[0]["detail"]
    return invalid(f"Invalid value at '{field}': {detail}", field)
