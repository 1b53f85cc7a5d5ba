"""Our own API, version 1: read recorded decisions, the queue of moderators, and the export."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from flask import Response, jsonify, stream_with_context
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import select
from sqlalchemy.exc import DataError, SQLAlchemyError

from api.http import errors
from api.http.errors import Problem
from api.record import changes, dsa, notice, queue
from api.record.decisions import UnknownDecisionError
from api.record.queue import CursorError, Filters
from api.record.tables import HISTORY, DecisionRow
from api.record.verdicts import ConflictError
from api.routes.openapi import operation, problems
from api.routes.record_schemas import (
    ChangesOut,
    ChangesQuery,
    DecisionPath,
    ExportQuery,
    NoticeOut,
    QueueOut,
    QueueQuery,
    RecordedOut,
)
from api.routes.visible import read, record_to_dict, sees_sensitive, visible
from api.services import decider, needs
from moderation import rules

CORRECT = Tag(name="Correct", description="Verdicts of moderators and appeals of authors.")
RECORD = Tag(name="Record", description="What was decided, and why.")

READING = problems(401, 403, 404, 422, 429, 500, 503)
WRITING = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)


def blueprint(name: str) -> APIBlueprint:
    """Return a blueprint for routes that use the database, with handlers for database errors."""
    blueprint = APIBlueprint(name, __name__, url_prefix="/v1", operation_id_callback=operation)
    blueprint.register_error_handler(UnknownDecisionError, _unknown)
    blueprint.register_error_handler(ConflictError, _conflict)
    blueprint.register_error_handler(CursorError, _bad_cursor)
    blueprint.register_error_handler(DataError, _bad_character)
    blueprint.register_error_handler(SQLAlchemyError, _unreachable)
    blueprint.before_request(_check_reachable)
    return blueprint


def _check_reachable() -> None:
    """Raise the problem for a database that is down, if the last query has failed."""
    if decider().circuit.open:
        raise errors.unreachable()


def _unknown(_: UnknownDecisionError) -> Response:
    return errors.response(Problem(404, "The record has no decision with this id."))


def _conflict(error: ConflictError) -> Response:
    return errors.response(Problem(409, str(error)))


def _bad_cursor(error: CursorError) -> Response:
    return errors.response(errors.unprocessable([{"pointer": "/cursor", "detail": str(error)}]))


def _bad_character(_: DataError) -> Response:
    detail = "The URL contains a character that the record cannot store, such as NUL."
    return errors.response(Problem(422, detail))


def _unreachable(error: SQLAlchemyError) -> Response:
    decider().circuit.failed(error)
    return errors.response(errors.unreachable())


records = blueprint("records")


@records.get(
    "/decisions",
    tags=[RECORD],
    summary="Decisions that have changed",
    responses={"200": ChangesOut, **READING},
)
@needs("read")
def changed(query: ChangesQuery) -> Response:
    """Returns decisions page by page, the one that changed longest ago first.

    A decision changes when it is recorded, and with every verdict and step of an appeal. Changes
    that are being recorded may appear a minute late. To follow them, begin a minute before the
    newest `changed_at` that you have seen.
    """
    with decider().sessions() as session:
        rows, next_cursor = changes.page(
            session, since=query.changed_since, limit=query.limit, cursor=query.cursor
        )
        shown = [visible(row) for row in rows]
        return jsonify(decisions=shown, next=next_cursor)


@records.get(
    "/decisions/<decision_id>",
    tags=[RECORD],
    summary="A decision, its verdicts and its appeals",
    responses={"200": RecordedOut, **READING},
)
@needs("read", "verdict")
def decision(path: DecisionPath) -> Response:
    """Returns the decision as it was made, with all verdicts and appeals since."""
    with decider().sessions() as session:
        return jsonify(record_to_dict(read(session, path.decision_id), sensitive=sees_sensitive()))


@records.get(
    "/decisions/<decision_id>/notice",
    tags=[RECORD],
    summary="The notice to the author",
    responses={"200": NoticeOut, **READING},
)
@needs("read", "verdict")
def notice_to_author(path: DecisionPath) -> Response:
    """Returns a notice that explains the decision to the author in plain words.

    For a refused comment it contains the statement of reasons of the EU's DSA (Article 17).
    """
    with decider().sessions() as session:
        row = read(session, path.decision_id)
        publication = decider().moderator.policy.publication
        return jsonify(notice.notice(row, publication, sensitive=sees_sensitive()))


@records.get(
    "/queue",
    tags=[CORRECT],
    summary="What waits for a person",
    responses={"200": QueueOut, **READING},
)
@needs("read", "verdict")
def waiting(query: QueueQuery) -> Response:
    """Comments to review and open appeals, page by page.

    Comments with a finding of `self_harm` come first. Keys without the scope `verdict` see
    neither these findings nor this order.
    """
    if query.rule is not None:
        _check_rule(query.rule)
    filters = Filters(**query.model_dump(exclude={"order", "limit", "cursor", "who"}))
    with decider().sessions() as session:
        rows, next_cursor = queue.page(
            session,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
            who=query.who,
            filters=filters,
            now=decider().clock(),
            urgent_first=sees_sensitive(),
        )
        shown = [visible(row) for row in rows]
        return jsonify(decisions=shown, next=next_cursor)


def _check_rule(name: str) -> None:
    """Raise a `Problem`: 422 if no rule has this name, 403 if the API key may not see the rule."""
    names = sorted(rules.all_rules().keys() | decider().moderator.policy.rules.keys())
    if name not in names:
        detail = f"there is no such rule; use one of {', '.join(names)}"
        raise errors.unprocessable([{"pointer": "/rule", "detail": detail}])
    if name in rules.sensitive() and not sees_sensitive():
        raise Problem(403, "This key has no scope 'verdict'.")


@records.get(
    "/export",
    tags=[RECORD],
    summary="The record as JSON lines",
    responses={"200": {"content": {"application/x-ndjson": {}}}, **READING},
)
@needs("admin")
def export(query: ExportQuery) -> Response:
    """Streams all decisions as JSON, one decision per line, oldest first."""
    publication = decider().moderator.policy.publication
    to_dict: Callable[[DecisionRow], dict[str, Any]] = partial(record_to_dict, sensitive=True)
    if query.format == "dsa":
        to_dict = partial(dsa.statement, publication=publication)
    select_rows = select(DecisionRow).order_by(DecisionRow.sequence).options(*HISTORY)
    if query.format == "dsa":
        select_rows = select_rows.where(DecisionRow.standing == "reject")
    if query.after:
        select_rows = select_rows.where(DecisionRow.decided_at >= query.after)
    if query.before:
        select_rows = select_rows.where(DecisionRow.decided_at < query.before)

    def lines() -> Iterator[str]:
        with decider().sessions() as session:
            for row in session.scalars(select_rows.execution_options(yield_per=200)):
                yield json.dumps(to_dict(row), ensure_ascii=False) + "\n"

    return Response(stream_with_context(lines()), mimetype="application/x-ndjson")
