"""OpenAI's moderations: `POST /v1/moderations`, for clients that are given another base URL.

`flagged` is the policy's verdict: true where a person has to look or the comment is refused.
A category is true where a rule acted on one of its scores. Categories of which no model knows
anything score 0, apply to no input and are named in the header `X-Moderation-Unsupported`.

Shapes, codes and messages as openai-python 3.54.0 and openai-node 6.49.0 read them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from api.decisions import DecisionRequest
from api.http import errors
from api.services import count, decider, moderator, needs
from moderation import Comment
from moderation.comment import CommentError, validate

MODELS = (
    "house-rules",
    "omni-moderation-latest",
    "omni-moderation-2024-09-26",
    "text-moderation-latest",
    "text-moderation-stable",
)
MOST = 1000  # inputs in one request

JsonObject = dict[str, Any]

# Each category: the scores that speak for it, and the rule that acts on each. The category's
# score is the highest of them.
CATEGORIES: dict[str, dict[str, str]] = {
    "harassment": {
        "insult": "abuse",
        "personal_attack": "personal_attack",
        "threat": "incendiary",
    },
    "harassment/threatening": {"threat": "incendiary"},
    "hate": {"identity_attack": "incendiary"},
    "hate/threatening": {},  # see BOTH
    "illicit": {},
    "illicit/violent": {},
    "self-harm": {},
    "self-harm/instructions": {},
    "self-harm/intent": {},
    "sexual": {"sexually_explicit": "abuse"},
    "sexual/minors": {},
    "violence": {"threat": "incendiary"},
    "violence/graphic": {},
}
# No model of ours gives these as one: they are at most as likely as the less likely of two.
BOTH = {"hate/threatening": ("hate", "harassment/threatening")}

openai = Blueprint("openai", __name__)


class RequestError(HTTPException):
    """A request that cannot be answered, in OpenAI's own words: what is wrong, and where."""

    def __init__(
        self, message: str, param: str | None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.code, self.param, self.reason = status, param, code


class Judged(NamedTuple):
    """What is known of one category."""

    score: float
    flagged: bool


@openai.post("/v1/moderations")
@needs("decide")
def moderations() -> Response:
    """One result for every text, in the order asked; a list of parts is one text."""
    body = request.get_json()
    inputs = [*_inputs(body)]
    comments = [DecisionRequest(Comment(text)) for text in inputs]
    made = decider().decide(comments, route="openai", moderator=moderator())
    count(made, "openai")
    offered = _offered()
    answer = jsonify(
        id=f"modr-{uuid.uuid4().hex}",
        model="house-rules",
        results=[_result(decision, offered) for decision in made],
    )
    unsupported = [name for name in CATEGORIES if name not in _supported(offered)]
    answer.headers["X-Moderation-Unsupported"] = ", ".join(unsupported)
    return answer


def _inputs(body: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a request, each one that can be judged; raises `RequestError`."""
    for name in body:
        if name not in ("input", "model"):
            raise RequestError(f"Unrecognized request argument supplied: {name[:80]}", None)
    model = body.get("model", MODELS[0])
    if model not in MODELS:
        named = f"The model `{str(model)[:80]}` does not exist; use one of: {', '.join(MODELS)}."
        raise RequestError(named, "model", "model_not_found", 404)
    if "input" not in body:
        said = "Missing required parameter: 'input'."
        raise RequestError(said, "input", "missing_required_parameter")
    for param, text in _texts(body["input"]):
        try:
            yield validate(text, moderator().policy.publication.max_bytes)
        except CommentError as error:
            long = isinstance(text, str) and len(text) > 1000 and "limit" in error.message
            code = "string_above_max_length" if long else "invalid_value"
            raise RequestError(f"Invalid '{param}': {error.message}.", param, code) from None


def _texts(given: object) -> list[tuple[str, object]]:
    """Each text with its place in the request."""
    if isinstance(given, str):
        return [("input", given)]
    if not isinstance(given, list):
        raise _wrong_type("input", "a string or an array of strings or of parts", given)
    if not given:
        said = "Invalid 'input': empty array. Expected an array with at least 1 element."
        raise RequestError(said, "input", "empty_array")
    if len(given) > MOST:
        said = f"Invalid 'input': array too long. At most {MOST:,} elements may be sent at once."
        raise RequestError(said, "input", "array_above_max_length")
    if isinstance(given[0], dict):
        parts = [_part(part, f"input[{place}]") for place, part in enumerate(given)]
        return [("input", "\n".join(parts))]
    for place, text in enumerate(given):
        if not isinstance(text, str):
            raise _wrong_type(f"input[{place}]", "a string", text)
    return [(f"input[{place}]", text) for place, text in enumerate(given)]


def _part(part: object, param: str) -> str:
    """The text of a part. An image is refused: to pass it over would be to approve it unseen."""
    if not isinstance(part, dict):
        raise _wrong_type(param, "an object with a 'type'", part)
    match part.get("type"):
        case "text":
            if not isinstance(part.get("text"), str):
                raise _wrong_type(f"{param}.text", "a string", part.get("text"))
            return str(part["text"])
        case "image_url":
            said = f"Invalid '{param}': images cannot be judged here. Send the text alone."
            raise RequestError(said, param, "unsupported_image")
    said = f"Invalid value for '{param}.type': supported values are 'text'."
    raise RequestError(said, f"{param}.type", "invalid_value")


def _wrong_type(param: str, expected: str, got: object) -> RequestError:
    kinds = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    kind = "null" if got is None else kinds.get(type(got), "a number")
    said = f"Invalid type for '{param}': expected {expected}, but got {kind} instead."
    return RequestError(said, param, "invalid_type")


def _offered() -> dict[str, dict[str, str]]:
    """Of each category the scores that the models in use give, with their rules."""
    heads = moderator().models.heads
    return {
        category: {head: rule for head, rule in scores.items() if head in heads}
        for category, scores in CATEGORIES.items()
    }


def _supported(offered: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    alone = {category for category, scores in offered.items() if scores}
    return frozenset(alone | {name for name, both in BOTH.items() if alone.issuperset(both)})


def _result(decision: Mapping[str, Any], offered: Mapping[str, Mapping[str, str]]) -> JsonObject:
    supported = _supported(offered)
    judged = {category: _judged(decision, scores) for category, scores in offered.items()}
    for name in BOTH.keys() & supported:
        scores, flags = zip(*(judged[one] for one in BOTH[name]), strict=True)
        judged[name] = Judged(min(scores), all(flags))
    return {
        "flagged": decision["action"] != "approve",
        "categories": {category: one.flagged for category, one in judged.items()},
        "category_scores": {category: one.score for category, one in judged.items()},
        "category_applied_input_types": {
            category: ["text"] if category in supported else [] for category in judged
        },
        # Not OpenAI's, and passed over by its clients: what decided, and where to look it up.
        "house_rules": {
            "decision": decision["id"],
            "action": decision["action"],
            "rules": [reason["rule"] for reason in decision["reasons"]],
            "recorded": decision["recorded"],
        },
    }


def _judged(decision: Mapping[str, Any], heads: Mapping[str, str]) -> Judged:
    """The highest of some scores, and whether a rule acted on one of them.

    Raises where a model that should have spoken was silent: that is never a zero.
    """
    if not heads:
        return Judged(0.0, False)
    scores: Mapping[str, float] = decision["scores"]
    if missing := heads.keys() - scores.keys():
        said = f"No model gives these scores just now: {', '.join(sorted(missing))}."
        raise RequestError(said, None, status=503)
    acted = {reason["rule"] for reason in decision["reasons"]}
    flagged = any(
        rule in acted and scores[head] >= _acts_from(rule) for head, rule in heads.items()
    )
    return Judged(max(scores[head] for head in heads), flagged)


def _acts_from(rule: str) -> float:
    """From which score on a rule acts; above 1 where it never does."""
    found = moderator().policy.rules.get(rule)
    levels = (found.thresholds.review, found.thresholds.reject) if found else ()
    return min((level for level in levels if level != "never"), default=2.0)


# By status: OpenAI's name for the kind of error, and its code.
_KINDS = {
    401: ("invalid_request_error", "invalid_api_key"),
    429: ("requests", "rate_limit_exceeded"),
}


@openai.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    """The error as OpenAI's clients read it: they make a typed exception of the status."""
    status = error.code or 500
    kind, code = _KINDS.get(status, ("invalid_request_error", None))
    if status >= 500:
        kind, code = "server_error", None
    param = None
    if isinstance(error, RequestError):
        param, code = error.param, error.reason
    told = {"message": error.description, "type": kind, "param": param, "code": code}
    answer = jsonify(error=told)
    answer.status_code = status
    wait = dict(getattr(error, "headers", ())).get("Retry-After") or ("1" if status == 503 else "")
    if wait:
        answer.headers["Retry-After"] = wait
        answer.headers["Retry-After-Ms"] = str(1000 * int(wait))
    if status in (429, 503):
        answer.headers["X-Should-Retry"] = "true"
    return answer


@openai.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> Response:
    return _refused(errors.too_large())


@openai.errorhandler(Exception)
def _failed(error: Exception) -> Response:
    errors.log_error(error)
    return _refused(InternalServerError("The service failed to answer; its log says where."))


@openai.after_request
def _name(answer: Response) -> Response:
    """Clients log the request's id."""
    answer.headers["X-Request-Id"] = f"req_{uuid.uuid4().hex}"
    return answer
