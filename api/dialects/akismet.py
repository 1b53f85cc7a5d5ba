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

import csv
import datetime as dt
import hashlib
import io
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, g, jsonify, request
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from api.decisions import DecisionRequest
from api.http import errors
from api.http.errors import Problem
from api.record import verdicts
from api.record.decisions import Answer, text_key
from api.record.storable import reference
from api.record.tables import DecisionRow
from api.services import count, decider, key_id, moderator, services
from moderation import Action, Comment
from moderation.comment import CommentError, validate

THANKS = "Thanks for making the web a better place."
GUID = "X-akismet-guid"
WAITS = "waits for a person"
SURE_SPAM = frozenset({"akismet-guaranteed-spam", "viagra-test-123"})
SURE_SPAM_MAIL = "akismet-guaranteed-spam@example.com"
_HOST_KEY = re.compile(r"(hr-[0-9a-f]{8}-[0-9a-f]{40})\.", re.IGNORECASE)

Fields = Mapping[str, str]

akismet = Blueprint("akismet", __name__)


@akismet.post("/1.1/verify-key")
def verify_key() -> Response:
    """Answer `valid` if the API key may be used to decide about comments."""
    fields = _fields()
    _require(fields, "blog")
    _admit(fields, "decide")
    return _text("valid")


@akismet.post("/1.1/comment-check")
def comment_check() -> Response:
    """Decide about a comment. The answer `true` holds it back, `false` does not."""
    fields = _fields()
    _admit(fields, "decide")
    _require(fields, "blog")
    if fields.get("user_role") == "administrator":
        return _text("false")
    if fields.get("comment_author") in SURE_SPAM or _mail(fields) == SURE_SPAM_MAIL:
        tip = {"X-akismet-pro-tip": "discard"} if _true(fields, "test_discard") else {}
        return _text("true", tip)
    _require(fields, "comment_content")
    decision_request = DecisionRequest(_comment(fields), record=not _true(fields, "is_test"))
    (decision,) = decider().decide([decision_request], community=_site(fields), route="akismet")
    count([decision], "akismet")
    return _answer(decision, holds=_holds(fields))


@akismet.post("/1.1/submit-<any(spam, ham):kind>")
def submit(kind: str) -> Response:
    """Record a moderator's verdict: the comment is spam (reject) or ham (approve)."""
    fields = _fields()
    _admit(fields, "verdict")
    _require(fields, "comment_content")
    if not _true(fields, "is_test"):
        action = Action.REJECT if kind == "spam" else Action.APPROVE
        _give_verdict(fields, action, f"submit-{kind}")
    return _text(THANKS)


@akismet.route("/1.2/usage-limit", methods=["GET", "POST"])
def usage_limit() -> Response:
    """Answer how many comments were checked this month, and that there is no limit."""
    _admit(_fields(), "decide")
    usage = sum(sum(checked.values()) for checked in _sites(_month("")).values())
    return jsonify(limit="none", usage=usage, percentage="0.00", throttled=False)


@akismet.route("/1.2/key-sites", methods=["GET", "POST"])
def key_sites() -> Response:
    """Answer how many comments were checked in a month, for each site."""
    fields = _fields()
    _admit(fields, "read")
    month = _month(fields.get("month", ""))
    rows = [
        _site_row(site, checked)
        for site, checked in sorted(_sites(month).items(), key=lambda item: -item[1].total())
        if fields.get("filter", "") in site
    ]
    limit, offset = _number(fields, "limit", 500), _number(fields, "offset", 0)
    page, label = rows[offset : offset + limit], f"{month:%Y-%m}"
    if fields.get("format", "json").lower() == "csv":
        return _csv(page, f"during {label} (limit:{limit}, offset: {offset}, total: {len(rows)})")
    return jsonify({label: page, "limit": limit, "offset": offset, "total": len(rows)})


def _fields() -> Fields:
    """Return the fields of the request's form, query or JSON body as strings."""
    values: Mapping[str, Any] = request.get_json() if request.is_json else request.values
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if isinstance(value, str | int | float)
    }


def _admit(fields: Fields, scope: str) -> None:
    """Check that the request has an API key with this scope.

    Otherwise raises `Problem`, which gives an error answer.
    """
    host = _HOST_KEY.match(request.host)
    secret = fields.get("api_key") or fields.get("key") or (host[1].lower() if host else None)
    g.key = services().authenticator.authorize(secret, scope)


def _require(fields: Fields, *names: str) -> None:
    for name in names:
        if not fields.get(name, "").strip():
            raise Problem(400, f'Empty "{name}" value')


def _true(fields: Fields, name: str) -> bool:
    return fields.get(name, "").lower() in ("1", "true", "yes")


def _site(fields: Fields) -> str:
    return reference(fields.get("blog", "")).rstrip("/")


def _mail(fields: Fields) -> str:
    return reference(fields.get("comment_author_email", "")).lower()


def _wordpress() -> bool:
    """Return whether WordPress's plug-in sent the request. This plug-in sends comments as HTML."""
    agent = request.headers.get("User-Agent", "")
    return "WordPress/" in agent and "Akismet/" in agent


def _by_rest(fields: Fields) -> bool:
    """Return whether the comment was sent to WordPress through WordPress's REST API.

    WordPress's plug-in then publishes the comment on any answer but `true`.
    """
    return _wordpress() and "/wp/v2/comments" in unquote(fields.get("REQUEST_URI", ""))


def _holds(fields: Fields) -> bool:
    """Return whether the client keeps a comment pending if it gets an `X-akismet-error`.

    WordPress's plug-in does, with two exceptions: when it retries after an error, and when the
    comment came through the REST API. In a retry, the answer `false` publishes the comment.
    """
    retry = fields.get("recheck_reason") == "retry"
    return _wordpress() and not retry and not _by_rest(fields)


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
        author=_mail(fields) or None,
        article=reference(fields.get("permalink", "")) or None,
        format="html" if _wordpress() else "plain",
    )


def _answer(decision: Answer, *, holds: bool) -> Response:
    """Return a decision as Akismet's answer: `true` holds the comment back, `false` does not.

    `holds` is what `_holds` returns for the client. If a moderator has overruled the decision in
    the meantime, the answer follows the verdict.
    """
    headers = {GUID: str(decision["id"])}
    if decision.standing == "review" and holds:
        return _text("false", {**headers, "X-akismet-error": WAITS})
    if decision.standing == "approve":
        return _text("false", headers)
    rejecting = {reason["rule"] for reason in decision["reasons"] if reason["action"] == "reject"}
    if decision.standing == "reject" and "spam" in rejecting:
        headers["X-akismet-pro-tip"] = "discard"
    return _text("true", headers)


def _give_verdict(fields: Fields, action: Action, route: str) -> None:
    """Record a moderator's verdict on the comment in the fields.

    If the record has no decision about the comment, decides about it first.
    """
    comment = _comment(fields)
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
    if _site(fields):
        query = query.where(DecisionRow.community == _site(fields))
    with decider().sessions() as session:
        return session.scalars(query).first()


def _decide(fields: Fields, comment: Comment, route: str) -> str:
    (decision,) = decider().decide([DecisionRequest(comment)], community=_site(fields), route=route)
    if not decision["recorded"]:
        raise errors.unreachable()
    return str(decision["id"])


def _month(value: str) -> dt.datetime:
    """Return the start of a month written like "2026-11". An empty value means the present month.

    Raises `Problem` if the value cannot be read.
    """
    if not value:
        now = decider().clock()
        return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", value, re.ASCII):
        raise Problem(400, "month: must be one such as 2026-11")
    return dt.datetime.strptime(value, "%Y-%m").replace(tzinfo=dt.UTC)


def _number(fields: Fields, name: str, default: int) -> int:
    value = fields.get(name) or str(default)
    if not (value.isdecimal() and len(value) < 7):
        raise Problem(400, f"{name}: must be a whole number such as {default}")
    return int(value)


def _sites(month: dt.datetime) -> dict[str, Counter[tuple[str, str]]]:
    """Count the comments of each site in a month.

    Each site has a counter whose keys are pairs: the service's decision, and the action that
    applies now, after any verdict.
    """
    after = (month + dt.timedelta(days=32)).replace(day=1)
    query = (
        select(DecisionRow.community, DecisionRow.action, DecisionRow.standing, func.count())
        .where(
            DecisionRow.route == "akismet",
            DecisionRow.decided_at >= month,
            DecisionRow.decided_at < after,
        )
        .group_by(DecisionRow.community, DecisionRow.action, DecisionRow.standing)
    )
    sites: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    with decider().sessions() as session:
        for site, action, standing, number in session.execute(query):
            sites[site][action, standing] += number
    return sites


def _site_row(site: str, checked: Counter[tuple[str, str]]) -> dict[str, Any]:
    """Return the counts of a site under Akismet's names, such as `spam` and `missed_spam`.

    Comments for review count as spam, because most clients got the answer that they are spam.
    """
    ham = sum(number for (action, _), number in checked.items() if action == "approve")
    wrong = sum(n for (first, standing), n in checked.items() if first != standing == "approve")
    return {
        "site": site,
        "api_calls": str(checked.total()),
        "spam": str(checked.total() - ham),
        "ham": str(ham),
        "missed_spam": str(checked["approve", "reject"]),
        "false_positives": str(wrong),
        "is_revoked": False,
    }


def _csv(rows: list[dict[str, Any]], when: str) -> Response:
    lines = io.StringIO()
    columns = "Site,Total API Calls,Spam,Ham,Missed Spam,False Positives,Is Revoked"
    lines.write(f"Active sites for {g.key.id} {when}\n{columns}\n")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([str(value).lower() for value in row.values()] for row in rows)
    return Response(lines.getvalue(), mimetype="text/csv")


def _text(body: str, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    return Response(body, status, headers, mimetype="text/plain")


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
    plain = detail.encode("ascii", "replace").decode().replace("\n", " ")
    with suppress(HTTPException):  # reading the form may be what failed
        if request.endpoint == "akismet.comment_check" and _by_rest(request.form):
            return _text("true", {**headers, "X-akismet-debug-help": plain})
    if status < 429:
        return _text("invalid", {"X-akismet-debug-help": plain})
    return _text(detail, {**headers, "X-akismet-error": str(status)}, status)


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
