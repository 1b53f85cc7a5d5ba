"""Our own API, version 1: the record behind the decisions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from flask import Response, jsonify, stream_with_context
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import select
from sqlalchemy.exc import DataError, SQLAlchemyError

from api.http import errors
from api.http.errors import Problem
from api.record import decisions, dsa, notice, queue, verdicts
from api.record.decisions import UnknownDecisionError
from api.record.queue import CursorError, Filters
from api.record.tables import HISTORY, DecisionRow
from api.record.verdicts import ConflictError
from api.routes.openapi import operation, problems
from api.routes.record_schemas import (
    DecisionPath,
    ExportQuery,
    NoticeOut,
    QueueOut,
    QueueQuery,
    RecordedOut,
)
from api.services import decider, needs
from moderation import rules

CORRECT = Tag(name="Correct", description="Verdicts of moderators and appeals of authors.")
RECORD = Tag(name="Record", description="What was decided, and why.")


def _moment(value: dt.datetime | None) -> str | None:
    return value.isoformat() if value else None


def whole(row: DecisionRow) -> dict[str, Any]:
    """A recorded decision, for moderators."""
    own = ("text", "author", "article", "parent", "route", "standing", "thresholds", "doubt")
    return {
        **decisions.to_dict(row),
        **{name: getattr(row, name) for name in own},
        "decided_at": _moment(row.decided_at),
        "claimed_by": row.claimed_by,
        "claimed_until": _moment(row.claimed_until),
        "history": verdicts.history(row),
    }


READING = problems(401, 403, 404, 422, 429, 500, 503)
WRITING = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)


def blueprint(name: str) -> APIBlueprint:
    """A part of the API that works on the record, and says so when it cannot."""
    made = APIBlueprint(name, __name__, url_prefix="/v1", operation_id_callback=operation)
    made.register_error_handler(UnknownDecisionError, _unknown)
    made.register_error_handler(ConflictError, _conflict)
    made.register_error_handler(CursorError, _cursor)
    made.register_error_handler(DataError, _unfit)
    made.register_error_handler(SQLAlchemyError, _away)
    made.before_request(_reachable)
    return made


def _reachable() -> None:
    """Nobody waits for a database that is known to be away."""
    if decider().circuit.open:
        raise errors.unreachable()


def _unknown(_: UnknownDecisionError) -> Response:
    return errors.response(Problem(404, "No decision of this id is in the record."))


def _conflict(error: ConflictError) -> Response:
    return errors.response(Problem(409, str(error)))


def _cursor(error: CursorError) -> Response:
    return errors.response(errors.unprocessable([{"pointer": "/cursor", "detail": str(error)}]))


def _unfit(_: DataError) -> Response:
    said = "The address holds a character that no record can keep, such as NUL."
    return errors.response(Problem(422, said))


def _away(error: SQLAlchemyError) -> Response:
    decider().circuit.failed(error)
    return errors.response(errors.unreachable())


records = blueprint("records")


@records.get(
    "/decisions/<decision_id>",
    tags=[RECORD],
    summary="A decision, its verdicts and its appeals",
    responses={"200": RecordedOut, **READING},
)
@needs("read")
def decision(path: DecisionPath) -> Response:
    """The decision as it was made, and everything that was said of it since."""
    with decider().sessions() as session:
        return jsonify(whole(decisions.get(session, path.decision_id)))


@records.get(
    "/decisions/<decision_id>/notice",
    tags=[RECORD],
    summary="What the author is told",
    responses={"200": NoticeOut, **READING},
)
@needs("read")
def notice_to_author(path: DecisionPath) -> Response:
    """The notice in plain words, with the statement of reasons of the EU's DSA (Article 17)."""
    with decider().sessions() as session:
        row = decisions.get(session, path.decision_id)
        return jsonify(notice.notice(row, decider().moderator.policy.publication))


def _know(rule: str) -> None:
    known = sorted(rules.all_rules().keys() | decider().moderator.policy.rules.keys())
    if rule not in known:
        detail = f"there is no such rule; use one of {', '.join(known)}"
        raise errors.unprocessable([{"pointer": "/rule", "detail": detail}])


@records.get(
    "/queue",
    tags=[CORRECT],
    summary="What waits for a person",
    responses={"200": QueueOut, **READING},
)
@needs("read")
def waiting(query: QueueQuery) -> Response:
    """Comments for review and open appeals, page by page."""
    if query.rule is not None:
        _know(query.rule)
    asked = query.model_dump(exclude={"order", "limit", "cursor", "who"})
    with decider().sessions() as session:
        rows, following = queue.page(
            session,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
            who=query.who,
            filters=Filters(**asked),
            now=decider().clock(),
        )
        return jsonify(decisions=[whole(row) for row in rows], next=following)


@records.get(
    "/export",
    tags=[RECORD],
    summary="The record as JSON lines",
    responses={"200": {"content": {"application/x-ndjson": {}}}, **READING},
)
@needs("admin")
def export(query: ExportQuery) -> Response:
    """One decision a line, oldest first, streamed."""
    house = decider().moderator.policy.publication
    tell = whole if query.format == "record" else lambda row: dsa.statement(row, house)
    chosen = select(DecisionRow).order_by(DecisionRow.sequence).options(*HISTORY)
    if query.format == "dsa":
        chosen = chosen.where(DecisionRow.standing == "reject")
    if query.after:
        chosen = chosen.where(DecisionRow.decided_at >= query.after)
    if query.before:
        chosen = chosen.where(DecisionRow.decided_at < query.before)

    def lines() -> Iterator[str]:
        with decider().sessions() as session:
            rows = session.scalars(chosen.execution_options(yield_per=200))
            for row in rows:
                yield json.dumps(tell(row), ensure_ascii=False) + "\n"

    return Response(stream_with_context(lines()), mimetype="application/x-ndjson")
