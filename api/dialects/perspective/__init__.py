"""Answer clients of Perspective's comment analyzer, v1alpha1.

The clients' host or discovery address must be set to this service. `analyze` decides and records
like our own API, and answers with Perspective's attributes (scores such as `TOXICITY`).
`suggestscore` records a moderator's verdict. Requests that we cannot score get Perspective's error,
with the messages that its clients parse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from api.decisions import DecisionRequest
from api.dialects.perspective import attributes, discovery, feedback, wire
from api.dialects.perspective.attributes import MissingScoreError, Scored
from api.dialects.perspective.upstream import Upstream
from api.dialects.perspective.wire import AnalyzeRequest, RefusedError, SuggestRequest
from api.http import errors
from api.http.auth import ExpiredKeyError, bearer
from api.http.body import read_body
from api.http.errors import Problem
from api.record.storable import without_nul
from api.services import (
    count_comments,
    decide,
    decider,
    key_id,
    moderator,
    public_url,
    services,
    services_of,
)
from moderation import Action, Comment
from moderation.comment import CommentError, validate
from moderation.scoring.language import NO_LANGUAGE
from moderation.text.reading import Text, read

MOST_SPANS = 50  # in an answer; longer comments have several sentences per span
FEWEST_WORDS = 4  # shorter comments count as English ...
SURELY_FOREIGN = 0.01  # ... unless the probability of English is below this
MOST_CONTEXT = 20_480  # characters of an article or parent that are used
INVALID_KEY = "API key not valid. Please pass a valid API key."  # Perspective's own words
EXPIRED_KEY = "API key expired. Please renew the API key."

perspective = Blueprint("perspective", __name__)


@perspective.record
def _prepare(state: BlueprintSetupState) -> None:
    """Set up the comparison with the real Perspective, if the app's settings name its address."""
    settings = services_of(state.app).settings
    state.app.extensions["perspective_upstream"] = (
        Upstream(
            str(settings.perspective_upstream),
            settings.perspective_upstream_key.get_secret_value(),
            settings.perspective_differences,
        )
        if settings.perspective_upstream
        else None
    )


def upstream_of(app: App) -> Upstream | None:
    """Return what compares our scores with Perspective's in `app`.

    Returns None if the settings ask for no comparison.
    """
    upstream: Upstream | None = app.extensions["perspective_upstream"]
    return upstream


@perspective.get("/$discovery/rest")
def discover() -> Response:
    """Answer Google's discovery document, from which generic Google clients build their methods."""
    version = request.args.get("version", discovery.VERSION)
    if version != discovery.VERSION:
        raise wire.invalid("Requested entity was not found.", "version", status=404)
    return jsonify(discovery.document(public_url()))


@perspective.post("/v1alpha1/comments:analyze")
def analyze() -> Response:
    """Answer the scores of the requested attributes, for the comment and for each sentence."""
    _admit("decide")
    call = AnalyzeRequest.read(read_body())
    wanted = _wanted(call)
    if call.languages:
        _check_languages(wanted, call.languages)
    comment = _comment(call)
    (decision,) = decide(
        [DecisionRequest(comment, store_text=not call.do_not_store)],
        community=call.community_id,
        route="perspective",
        moderator=moderator(),
    )
    text = read(comment)
    scored = Scored(decision, len(text.words), moderator().policy)
    detected = _detected(scored)
    if not call.languages:
        _check_languages(wanted, detected)
    parts = _parts(text, comment) if call.span_annotations else []
    scores = {name: _scores(wanted[name], scored, parts, text) for name in wanted}
    values = {name: score["summaryScore"]["value"] for name, score in scores.items()}
    if upstream := upstream_of(current_app):
        upstream.compare(comment.text, call.languages or detected, values)
    requested = call.requested_attributes
    answer = {
        "attributeScores": {
            name: score
            for name, score in scores.items()
            if values[name] >= (requested[name].score_threshold or 0.0)
        },
        "languages": call.languages or detected,
        "detectedLanguages": detected,
    }
    return jsonify({**answer, **({"clientToken": call.client_token} if call.client_token else {})})


@perspective.post("/v1alpha1/comments:suggestscore")
def suggest() -> Response:
    """Record a score that a client suggests, as a verdict of a moderator.

    The verdict can also serve as a label for training.
    """
    _admit("verdict")
    call = SuggestRequest.read(read_body())
    action, reason = _suggested(call)
    comment = _comment(call)
    count_comments([comment])
    if decider().circuit.open:
        raise _away()
    language = feedback.give(
        decider(),
        DecisionRequest(comment, store_text=not call.do_not_store),
        community=call.community_id,
        action=action,
        who=f"suggestscore:{g.key.name}",
        key_id=key_id(),
        reason=reason,
        route="suggestscore"
        if any(_attribute(name).english for name in call.attribute_scores)
        else "perspective",
    )
    if language is None:
        raise _away()
    answer: dict[str, Any] = {"detectedLanguages": [language]}
    if call.languages:
        answer["requestedLanguages"] = call.languages
    if call.client_token:
        answer["clientToken"] = call.client_token
    return jsonify(answer)


def _admit(scope: str) -> None:
    """Check that the query or a header has an API key with this scope.

    Otherwise raises `RefusedError`, which is Perspective's error answer.
    """
    query, headers = request.args, request.headers
    secret = (
        query.get("key")
        or headers.get("X-Goog-Api-Key")
        or bearer(headers.get("Authorization", ""))
        or query.get("access_token")
        or query.get("oauth_token")
    )
    try:
        key = services().authenticator.authenticate(secret)
    except Problem as problem:
        if problem.code != 401:
            raise
        if secret is None:
            message = "Method doesn't allow unregistered callers. Please use an API key."
            raise wire.denied(403, message, "API_KEY_MISSING") from None
        expired = isinstance(problem, ExpiredKeyError)
        message = EXPIRED_KEY if expired else INVALID_KEY
        raise wire.denied(400, message, "API_KEY_INVALID") from None
    if not key.may(scope):
        message = f"This key has no scope '{scope}'."
        raise wire.denied(403, message, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    services().authenticator.check_rate(key)
    g.key = key


def _comment(call: AnalyzeRequest | SuggestRequest) -> Comment:
    """Return the comment of a request, with its article and parent comment.

    Raises `RefusedError` if the comment cannot be accepted, for example because it is too long.
    """
    entry, context = call.comment, call.context
    if entry.type == "HTML":
        raise wire.refused("INVALID_REQUEST", "Currently, only 'PLAIN_TEXT' comments are supported")
    if entry.type not in ("PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"):
        raise wire.refused("INVALID_REQUEST", "Unknown text type")
    if not entry.text.strip():
        raise wire.refused("COMMENT_EMPTY", "Comment must be non-empty.")
    limit = moderator().policy.publication.max_bytes
    size = len(entry.text.encode())
    if size > limit:  # in Google's words, which clients search for
        message = f"Comment text was too many bytes. Value ({size}) exceeded limit ({limit})."
        raise wire.refused("COMMENT_TOO_LONG", message)
    try:
        validate(entry.text, limit)
    except CommentError as error:
        raise wire.invalid(
            f"Invalid value at 'comment.text': {error.message}", "comment.text"
        ) from None
    around = context.article_and_parent_comment
    if around and context.entries:
        rule = "Context can have either entries or article_and_parent_comment"
        message = f"{rule}, but both fields were populated."
        raise wire.refused("INVALID_REQUEST", message)
    return Comment(
        entry.text,
        id=call.client_token or None,
        article=_shorten(around.article.text) if around else None,
        parent=_shorten(around.parent_comment.text) if around else None,
    )


def _shorten(text: str) -> str | None:
    return without_nul(text)[:MOST_CONTEXT].strip() or None


def _wanted(call: AnalyzeRequest) -> dict[str, attributes.Attribute]:
    """Return the attributes that a request asks for, by name.

    Raises `RefusedError` if the request names no attribute or one that does not exist.
    """
    if not call.comment.text.strip():
        raise wire.refused("COMMENT_EMPTY", "Comment must be non-empty.")
    if not call.requested_attributes:
        raise wire.refused("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes")
    wanted = {name: _attribute(name) for name in call.requested_attributes}
    for name, settings in call.requested_attributes.items():
        if settings.score_type not in ("PROBABILITY", "SCORE_TYPE_UNSPECIFIED"):
            kind = f"Requested score type {settings.score_type}"
            message = f"{kind} is not supported by attribute {name}"
            raise wire.refused("INVALID_REQUEST", message)
    return wanted


def _attribute(name: str) -> attributes.Attribute:
    attribute = attributes.attribute(name)
    if attribute is None:
        raise wire.refused("INVALID_REQUEST", f"Unknown requested attribute: {name[:100]}")
    return attribute


def _detected(scored: Scored) -> list[str]:
    """Return a list with the code of the detected language, or an empty list if it is unclear."""
    language = scored.decision["language"]
    english, code = language.get("english", 1.0), language.get("code", "und")
    if code == NO_LANGUAGE:
        return []
    if english >= SURELY_FOREIGN and (code == "und" or scored.words < FEWEST_WORDS):
        return ["en"]
    return [] if code == "und" else [code]


def _check_languages(wanted: Mapping[str, attributes.Attribute], languages: Sequence[str]) -> None:
    """Raise `RefusedError` if an attribute is for English only and no language is English.

    Attributes that come from the policy's decision work in any language.
    """
    name = next((name for name, attribute in wanted.items() if attribute.english), None)
    if name is None or any(_english(code) for code in languages):
        return
    if not languages:
        raise wire.refused("LANGUAGE_DETECTION_FAILED", "Unable to detect language")
    message = f"Attribute {name} does not support request languages: {', '.join(languages)}"
    error = {"attribute": name, "requestedLanguages": languages}
    raise wire.refused(
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        message,
        languageNotSupportedByAttributeError=error,
    )


def _english(code: str) -> bool:
    """Return whether a language code such as 'en-IN' means English."""
    return re.split("[-_]", code, maxsplit=1)[0].lower() == "en"


Part = tuple[int, int, Scored]


def _parts(text: Text, comment: Comment) -> list[Part]:
    """Decide on each sentence alone. Return its start and end in the text, and the decision.

    If a comment has very many sentences, several sentences together are one part.
    """
    sentences = text.sentences
    if not sentences:
        return []
    size = -(-len(sentences) // MOST_SPANS)
    groups = [sentences[first : first + size] for first in range(0, len(sentences), size)]
    spans = [text.span(group[0].start, group[-1].end) for group in groups]
    comments = (
        Comment(span.text, article=comment.article, parent=comment.parent) for span in spans
    )
    decisions = moderator().moderate_many(comments)
    policy = moderator().policy
    return [
        (span.start, span.end, Scored(decision.to_dict(), len(read(span.text).words), policy))
        for span, decision in zip(spans, decisions, strict=True)
    ]


def _scores(
    attribute: attributes.Attribute, scored: Scored, parts: list[Part], text: Text
) -> dict[str, Any]:
    summary = attribute.score(scored)
    spans = [(start, end, attribute.score(part)) for start, end, part in parts]
    if attribute.capped:
        spans = [(start, end, min(score, summary)) for start, end, score in spans]
    return {
        "spanScores": [
            {"begin": units(text.raw, start), "end": units(text.raw, end), "score": _score(value)}
            for start, end, value in spans or [(0, len(text.raw), summary)]
        ],
        "summaryScore": _score(summary),
    }


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": "PROBABILITY"}


def units(text: str, at: int) -> int:
    """Convert a position in a text from code points to UTF-16 units, which Perspective counts.

    >>> units("🙏 you", 2)
    3
    """
    return at + sum(sign > "\uffff" for sign in text[:at])


def _suggested(call: SuggestRequest) -> tuple[Action, str]:
    """Return the action that suggested scores mean, and the scores as text.

    A high score of any attribute is bad, so a score of at least 0.5 means reject, and otherwise
    approve. Raises `RefusedError` if a score is missing.
    """
    if not call.attribute_scores:
        raise wire.refused("INVALID_REQUEST", "Missing attribute_scores")
    values: dict[str, float] = {}
    for name, score in call.attribute_scores.items():
        value = score.value()
        _attribute(name)
        if value is None:
            raise wire.refused("INVALID_REQUEST", f"Missing score of attribute {name}")
        values[name] = round(value, 4)
    action = Action.REJECT if max(values.values()) >= 0.5 else Action.APPROVE
    return action, ", ".join(f"{_plain(name)} {value:.4g}" for name, value in values.items())


def _plain(name: str) -> str:
    """Return an attribute's name without its version (`@6`) and the ending `_EXPERIMENTAL`."""
    return name.partition("@")[0].removesuffix("_EXPERIMENTAL")


def _away() -> RefusedError:
    return wire.of_problem(errors.unreachable())


@perspective.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    if isinstance(error, RefusedError):
        return error.answer()
    problem = error if isinstance(error, Problem) else Problem(error.code or 500, error.name)
    return wire.of_problem(problem).answer()


@perspective.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> Response:
    return wire.of_problem(errors.too_large()).answer()


@perspective.errorhandler(MissingScoreError)
def _no_score(error: MissingScoreError) -> Response:
    problem = Problem(503, f"No model gave the score '{error}'.", headers=[("Retry-After", "5")])
    return wire.of_problem(problem).answer()


@perspective.errorhandler(SQLAlchemyError)
def _unreachable(error: SQLAlchemyError) -> Response:
    decider().circuit.failed(error)
    return _away().answer()


@perspective.errorhandler(Exception)
def _failed(error: Exception) -> Response:
    errors.log_error(error)
    message = "The service failed to answer; its log says where."
    return wire.of_problem(Problem(500, message)).answer()
