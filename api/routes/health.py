"""Tell load balancers whether the service works, and give Prometheus its metrics."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from prometheus_client import CONTENT_TYPE_LATEST

from api.http.errors import Problem
from api.routes.openapi import operation, problems
from api.routes.schemas import HealthOut
from api.services import decider, moderator, needs, services

LIVE = Tag(name="Live", description="Whether the service is up.")

health = APIBlueprint("health", __name__, operation_id_callback=operation)
monitoring = Blueprint("monitoring", __name__)


@health.get("/healthz", tags=[LIVE], summary="Alive", responses={"200": HealthOut})
def healthz() -> Response:
    """Answer 200 as long as the process can answer at all."""
    return jsonify(status="ok")


@health.get(
    "/readyz",
    tags=[LIVE],
    summary="Ready for comments",
    responses={"200": HealthOut, **problems(503)},
)
def readyz() -> Response:
    """Answer 200 if comments can be decided with the scores of every model, and recorded.

    A plug-in in shadow does not make the service unready; `in_shadow` says why it is there.
    """
    decision = moderator().moderate("The service is asking itself.")
    missing = moderator().expected_scores() - decision.scores.keys()
    if missing:
        raise Problem(503, f"No model gives these scores: {', '.join(sorted(missing))}.")
    trouble = decider().trouble()
    if trouble:
        raise Problem(503, trouble)
    notes = {"refused": services().background.refused(), "in_shadow": moderator().in_shadow()}
    return jsonify(
        status="ok",
        waiting=len(decider().spool),
        **{name: note for name, note in notes.items() if note},
    )


@monitoring.get("/metrics")
@needs("read")
def metrics() -> Response:
    """Return the metrics of all workers in Prometheus's text format."""
    metrics = services().metrics
    metrics.spool.set(len(decider().spool))
    metrics.show_versions(decider().moderator, services().background.refused())
    return Response(metrics.expose(), content_type=CONTENT_TYPE_LATEST)
