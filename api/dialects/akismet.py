"""Akismet 1.1 and 1.2, for clients whose host is set, or resolved, to this service.

The key stands in `api_key` (or `key`), or is the first part of the host, as older clients send
it: `hr-….rest.akismet.com`. Bodies are forms or JSON, answers Akismet's exact words.

A comment that a person has to look at is answered to WordPress's plug-in with `false` and an
`X-akismet-error`: on that every version of it leaves the comment pending. Every other client knows
only yes and no, and is told `true`, for that keeps the comment back. `discard` is said of what the
spam rule refuses, and of nothing else: whoever was refused for a word can appeal only if the
comment is still there.

Every answer has an `X-akismet-guid`, errors too: since 5.3.7 WordPress's plug-in ignores an answer
without one, and then publishes the comment.
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
from api.record.decisions import text_key
from api.record.tables import DecisionRow
from api.services import count, decider, moderator, services
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
    """Whether the key may decide."""
    fields = _fields()
    _need(fields, "blog")
    _admit(fields, "decide")
    return _text("valid")


@akismet.post("/1.1/comment-check")
def comment_check() -> Response:
    """`true` keeps the comment back, `false` does not."""
    fields = _fields()
    _admit(fields, "decide")
    _need(fields, "blog")
    if fields.get("user_role") == "administrator":
        return _text("false")
    if fields.get("comment_author") in SURE_SPAM or _mail(fields) == SURE_SPAM_MAIL:
        tip = {"X-akismet-pro-tip": "discard"} if _true(fields, "test_discard") else {}
        return _text("true", tip)
    _need(fields, "comment_content")
    asked = DecisionRequest(_comment(fields), record=not _true(fields, "is_test"))
    (decision,) = decider().decide([asked], community=_site(fields), route="akismet")
    count([decision], "akismet")
    return _answer(decision, holds=_holds(fields))


@akismet.post("/1.1/submit-<any(spam, ham):kind>")
def submit(kind: str) -> Response:
    """A moderator's verdict: that a comment should have been refused, or approved."""
    fields = _fields()
    _admit(fields, "verdict")
    _need(fields, "comment_content")
    if not _true(fields, "is_test"):
        action = Action.REJECT if kind == "spam" else Action.APPROVE
        _give_verdict(fields, action, f"submit-{kind}")
    return _text(THANKS)


@akismet.route("/1.2/usage-limit", methods=["GET", "POST"])
def usage_limit() -> Response:
    """How many comments were checked this month; there is no limit."""
    _admit(_fields(), "decide")
    usage = sum(sum(checked.values()) for checked in _sites(_month("")).values())
    return jsonify(limit="none", usage=usage, percentage="0.00", throttled=False)


@akismet.route("/1.2/key-sites", methods=["GET", "POST"])
def key_sites() -> Response:
    """What was checked in a month, site by site."""
    fields = _fields()
    _admit(fields, "read")
    month = _month(fields.get("month", ""))
    rows = [
        _site_row(site, checked)
        for site, checked in sorted(_sites(month).items(), key=lambda it: -sum(it[1].values()))
        if fields.get("filter", "") in site
    ]
    limit, offset = _number(fields, "limit", 500), _number(fields, "offset", 0)
    page, shown = rows[offset : offset + limit], f"{month:%Y-%m}"
    if fields.get("format", "json").lower() == "csv":
        return _csv(page, f"during {shown} (limit:{limit}, offset: {offset}, total: {len(rows)})")
    return jsonify({shown: page, "limit": limit, "offset": offset, "total": len(rows)})


def _fields() -> Fields:
    """What was sent, as strings, in whatever way."""
    sent: Mapping[str, Any] = request.get_json() if request.is_json else request.values
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in sent.items()
        if isinstance(value, str | int | float)
    }


def _admit(fields: Fields, scope: str) -> None:
    """Let in only who has a key with this scope. Raises a `Problem`."""
    host = _HOST_KEY.match(request.host)
    secret = fields.get("api_key") or fields.get("key") or (host[1].lower() if host else None)
    g.key = services().authenticator.authorize(secret, scope)


def _need(fields: Fields, *names: str) -> None:
    for name in names:
        if not fields.get(name, "").strip():
            raise Problem(400, f'Empty "{name}" value')


def _true(fields: Fields, name: str) -> bool:
    return fields.get(name, "").lower() in ("1", "true", "yes")


def _line(value: str) -> str:
    """A value short and sound enough for a database."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:500].strip()


def _site(fields: Fields) -> str:
    return _line(fields.get("blog", "")).rstrip("/")


def _mail(fields: Fields) -> str:
    return _line(fields.get("comment_author_email", "")).lower()


def _wordpress() -> bool:
    """Whether its own plug-in asks, which knows how to wait, and whose comments are HTML."""
    agent = request.headers.get("User-Agent", "")
    return "WordPress/" in agent and "Akismet/" in agent


def _by_rest(fields: Fields) -> bool:
    """Whether the comment came by WordPress's REST API, where its plug-in heeds `true` alone."""
    return _wordpress() and "/wp/v2/comments" in unquote(fields.get("REQUEST_URI", ""))


def _holds(fields: Fields) -> bool:
    """Whether the client keeps a comment pending on an `X-akismet-error`.

    WordPress's plug-in does, but where it asks again by itself after an error it publishes what
    it is told `false` of.
    """
    retry = fields.get("recheck_reason") == "retry"
    return _wordpress() and not retry and not _by_rest(fields)


def _comment(fields: Fields) -> Comment:
    """The comment, under a name that `submit-…` finds again. Raises a `Problem`."""
    text = fields["comment_content"]
    try:
        validate(text, moderator().policy.publication.max_bytes)
    except CommentError as error:
        raise Problem(422, f"comment_content: {error.message}") from None
    told = ("permalink", "comment_author", "comment_author_email", "comment_content")
    whole = "\0".join(fields.get(name, "") for name in told).encode("utf-8", "surrogatepass")
    return Comment(
        text,
        id=f"akismet:{hashlib.sha256(whole).hexdigest()}",
        author=_mail(fields) or None,
        article=_line(fields.get("permalink", "")) or None,
        format="html" if _wordpress() else "plain",
    )


def _answer(decision: Mapping[str, Any], *, holds: bool) -> Response:
    """What a client is told, where `holds` says whether it keeps a comment pending on an error."""
    action = _standing(decision)
    headers = {GUID: str(decision["id"])}
    if action == "review" and holds:
        return _text("false", {**headers, "X-akismet-error": WAITS})
    if action == "approve":
        return _text("false", headers)
    refused = {one["rule"] for one in decision["reasons"] if one["action"] == "reject"}
    if action == "reject" and "spam" in refused:
        headers["X-akismet-pro-tip"] = "discard"
    return _text("true", headers)


def _standing(decision: Mapping[str, Any]) -> str:
    """What holds by now: asked again, it is what a person has said in between."""
    decided = str(decision["action"])
    if "revision" not in decision:  # just made
        return decided
    query = select(DecisionRow.standing).where(DecisionRow.id == decision["id"])
    try:
        with decider().sessions() as session:
            return session.scalars(query).first() or decided
    except SQLAlchemyError as error:
        decider().circuit.failed(error)
        return decided


def _give_verdict(fields: Fields, action: Action, route: str) -> None:
    """Of the decision that was made, or of one that is made now: training wants both."""
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
            )
    except SQLAlchemyError as error:
        decider().circuit.failed(error)
        raise errors.unreachable() from None


def _decided(fields: Fields, comment: Comment) -> str | None:
    """The decision about this comment, whether or not the client says which site it was on."""
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
    asked = [DecisionRequest(comment)]
    (decision,) = decider().decide(asked, community=_site(fields), route=route)
    if not decision["recorded"]:
        raise errors.unreachable()
    return str(decision["id"])


def _month(given: str) -> dt.datetime:
    """The first moment of a month; of this one where none is given. Raises a `Problem`."""
    if not given:
        now = decider().clock()
        return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", given, re.ASCII):
        raise Problem(400, "month: must be one such as 2026-11")
    return dt.datetime.strptime(given, "%Y-%m").replace(tzinfo=dt.UTC)


def _number(fields: Fields, name: str, default: int) -> int:
    given = fields.get(name) or str(default)
    if not (given.isdecimal() and len(given) < 7):
        raise Problem(400, f"{name}: must be a whole number such as {default}")
    return int(given)


def _sites(month: dt.datetime) -> dict[str, Counter[tuple[str, str]]]:
    """For each site, how many comments had which action at first, and which one stands."""
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
    """A site's figures; what waited for a person counts as spam, as most clients were told."""
    ham = sum(number for (action, _), number in checked.items() if action == "approve")
    wrong = sum(number for (was, now), number in checked.items() if was != now == "approve")
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
    """Give an answer that is about no decision an id of its own."""
    answer.headers.setdefault(GUID, uuid.uuid4().hex)
    return answer


@akismet.errorhandler(HTTPException)
def _refused(error: HTTPException) -> Response:
    """`invalid`, and in a header what is wrong; only what may pass by itself is an HTTP error."""
    status, said = error.code or 500, error.description or error.name
    headers = dict(getattr(error, "headers", ())) if status >= 429 else {}
    plain = said.encode("ascii", "replace").decode().replace("\n", " ")
    with suppress(HTTPException):  # what is wrong may be the form
        if request.endpoint == "akismet.comment_check" and _by_rest(request.form):
            return _text("true", {**headers, "X-akismet-debug-help": plain})
    if status < 429:
        return _text("invalid", {"X-akismet-debug-help": plain})
    return _text(said, {**headers, "X-akismet-error": str(status)}, status)


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
