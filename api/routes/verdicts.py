"""Our own API, version 1: record verdicts, appeals and claims, and erase personal data.

A verdict is a moderator's own decision about a comment. An appeal is an author's objection to a
decision. A claim reserves a comment for one moderator for some minutes.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, g, jsonify, request
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.http import errors
from api.record import decisions, erase, holds, queue, verdicts
from api.record.database import writing
from api.routes.record import CORRECT, RECORD, WRITING, blueprint
from api.routes.record_schemas import (
    AppealIn,
    AppealOut,
    ClaimIn,
    DecisionPath,
    ErasedOut,
    EraseIn,
    HeldOut,
    HoldIn,
    OutcomeIn,
    RecordedOut,
    ReleaseQuery,
    VerdictIn,
    WhoIn,
)
from api.routes.visible import visible
from api.services import decider, key_id, needs
from moderation import Action

corrections = blueprint("corrections")


@corrections.post(
    "/decisions/<decision_id>/verdict",
    tags=[CORRECT],
    summary="Record a moderator's verdict",
    responses={"200": RecordedOut, **WRITING},
)
@needs("verdict")
def give_verdict(path: DecisionPath, body: VerdictIn) -> Response:
    """Records a moderator's own decision about the comment.

    A decision may have several verdicts. The last one applies.
    """
    with decider().writing("verdict", path.decision_id) as session:
        verdicts.give(
            session,
            path.decision_id,
            action=Action[body.action.upper()],
            who=body.who,
            reason=body.reason,
            route="v1",
            now=decider().clock(),
            key_id=key_id(),
        )
        return jsonify(_recorded(session, path))


@corrections.post(
    "/decisions/<decision_id>/appeal",
    tags=[CORRECT],
    summary="Appeal, as the author",
    responses={"200": AppealOut, **WRITING},
)
@needs("decide")
def make_appeal(path: DecisionPath, body: AppealIn) -> Response:
    """Records the author's appeal and adds it to the moderators' queue.

    The response has the dates by which the appeal must be acknowledged and decided, and nothing
    else about the decision: the key is that of a site, which every author writes through.
    """
    publication = decider().moderator.policy.publication
    with decider().writing("appeal", path.decision_id) as session:
        row = verdicts.appeal(
            session,
            path.decision_id,
            who=body.who,
            reason=body.reason,
            acknowledge_within=dt.timedelta(hours=publication.acknowledge_hours),
            decide_within=dt.timedelta(days=publication.decide_days),
            now=decider().clock(),
        )
        return jsonify(decision=row.decision_id, **verdicts.step(row))


@corrections.post(
    "/decisions/<decision_id>/appeal/acknowledgement",
    tags=[CORRECT],
    summary="Record that you acknowledged the appeal",
    responses={"200": RecordedOut, **WRITING},
)
@needs("verdict")
def acknowledge_appeal(path: DecisionPath, body: WhoIn) -> Response:
    """Records that you acknowledged the appeal to the author.

    India's IT Rules require this within 24 hours.
    """
    with decider().writing("appeal", path.decision_id) as session:
        verdicts.acknowledge(session, path.decision_id, who=body.who, now=decider().clock())
        return jsonify(_recorded(session, path))


@corrections.post(
    "/decisions/<decision_id>/appeal/outcome",
    tags=[CORRECT],
    summary="Decide an appeal",
    responses={"200": RecordedOut, **WRITING},
)
@needs("verdict")
def settle_appeal(path: DecisionPath, body: OutcomeIn) -> Response:
    """Records the outcome of the appeal.

    The moderator must not be the one who gave the verdict that the author appeals against. Two
    requests with one key come from one moderator, unless the key was created with
    `--trusted-names`.
    """
    with decider().writing("verdict", path.decision_id) as session:
        verdicts.settle(
            session,
            path.decision_id,
            action=Action[body.action.upper()],
            who=body.who,
            reason=body.reason,
            now=decider().clock(),
            key_id=key_id(),
            trusted_names=g.key.trusted_names,
        )
        return jsonify(_recorded(session, path))


@corrections.post(
    "/decisions/<decision_id>/claim",
    tags=[CORRECT],
    summary="Claim a comment",
    responses={"200": RecordedOut, **WRITING},
)
@needs("verdict")
def claim(path: DecisionPath, body: ClaimIn) -> Response:
    """Reserves the comment for one moderator for some minutes.

    Until the claim ends, the queue hides the comment from other moderators.
    """
    with writing(decider().sessions) as session:
        row = queue.claim(
            session,
            path.decision_id,
            who=body.who,
            lasts=dt.timedelta(minutes=body.minutes),
            now=decider().clock(),
        )
        return jsonify(visible(row))


@corrections.delete(
    "/decisions/<decision_id>/claim",
    tags=[CORRECT],
    summary="Release a claim",
    responses={"200": RecordedOut, **WRITING},
)
@needs("verdict")
def release(path: DecisionPath, query: ReleaseQuery) -> Response:
    """Ends a claim, so that other moderators see the comment in the queue again."""
    who = query.who or _who_in_body()
    with writing(decider().sessions) as session:
        queue.release(session, path.decision_id, who=who)
        return jsonify(_recorded(session, path))


def _recorded(session: Session, path: DecisionPath) -> dict[str, Any]:
    """Return the recorded decision, without what the caller's API key may not see."""
    return visible(decisions.get(session, path.decision_id))


def _who_in_body() -> str:
    """Return the moderator that the request's JSON body names.

    Raises a `Problem` (422) if the body names no moderator.
    """
    if not request.is_json:
        detail = "is missing; name the moderator in the URL (?who=…) or in a JSON body"
        raise errors.unprocessable([{"pointer": "/who", "detail": detail}])
    try:
        return WhoIn.model_validate(request.get_json()).who
    except ValidationError as error:
        raise errors.of_fields(error) from None


@corrections.post(
    "/erase",
    tags=[RECORD],
    summary="Erase a comment or an author",
    responses={"200": ErasedOut, **WRITING},
)
@needs("erase")
def forget(body: EraseIn) -> Response:
    """Erases the texts of comments and the references to them and their author.

    Replies lose their copy of the text. What a legal hold keeps is hidden from all keys without the
    scope `admin`, and erased when the hold ends: `held_until` is the end of the last one. The
    decisions stay, and the seals that prove that nothing was changed stay valid.
    """
    _check_one_named(body)
    by, name = (
        (erase.by_author, body.author or "")
        if body.comment_id is None
        else (erase.by_comment, body.comment_id)
    )
    now, days = decider().clock(), decider().moderator.policy.publication.keep_removed_days
    done = by(decider().sessions, decider().spool, body.community, name, now, days)
    until = done.held_until and done.held_until.isoformat()
    return jsonify(erased=done.erased, held=done.held, held_until=until)


def _check_one_named(body: EraseIn | HoldIn) -> None:
    """Raise a `Problem` (422) unless the body names either a comment or an author."""
    if (body.comment_id is None) == (body.author is None):
        detail = "name either comment_id or author"
        raise errors.unprocessable([{"pointer": "", "detail": detail}])


@corrections.post(
    "/hold",
    tags=[RECORD],
    summary="Hold a comment or an author for legal reasons",
    responses={"200": HeldOut, **WRITING},
)
@needs("admin")
def hold(body: HoldIn) -> Response:
    """Keeps recorded comments until a given time, even if somebody asks to erase them.

    An erasure that is asked for meanwhile is carried out when the hold ends. Without `until`, the
    hold ends now.
    """
    _check_one_named(body)
    sessions, now = decider().sessions, decider().clock()
    chosen = erase.which(body.community, comment_id=body.comment_id, author=body.author)
    if body.until is None:
        days = decider().moderator.policy.publication.keep_removed_days
        return jsonify(held=0, released=holds.release(sessions, chosen, days, now))
    if body.until <= now:
        detail = "must be later than now; leave it out to end a hold"
        raise errors.unprocessable([{"pointer": "/until", "detail": detail}])
    return jsonify(held=holds.hold(sessions, chosen, body.until), released=0)
