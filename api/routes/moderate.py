"""Our own API, version 1: decide about comments, and suggest corrections."""

from __future__ import annotations

from flask import Response, g, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import ValidationError

from api.decisions import DecisionRequest
from api.http import errors
from api.http.errors import Problem
from api.routes.openapi import operation, problems
from api.routes.schemas import BatchIn, BatchOut, CommentIn, DecisionOut, SuggestIn, SuggestOut
from api.services import count_comments, decide, moderator, needs
from moderation import Comment
from moderation.comment import CommentError, validate
from moderation.corrections.suggest import suggest as suggest_corrections

DECIDE = Tag(name="Decide", description="A comment goes in, a decision with its reasons comes out.")

v1 = APIBlueprint("v1", __name__, url_prefix="/v1", operation_id_callback=operation)

DECIDING = problems(400, 401, 403, 413, 415, 422, 429, 500, 503)


@v1.post(
    "/moderate",
    tags=[DECIDE],
    summary="Decide about a comment",
    responses={"200": DecisionOut, **DECIDING},
)
@needs("decide")
def moderate(body: CommentIn) -> Response:
    """Returns the decision with every reason, its guideline and its place in the text.

    The same `id` with the same text always returns the same decision. If the text has changed, the
    comment has a new revision and gets a new decision.
    """
    g.quiet = body.dry_run  # hints while an author types are not logged either
    (decision,) = decide([body.to_request()], route="v1")
    return jsonify(decision)


@v1.post(
    "/moderate/batch",
    tags=[DECIDE],
    summary="Decide about up to 1,000 comments",
    responses={"200": BatchOut, **DECIDING},
)
@needs("decide")
def moderate_batch(body: BatchIn) -> Response:
    """Returns a decision or a problem for each comment, in the order of the request."""
    items = [_item(item, f"/comments/{index}") for index, item in enumerate(body.comments)]
    requests = [item for item in items if isinstance(item, DecisionRequest)]
    remaining = iter(decide(requests, route="v1"))
    return jsonify(
        decisions=[
            item.to_dict() if isinstance(item, Problem) else next(remaining) for item in items
        ]
    )


def _item(item: object, at: str) -> DecisionRequest | Problem:
    """Turn a comment of a batch into a request to the `Decider`, or into a problem if invalid."""
    try:
        request = CommentIn.model_validate(item).to_request()
        validate(request.comment.text, moderator().policy.publication.max_bytes)
    except ValidationError as error:
        return errors.of_fields(error, at)
    except CommentError as error:
        return errors.of_comment(error, at)
    return request


@v1.post(
    "/suggest",
    tags=[DECIDE],
    summary="Correct what can safely be corrected",
    responses={"200": SuggestOut, **DECIDING},
)
@needs("decide")
def suggest(body: SuggestIn) -> Response:
    """Returns the text with text speak spelled out, and apostrophes and capitals corrected.

    `hints` name the fragments that an author can complete before posting.
    Nothing is decided, and nothing is recorded.
    """
    comment = Comment(body.text, format=body.format)
    count_comments([comment])
    hints = [
        {
            "rule": finding.rule,
            "message": finding.message,
            "spans": [span.to_dict() for span in finding.spans],
        }
        for finding in moderator().hints(comment)
    ]
    suggestion = suggest_corrections(comment)
    changes = [{**change.span.to_dict(), "instead": change.text} for change in suggestion.changes]
    return jsonify(text=suggestion.text, changes=changes, hints=hints)
