"""Answer OpenAI's `POST /v1/moderations`, for OpenAI clients whose base URL is this service.

`flagged` is the policy's decision: true for review and reject. A category is true if a rule acted
on one of its scores. Some categories are scored by neither a model nor a rule. Their score is 0,
they apply to no input, and the header `X-Moderation-Unsupported` lists them.

Formats, codes and messages are those that openai-python 3.54.0 and openai-node 6.49.0 read.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from api.decisions import DecisionRequest
from api.http import errors
from api.services import decide, moderator, needs
from moderation import Comment
from moderation.comment import CommentError, validate
from moderation.rules import self_harm

MODELS = (
    "house-rules",
    "omni-moderation-latest",
    "omni-moderation-2024-09-26",
    "text-moderation-latest",
    "text-moderation-stable",
)
MOST = 1000  # inputs in one request

JsonObject = dict[str, Any]

# The model scores of each category, with the rule that acts on each. The category's score is the
# highest of them.
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
# The rule of each category that no model scores, and the score from which a finding counts.
RULES: dict[str, tuple[str, float]] = {
    "self-harm": ("self_harm", 0.0),
    "self-harm/intent": ("self_harm", self_harm.INTENT),
}
# No model scores these directly. Each is the lower of two categories' scores.
BOTH = {"hate/threatening": ("hate", "harassment/threatening")}

openai = Blueprint("openai", __name__)


class RequestError(HTTPException):
    """An error in OpenAI's format: the message, the parameter and the code."""

    def __init__(
        self, message: str, param: str | None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.code, self.param, self.reason = status, param, code


class CategoryResult(NamedTuple):
    """The score of one of OpenAI's categories, and whether the category is flagged (true)."""

    score: float
    flagged: bool


@openai.post("/v1/moderations")
@needs("decide")
def moderations() -> Response:
    """Answer one result for every text, in order.

    An input that is a list of objects (OpenAI's content parts) is one text and gets one result.
    """
    body = request.get_json()
    inputs = [*_inputs(body)]
    comments = [DecisionRequest(Comment(text)) for text in inputs]
    decisions = decide(comments, route="openai", moderator=moderator())
    offered = _offered()
    answer = jsonify(
        id=f"modr-{uuid.uuid4().hex}",
        model="house-rules",
        results=[_result(decision, offered) for decision in decisions],
    )
    unsupported = [name for name in CATEGORIES if name not in _supported(offered)]
    answer.headers["X-Moderation-Unsupported"] = ", ".join(unsupported)
    return answer


def _inputs(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a request.

    Raises `RequestError` for a request or a text that is not valid.
    """
    for name in body:
        if name not in ("input", "model"):
            raise RequestError(f"Unrecognized request argument supplied: {name[:80]}", None)
    model = body.get("model", MODELS[0])
    if model not in MODELS:
        message = f"The model `{str(model)[:80]}` does not exist; use one of: {', '.join(MODELS)}."
        raise RequestError(message, "model", "model_not_found", 404)
    if "input" not in body:
        message = "Missing required parameter: 'input'."
        raise RequestError(message, "input", "missing_required_parameter")
    for param, text in _texts(body["input"]):
        try:
            yield validate(text, moderator().policy.publication.max_bytes)
        except CommentError as error:
            long = isinstance(text, str) and len(text) > 1000 and "limit" in error.message
            code = "string_above_max_length" if long else "invalid_value"
            raise RequestError(f"Invalid '{param}': {error.message}.", param, code) from None


def _texts(value: object) -> list[tuple[str, object]]:
    """Return pairs of the name of a parameter, such as `input[1]`, and the text that it holds."""
    if isinstance(value, str):
        return [("input", value)]
    if not isinstance(value, list):
        raise _wrong_type("input", "a string or an array of strings or of parts", value)
    if not value:
        message = "Invalid 'input': empty array. Expected an array with at least 1 element."
        raise RequestError(message, "input", "empty_array")
    if len(value) > MOST:
        message = f"Invalid 'input': array too long. At most {MOST:,} elements may be sent at once."
        raise RequestError(message, "input", "array_above_max_length")
    if isinstance(value[0], dict):
        parts = [_part(part, f"input[{index}]") for index, part in enumerate(value)]
        return [("input", "\n".join(parts))]
    for index, text in enumerate(value):
        if not isinstance(text, str):
            raise _wrong_type(f"input[{index}]", "a string", text)
    return [(f"input[{index}]", text) for index, text in enumerate(value)]


def _part(part: object, param: str) -> str:
    """Return the text of one part of an input that is a list of parts.

    Raises `RequestError` for an image. Ignoring the image would approve it unseen.
    """
    if not isinstance(part, dict):
        raise _wrong_type(param, "an object with a 'type'", part)
    match part.get("type"):
        case "text":
            if not isinstance(part.get("text"), str):
                raise _wrong_type(f"{param}.text", "a string", part.get("text"))
            return str(part["text"])
        case "image_url":
            message = f"Invalid '{param}': images cannot be judged here. Send the text alone."
            raise RequestError(message, param, "unsupported_image")
    message = f"Invalid value for '{param}.type': supported values are 'text'."
    raise RequestError(message, f"{param}.type", "invalid_value")


def _wrong_type(param: str, expected: str, got: object) -> RequestError:
    kinds = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    kind = "null" if got is None else kinds.get(type(got), "a number")
    message = f"Invalid type for '{param}': expected {expected}, but got {kind} instead."
    return RequestError(message, param, "invalid_type")


def _offered() -> dict[str, dict[str, str]]:
    """Return, for each of OpenAI's categories, the scores that make it up, each with its rule.

    Leaves out scores that no model in use gives.
    """
    heads = moderator().models.heads
    return {
        category: {head: rule for head, rule in scores.items() if head in heads}
        for category, scores in CATEGORIES.items()
    }


def _supported(offered: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    rules = moderator().policy.rules
    alone = {category for category, scores in offered.items() if scores}
    alone |= {category for category, (rule, _) in RULES.items() if rule in rules}
    return frozenset(alone | {name for name, parts in BOTH.items() if alone.issuperset(parts)})


def _result(decision: Mapping[str, Any], offered: Mapping[str, Mapping[str, str]]) -> JsonObject:
    supported = _supported(offered)
    results = {category: _category(decision, scores) for category, scores in offered.items()}
    for name in RULES.keys() & supported:
        results[name] = _by_rule(decision, *RULES[name])
    for name in BOTH.keys() & supported:
        scores, flags = zip(*(results[category] for category in BOTH[name]), strict=True)
        results[name] = CategoryResult(min(scores), all(flags))
    return {
        "flagged": decision["action"] != "approve",
        "categories": {category: result.flagged for category, result in results.items()},
        "category_scores": {category: result.score for category, result in results.items()},
        "category_applied_input_types": {
            category: ["text"] if category in supported else [] for category in results
        },
        # Not in OpenAI's API; its clients ignore it.
        "house_rules": {
            "decision": decision["id"],
            "action": decision["action"],
            "rules": [reason["rule"] for reason in decision["reasons"]],
            "recorded": decision["recorded"],
        },
    }


def _category(decision: Mapping[str, Any], heads: Mapping[str, str]) -> CategoryResult:
    """Return the highest of a category's scores, and whether a rule acted on one of them.

    `heads` maps names of scores to names of rules. Raises `RequestError` if a score is missing
    because its model failed, since a missing score is not a zero.
    """
    if not heads:
        return CategoryResult(0.0, False)
    scores: Mapping[str, float] = decision["scores"]
    if missing := heads.keys() - scores.keys():
        message = f"No model gives these scores just now: {', '.join(sorted(missing))}."
        raise RequestError(message, None, status=503)
    acted = {reason["rule"] for reason in decision["reasons"]}
    flagged = any(
        rule in acted and scores[head] >= _acts_from(rule) for head, rule in heads.items()
    )
    return CategoryResult(max(scores[head] for head in heads), flagged)


def _by_rule(decision: Mapping[str, Any], rule: str, least: float) -> CategoryResult:
    """Return the result of a category that comes from a rule's score and not from a model.

    If the rule's score is below `least`, the result is 0 and not flagged.
    """
    for name in ("reasons", "observed"):
        for reason in decision[name]:
            if reason["rule"] == rule and reason["score"] >= least:
                return CategoryResult(reason["score"], name == "reasons")
    return CategoryResult(0.0, False)


def _acts_from(rule: str) -> float:
    """Return the lowest score at which a rule acts. It is above 1 if the rule never acts."""
    settings = moderator().policy.rules.get(rule)
    levels = (settings.thresholds.review, settings.thresholds.reject) if settings else ()
    return min((level for level in levels if level != "never"), default=2.0)


# OpenAI's type and code of an error, by status.
_KINDS = {
    401: ("invalid_request_error", "invalid_api_key"),
    429: ("requests", "rate_limit_exceeded"),
}


@openai.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    """Return an error in OpenAI's format.

    OpenAI's clients choose the exception that they raise by the HTTP status.
    """
    status = error.code or 500
    kind, code = _KINDS.get(status, ("invalid_request_error", None))
    if status >= 500:
        kind, code = "server_error", None
    param = None
    if isinstance(error, RequestError):
        param, code = error.param, error.reason
    answer = jsonify(
        error={"message": error.description, "type": kind, "param": param, "code": code}
    )
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
    """Add a request id to the answer, as OpenAI does. Its clients log the id."""
    answer.headers["X-Request-Id"] = f"req_{uuid.uuid4().hex}"
    return answer
