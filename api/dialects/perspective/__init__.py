"""Perspective's comment analyzer, v1alpha1, for clients whose host or discovery address is set.

`analyze` decides and keeps as our own API does and tells the decision as Perspective's
attributes; `suggestscore` is a moderator's verdict. What we cannot score gets Perspective's own
error, in the words that its clients parse.
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
from api.dialects.perspective.attributes import Judged, MissingScoreError
from api.dialects.perspective.upstream import Upstream
from api.dialects.perspective.wire import AnalyzeRequest, RefusedError, SuggestRequest
from api.http import errors
from api.http.auth import bearer
from api.http.errors import Problem
from api.services import count, decider, moderator, services, services_of
from moderation import Action, Comment
from moderation.comment import CommentError, validate
from moderation.scoring.language import NO_LANGUAGE
from moderation.text.reading import Text, read

MOST_SPANS = 50  # in an answer; of a comment with more sentences, a span holds several
FEWEST_WORDS = 4  # in shorter comments nobody can tell the language ...
SURELY_FOREIGN = 0.01  # ... but by their letters: the probability of English below which it is not
MOST_CONTEXT = 20_480  # characters of an article or parent that are read and kept

perspective = Blueprint("perspective", __name__)


@perspective.record
def _prepare(state: BlueprintSetupState) -> None:
    """Each app compares with the upstream that its settings name."""
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
    """Return the upstream of `app`; None if it compares with none."""
    upstream: Upstream | None = app.extensions["perspective_upstream"]
    return upstream


@perspective.get("/$discovery/rest")
def discover() -> Response:
    """The discovery document, by which generic clients build themselves."""
    version = request.args.get("version", discovery.VERSION)
    if version != discovery.VERSION:
        raise wire.invalid("Requested entity was not found.", "version", status=404)
    chosen = services().settings.public_url
    return jsonify(discovery.document(str(chosen or request.url_root)))


@perspective.post("/v1alpha1/comments:analyze")
def analyze() -> Response:
    """The scores of the attributes that were asked for, of the whole and of its sentences."""
    _admit("decide")
    asked = AnalyzeRequest.read(request.get_data())
    wanted = _wanted(asked)
    if asked.languages:
        _understood(wanted, asked.languages)
    comment = _comment(asked)
    community = asked.community_id
    (decision,) = decider().decide(
        [DecisionRequest(comment, store_text=not asked.do_not_store)],
        community=community,
        route="perspective",
        moderator=moderator(),
    )
    count([decision], "perspective")
    text = read(comment)
    whole = Judged(decision, len(text.words), moderator().policy)
    detected = _detected(whole)
    if not asked.languages:
        _understood(wanted, detected)
    parts = _parts(text, comment) if asked.span_annotations else []
    found = {name: _scores(wanted[name], whole, parts, text) for name in wanted}
    values = {name: scores["summaryScore"]["value"] for name, scores in found.items()}
    if upstream := upstream_of(current_app):
        upstream.compare(comment.text, asked.languages or detected, values)
    least = {name: it.score_threshold or 0.0 for name, it in asked.requested_attributes.items()}
    scores = {name: found[name] for name in wanted if values[name] >= least[name]}
    answer = {
        "attributeScores": scores,
        "languages": asked.languages or detected,
        "detectedLanguages": detected,
    }
    return jsonify(
        {**answer, **({"clientToken": asked.client_token} if asked.client_token else {})}
    )


@perspective.post("/v1alpha1/comments:suggestscore")
def suggest() -> Response:
    """A score that somebody would have given: a verdict, and a label to learn from."""
    _admit("verdict")
    asked = SuggestRequest.read(request.get_data())
    action, reason = _suggested(asked)
    comment = _comment(asked)
    if decider().circuit.open:
        raise _away()
    language = feedback.give(
        decider(),
        DecisionRequest(comment, store_text=not asked.do_not_store),
        community=asked.community_id,
        action=action,
        who=f"suggestscore:{g.key.name}",
        reason=reason,
        route="suggestscore"
        if any(_attribute(it).english for it in asked.attribute_scores)
        else "perspective",
    )
    if language is None:
        raise _away()
    answer: dict[str, Any] = {"detectedLanguages": [language]}
    if asked.languages:
        answer["requestedLanguages"] = asked.languages
    if asked.client_token:
        answer["clientToken"] = asked.client_token
    return jsonify(answer)


def _admit(scope: str) -> None:
    """Let in only who has a key with this scope, by query or header. Raises `RefusedError`."""
    query, sent = request.args, request.headers
    secret = (
        query.get("key")
        or sent.get("X-Goog-Api-Key")
        or bearer(sent.get("Authorization", ""))
        or query.get("access_token")
        or query.get("oauth_token")
    )
    try:
        key = services().authenticator.authenticate(secret)
    except Problem as problem:
        if problem.code != 401:
            raise
        if secret is None:
            said = "Method doesn't allow unregistered callers. Please use an API key."
            raise wire.denied(403, said, "API_KEY_MISSING") from None
        said = "API key not valid. Please pass a valid API key."
        raise wire.denied(400, said, "API_KEY_INVALID") from None
    if not key.may(scope):
        said = f"This key has no scope '{scope}'."
        raise wire.denied(403, said, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    services().authenticator.check_rate(key)
    g.key = key


def _comment(asked: AnalyzeRequest | SuggestRequest) -> Comment:
    """The comment with its context. Raises `RefusedError`."""
    entry, context = asked.comment, asked.context
    if entry.type == "HTML":
        raise wire.refused("INVALID_REQUEST", "Currently, only 'PLAIN_TEXT' comments are supported")
    if entry.type not in ("PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"):
        raise wire.refused("INVALID_REQUEST", "Unknown text type")
    if not entry.text.strip():
        raise wire.refused("COMMENT_EMPTY", "Comment must be non-empty.")
    limit = moderator().policy.publication.max_bytes
    if len(entry.text.encode()) > limit:
        raise wire.refused("COMMENT_TOO_LONG", "Comment text too long.")
    try:
        validate(entry.text, limit)
    except CommentError as error:
        raise wire.invalid(
            f"Invalid value at 'comment.text': {error.message}", "comment.text"
        ) from None
    known = context.article_and_parent_comment
    if known and context.entries:
        both = "Context can have either entries or article_and_parent_comment"
        said = f"{both}, but both fields were populated."
        raise wire.refused("INVALID_REQUEST", said)
    return Comment(
        entry.text,
        id=asked.client_token or None,
        article=_around(known.article.text) if known else None,
        parent=_around(known.parent_comment.text) if known else None,
    )


def _around(text: str) -> str | None:
    return wire.kept(text)[:MOST_CONTEXT].strip() or None


def _wanted(asked: AnalyzeRequest) -> dict[str, attributes.Attribute]:
    """The attributes asked for, by the names they were asked by. Raises `RefusedError`."""
    if not asked.comment.text.strip():
        raise wire.refused("COMMENT_EMPTY", "Comment must be non-empty.")
    if not asked.requested_attributes:
        raise wire.refused("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes")
    wanted = {name: _attribute(name) for name in asked.requested_attributes}
    for name, settings in asked.requested_attributes.items():
        if settings.score_type not in ("PROBABILITY", "SCORE_TYPE_UNSPECIFIED"):
            kind = f"Requested score type {settings.score_type}"
            said = f"{kind} is not supported by attribute {name}"
            raise wire.refused("INVALID_REQUEST", said)
    return wanted


def _attribute(name: str) -> attributes.Attribute:
    found = attributes.attribute(name)
    if found is None:
        raise wire.refused("INVALID_REQUEST", f"Unknown requested attribute: {name[:100]}")
    return found


def _detected(whole: Judged) -> list[str]:
    """The language that was read; none where there is nothing to tell it by."""
    language = whole.decision["language"]
    english, code = language.get("english", 1.0), language.get("code", "und")
    if code == NO_LANGUAGE:
        return []
    if english >= SURELY_FOREIGN and (code == "und" or whole.words < FEWEST_WORDS):
        return ["en"]
    return [] if code == "und" else [code]


def _understood(wanted: Mapping[str, attributes.Attribute], languages: Sequence[str]) -> None:
    """Refuse what only means something of English. What the rules say holds in any language."""
    name = next((name for name, attribute in wanted.items() if attribute.english), None)
    if name is None or any(_english(code) for code in languages):
        return
    if not languages:
        raise wire.refused("LANGUAGE_DETECTION_FAILED", "Unable to detect language")
    said = f"Attribute {name} does not support request languages: {', '.join(languages)}"
    error = {"attribute": name, "requestedLanguages": languages}
    raise wire.refused(
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        said,
        languageNotSupportedByAttributeError=error,
    )


def _english(code: str) -> bool:
    """Whether a language's code, such as 'en-IN', is one of English."""
    return re.split("[-_]", code, maxsplit=1)[0].lower() == "en"


Part = tuple[int, int, Judged]


def _parts(text: Text, comment: Comment) -> list[Part]:
    """The sentences, each judged as if it stood alone, and where they stand in the text."""
    sentences = text.sentences
    if not sentences:
        return []
    several = -(-len(sentences) // MOST_SPANS)
    groups = [sentences[at : at + several] for at in range(0, len(sentences), several)]
    spans = [text.span(group[0].start, group[-1].end) for group in groups]
    alone = (Comment(it.text, article=comment.article, parent=comment.parent) for it in spans)
    made = moderator().moderate_many(alone)
    policy = moderator().policy
    return [
        (span.start, span.end, Judged(decision.to_dict(), len(read(span.text).words), policy))
        for span, decision in zip(spans, made, strict=True)
    ]


def _scores(
    attribute: attributes.Attribute, whole: Judged, parts: list[Part], text: Text
) -> dict[str, Any]:
    summary = attribute.score(whole)
    spans = [(start, end, attribute.score(part)) for start, end, part in parts]
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
    """A place in code points as Perspective counts it: in UTF-16 units.

    >>> units("🙏 you", 2)
    3
    """
    return at + sum(sign > "\uffff" for sign in text[:at])


def _suggested(asked: SuggestRequest) -> tuple[Action, str]:
    """What a suggestion says of the comment, and in which words. Raises `RefusedError`.

    All attributes offered say how bad something is, so one high score refuses.
    """
    if not asked.attribute_scores:
        raise wire.refused("INVALID_REQUEST", "Missing attribute_scores")
    values: dict[str, float] = {}
    for name, given in asked.attribute_scores.items():
        value = given.value()
        _attribute(name)
        if value is None:
            raise wire.refused("INVALID_REQUEST", f"Missing score of attribute {name}")
        values[name] = round(value, 4)
    action = Action.REJECT if max(values.values()) >= 0.5 else Action.APPROVE
    return action, ", ".join(f"{_plain(name)} {value:.4g}" for name, value in values.items())


def _plain(name: str) -> str:
    """An attribute without its version, and as its twin in production."""
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
    said = "The service failed to answer; its log says where."
    return wire.of_problem(Problem(500, said)).answer()
