"""Our own API, version 1: describe the house rules and the models in use."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.routes.openapi import operation, problems
from api.routes.schemas import GuidelinesOut, ModelsOut
from api.services import moderator, services
from moderation.policy import RulePolicy
from moderation.scoring.card import CARD
from moderation.scoring.store import ModelStore

KNOW = Tag(name="Know", description="What you ask of authors, and which models read comments.")

know = APIBlueprint("know", __name__, url_prefix="/v1", operation_id_callback=operation)

KNOWING = problems(403, 500)


@know.get(
    "/guidelines",
    tags=[KNOW],
    summary="The house rules in words, with their thresholds",
    responses={"200": GuidelinesOut, **KNOWING},
)
def guidelines() -> Response:
    """List all rules of the policy with their guidelines and thresholds.

    A rule without thresholds never acts: it runs in shadow, and its findings are only reported.
    """
    policy = moderator().policy
    rules = [_rule(rule) for rule in policy.rules.values()]
    publication = policy.publication.model_dump(include={"name", "guidelines_url", "max_bytes"})
    return jsonify({**publication, "policy": policy.hash, "rules": rules})


def _rule(rule: RulePolicy) -> dict[str, Any]:
    thresholds = rule.thresholds
    return {
        "rule": rule.name,
        "guideline": thresholds.guideline,
        "review": None if thresholds.review == "never" else thresholds.review,
        "reject": None if thresholds.reject == "never" else thresholds.reject,
        "shadow": thresholds.shadow,
        **({"plugin": rule.plugin} if rule.plugin else {}),
    }


@know.get(
    "/models",
    tags=[KNOW],
    summary="The models in use",
    responses={"200": ModelsOut, **KNOWING},
)
def models() -> Response:
    """List the models in use, each with its purpose, its training data and its limits."""
    versions = tuple(moderator().models.versions.items())
    return jsonify(models=_cards(services().models, versions))


@lru_cache(maxsize=4)
def _cards(store: ModelStore, versions: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Return the parts of each model's card (the file that describes it) for `/v1/models`."""
    return [_card(store, name, version) for name, version in versions]


def _card(store: ModelStore, name: str, version: str) -> dict[str, Any]:
    path = store.find(name, version) / CARD
    card = json.loads(path.read_text("utf-8")) if path.exists() else {}
    fields = ("purpose", "heads", "licence", "made", "limits")
    return {
        "name": name,
        "version": version,
        **{field: card[field] for field in fields if field in card},
        "data": [entry["name"] for entry in card.get("data", [])],
    }
