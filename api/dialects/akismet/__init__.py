"""Answer clients of Akismet 1.1 and 1.2 whose Akismet host is set to, or resolves to, this service.

The API key is in the field `api_key` or `key`. Older clients send it as the first part of the host:
`hr-….rest.akismet.com`. Request bodies are forms or JSON. Answers have Akismet's exact wording.

If a person must review a comment, the answer depends on the client. WordPress's plug-in gets
`false` and an `X-akismet-error`. Every version of the plug-in then leaves the comment pending.
Other clients know only yes and no. They get `true`, which holds the comment back.

The header `X-akismet-pro-tip: discard` lets the client delete a comment. It is sent only for
comments that the rule `spam` rejects. The authors of other rejected comments may appeal, and for
that the comment must exist.

Every answer has an `X-akismet-guid`, even an error. Since version 5.3.7, WordPress's plug-in
ignores an answer without this header, and publishes the comment.
"""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress

from flask import Blueprint, Response, g, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from api.decisions import DecisionRequest
from api.dialects.akismet.account import account
from api.dialects.akismet.wire import (
    Fields,
    admit,
    by_rest,
    from_wordpress,
    is_true,
    mail,
    plain,
    read_comment_fields,
    read_fields,
    require,
    site,
)
from api.http import errors
from api.http.errors import Problem
from api.record import verdicts
from api.record.decisions import Answer, text_key
from api.record.storable import reference
from api.record.tables import DecisionRow
from api.services import count_comments, decide, decider, key_id, moderator
from moderation import Action, Comment
from moderation.comment import CommentError, validate

THANKS = "Thanks for making the web a better place."
GUID = "X-akismet-guid"
WAITS = "waits for a person"
SURE_SPAM = frozenset({"akismet-guaranteed-spam", "viagra-test-123"})
SURE_SPAM_MAIL = "akismet-guaranteed-spam@example.com"

akismet = Blueprint("akismet", __name__)
akismet.register_blueprint(account)


@akismet.post("/1.1/verify-key")
def verify_key() -> Response:
    """Answer `valid` if the API key may be used to decide about comments."""
    fields = read_fields()
    require(fields, "blog")
    admit(fields, "decide")
    return plain("valid")


@akismet.post("/1.1/comment-check")
def comment_check() -> Response:
    """Decide about a comment. The answer `true` holds it back, `false` does not."""
    fields = read_comment_fields()
    admit(fields, "decide")
    require(fields, "blog")
    if fields.get("user_role") == "administrator":
        return plain("false")
    if fields.get("comment_author") in SURE_SPAM or mail(fields) == SURE_SPAM_MAIL:
        tip = {"X-akismet-pro-tip": "discard"} if is_true(fields, "test_discard") else {}
        return plain("true", tip)
    require(fields, "comment_content")
    decision_request = DecisionRequest(_comment(fields), record=not is_true(fields, "is_test"))
    (decision,) = decide([decision_request], community=site(fields), route="akismet")
    return _answer(decision, holds=_holds(fields))


@akismet.post("/1.1/submit-<any(spam, ham):kind>")
def submit(kind: str) -> Response:
    """Record a moderator's verdict: the comment is spam (reject) or ham (approve)."""
    fields = read_fields()
    admit(fields, "verdict")
    require(fields, "comment_content")
    if not is_true(fields, "is_test"):
        action = Action.REJECT if kind == "spam" else Action.APPROVE
        _give_verdict(fields, action, f"submit-{kind}")
    return plain(THANKS)


def _holds(fields: Fields) -> bool:
    """Return whether the client keeps a comment pending if it gets an `X-akismet-error`.

    WordPress's plug-in does, with two exceptions: when it retries after an error, and when the
    comment came through the REST API. In a retry, the answer `false` publishes the comment.
    """
    retry = fields.get("recheck_reason") == "retry"
    return from_wordpress() and not retry and not by_rest(fields)


def _comment(fields: Fields) -> Comment:
    """Return the comment in the request's fields. Raises `Problem` if the text is invalid.

    The comment's id is a hash of its content. So the later requests `submit-spam` and `submit-ham`,
    which send the content again, find the decision.
    """
    text = fields["comment_content"]
    try:
        validate(text, moderator().policy.publication.max_bytes)
    except CommentError as error:
        raise Problem(422, f"comment_content: {error.message}") from None
    names = ("permalink", "comment_author", "comment_author_email", "comment_content")
    content = "\0".join(fields.get(name, "") for name in names).encode("utf-8", "surrogatepass")
    return Comment(
        text,
        id=f"akismet:{hashlib.sha256(content).hexdigest()}",
        author=mail(fields) or None,
        article=reference(fields.get("permalink", "")) or None,
        format="html" if from_wordpress() else "plain",
    )


def _answer(decision: Answer, *, holds: bool) -> Response:
    """Return a decision as Akismet's answer: `true` holds the comment back, `false` does not.

    `holds` is what `_holds` returns for the client. If a moderator has overruled the decision in
    the meantime, the answer follows the verdict.
    """
    headers = {GUID: str(decision["id"])}
    if decision.standing == "review" and holds:
        return plain("false", {**headers, "X-akismet-error": WAITS})
    if decision.standing == "approve":
        return plain("false", headers)
    rejecting = {reason["rule"] for reason in decision["reasons"] if reason["action"] == "reject"}
    if decision.standing == "reject" and "spam" in rejecting:
        headers["X-akismet-pro-tip"] = "discard"
    return plain("true", headers)


def _give_verdict(fields: Fields, action: Action, route: str) -> None:
    """Record a moderator's verdict on the comment in the fields.

    If the record has no decision about the comment, decides about it first.
    """
    comment = _comment(fields)
    count_comments([comment])
    if decider().circuit.open:
        raise errors.unreachable()
    try:
        decision_id = _decided(fields, comment) or _decide(fields, comment, route)
        with decider().writing("verdict", decision_id) as session:
            verdicts.give(
                session,
                decision_id,
                action=action,
                who=f"akismet:{g.key.name}",
                reason=None,
                route=route,
                now=decider().clock(),
                key_id=key_id(),
            )
    except SQLAlchemyError as error:
        decider().circuit.failed(error)
        raise errors.unreachable() from None


def _decided(fields: Fields, comment: Comment) -> str | None:
    """Return the id of the latest decision about the comment; None if there is none.

    If the client names no site, decisions of all sites are searched.
    """
    query = (
        select(DecisionRow.id)
        .where(DecisionRow.comment_id == comment.id, DecisionRow.text_key == text_key(comment.text))
        .order_by(DecisionRow.sequence.desc())
    )
    if site(fields):
        query = query.where(DecisionRow.community == site(fields))
    with decider().sessions() as session:
        return session.scalars(query).first()


def _decide(fields: Fields, comment: Comment, route: str) -> str:
    (decision,) = decider().decide([DecisionRequest(comment)], community=site(fields), route=route)
    if not decision["recorded"]:
        raise errors.unreachable()
    return str(decision["id"])


@akismet.after_request
def _identified(answer: Response) -> Response:
    """Add an `X-akismet-guid` with a new id to answers that are not about a decision."""
    answer.headers.setdefault(GUID, uuid.uuid4().hex)
    return answer


@akismet.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    """Answer `invalid`, with the error message in a header.

    Temporary errors get their HTTP status instead. If WordPress would publish the comment after an
    error, the answer is `true`, which holds the comment back.
    """
    status, detail = error.code or 500, error.description or error.name
    headers = dict(getattr(error, "headers", ())) if status >= 429 else {}
    words = detail.encode("ascii", "replace").decode().replace("\n", " ")
    with suppress(HTTPException):  # reading the form may be what failed
        if request.endpoint == "akismet.comment_check" and by_rest(request.form):
            return plain("true", {**headers, "X-akismet-debug-help": words})
    if status < 429:
        return plain("invalid", {"X-akismet-debug-help": words})
    return plain(detail, {**headers, "X-akismet-error": str(status)}, status)


@akismet.errorhandler(SQLAlchemyError)
def _unreachable(error: SQLAlchemyError) -> Response:
    decider().circuit.failed(error)
    return _refused(errors.unreachable())


@akismet.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> Response:
    return _refused(errors.too_large())


@akismet.errorhandler(Exception)
def _failed(error: Exception) -> Response:
    errors.log_error(error)
    return _refused(InternalServerError("The service failed to answer; its log says where."))
