"""Our own API, version 1."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, g, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import ValidationError

from api.decisions import DecisionRequest
from api.http import errors
from api.http.errors import Problem
from api.routes.openapi import operation, problems
from api.routes.schemas import (
    BatchIn,
    BatchOut,
    CommentIn,
    DecisionOut,
    GuidelinesOut,
    ModelsOut,
    SuggestIn,
    SuggestOut,
)
from api.services import count, decider, moderator, needs, services
from moderation import Comment
from moderation.comment import CommentError, validate
from moderation.corrections import suggest as suggestion
from moderation.policy import RulePolicy

DECIDE = Tag(name="Decide", description="A comment goes in, a decision with its reasons comes out.")
KNOW = Tag(name="Know", description="What the house asks of authors, and what reads them.")


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
    """The decision, with every reason, the guideline it speaks for and the place in the text.

    The same `id` with the same text gets the same decision again; an edit is a new revision.
    """
    g.quiet = body.dry_run  # hints while an author types leave no trace, not in the log either
    (decision,) = decider().decide([body.to_request()])
    count([decision], "v1")
    return jsonify(decision)


@v1.post(
    "/moderate/batch",
    tags=[DECIDE],
    summary="Decide about up to 1,000 comments",
    responses={"200": BatchOut, **DECIDING},
)
@needs("decide")
def moderate_batch(body: BatchIn) -> Response:
    """For every comment its decision, or the problem with it, in the order asked."""
    items = [_item(value, f"/comments/{place}") for place, value in enumerate(body.comments)]
    made = decider().decide([item for item in items if isinstance(item, DecisionRequest)])
    count(made, "v1")
    following = iter(made)
    return jsonify(
        decisions=[
            item.to_dict() if isinstance(item, Problem) else next(following) for item in items
        ]
    )


def _item(value: object, at: str) -> DecisionRequest | Problem:
    """One item of a batch: a comment that can be judged, or why not."""
    try:
        asked = CommentIn.model_validate(value).to_request()
        validate(asked.comment.text, moderator().policy.publication.max_bytes)
    except ValidationError as error:
        return errors.of_fields(error, at)
    except CommentError as error:
        return errors.of_comment(error, at)
    return asked


@v1.post(
    "/suggest",
    tags=[DECIDE],
    summary="Correct what can safely be corrected",
    responses={"200": SuggestOut, **DECIDING},
)
@needs("decide")
def suggest(body: SuggestIn) -> Response:
    """Words spelled out, capitals set, shouts calmed. Nothing is kept, and nothing decided."""
    validate(body.text, moderator().policy.publication.max_bytes)
    made = suggestion.suggest(Comment(body.text, format=body.format))
    changes = [{**change.span.to_dict(), "instead": change.text} for change in made.changes]
    return jsonify(text=made.text, changes=changes)


@v1.get(
    "/guidelines",
    tags=[KNOW],
    summary="The house rules in words, with their thresholds",
    responses={"200": GuidelinesOut, **problems(500)},
)
def guidelines() -> Response:
    """Every rule that is looked at; one without thresholds only watches (shadow)."""
    policy = moderator().policy
    rules = [_rule(rule) for rule in policy.rules.values()]
    house = policy.publication.model_dump(include={"name", "guidelines_url", "max_bytes"})
    return jsonify({**house, "policy": policy.hash, "rules": rules})


def _rule(rule: RulePolicy) -> dict[str, Any]:
    levels = rule.thresholds
    return {
        "rule": rule.name,
        "guideline": levels.guideline,
        "review": None if levels.review == "never" else levels.review,
        "reject": None if levels.reject == "never" else levels.reject,
        "shadow": levels.shadow,
    }


@v1.get(
    "/models",
    tags=[KNOW],
    summary="The models in use",
    responses={"200": ModelsOut, **problems(500)},
)
def models() -> Response:
    """What their cards say: what each is for, what it learned from, and its limits."""
    versions = tuple(moderator().models.versions.items())
    return jsonify(models=_cards(services().models, versions))


@lru_cache(maxsize=4)
def _cards(folder: Path, versions: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Return an extract of the card of each model."""
    return [_card(folder, name, version) for name, version in versions]


def _card(folder: Path, name: str, version: str) -> dict[str, Any]:
    path = folder / name / version / "card.json"
    card = json.loads(path.read_text("utf-8")) if path.exists() else {}
    fields = ("purpose", "heads", "licence", "made", "limits")
    return {
        "name": name,
        "version": version,
        **{field: card[field] for field in fields if field in card},
        "data": [entry["name"] for entry in card.get("data", [])],
    }
