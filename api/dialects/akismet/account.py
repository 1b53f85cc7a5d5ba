"""What Akismet's clients ask about the account: usage, sites, statistics.

WordPress's plug-in asks for these on its settings page.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter, defaultdict
from typing import Any

from flask import Blueprint, Response, g, jsonify
from sqlalchemy import func, select

from api.dialects.akismet.wire import Fields, admit, plain, read_fields, require, site
from api.http.errors import Problem
from api.record.tables import DecisionRow
from api.services import decider

_PERIODS = {"60-days": 60, "6-months": 183}  # in days; any other value means always

account = Blueprint("account", __name__)


@account.get("/1.1/test")
def test() -> Response:
    """Answer that the service can be reached."""
    return plain("connected")


@account.get("/1.2/compatible-plugins")
def compatible_plugins() -> Response:
    """Answer with an empty list: the service recommends no other plug-ins."""
    return jsonify([])


@account.post("/1.1/get-subscription")
def get_subscription() -> Response:
    """Answer that the account is active. WordPress's plug-in then keeps the key."""
    admit(read_fields(), "decide")
    return jsonify(
        account_id=False,
        status="active",
        account_name="House rules",
        account_type="house-rules",
        next_billing_date=False,
        limit_reached=False,
    )


@account.post("/1.1/token")
def token() -> Response:
    """Answer with an empty token.

    With a token, WordPress's plug-in would show a page of akismet.com, which knows nothing of this
    service.
    """
    admit(read_fields(), "decide")
    return plain("")


@account.post("/1.1/deactivate")
def deactivate() -> Response:
    """Confirm that WordPress's plug-in forgets the key. The key stays valid for other sites."""
    admit(read_fields(), "decide")
    return plain("deactivated")


@account.post("/1.1/get-stats")
def get_stats() -> Response:
    """Answer how many comments of a site were spam, and how many decisions moderators changed."""
    fields = read_fields()
    admit(fields, "decide")
    require(fields, "blog")
    days = _PERIODS.get(fields.get("from", ""))
    since = decider().clock() - dt.timedelta(days=days) if days else None
    row = _site_row(site(fields), _sites(since, only=site(fields))[site(fields)])
    spam, ham, missed, wrong = (
        int(row[name]) for name in ("spam", "ham", "missed_spam", "false_positives")
    )
    right = 1 - (missed + wrong) / max(spam + ham, 1)
    return jsonify(
        spam=spam,
        ham=ham,
        missed_spam=missed,
        false_positives=wrong,
        accuracy=round(100 * right, 2),
        time_saved=0,
    )


@account.route("/1.2/usage-limit", methods=["GET", "POST"])
def usage_limit() -> Response:
    """Answer how many comments were checked this month, and that there is no limit."""
    admit(read_fields(), "decide")
    usage = sum(sum(checked.values()) for checked in _sites(_month("")).values())
    return jsonify(limit="none", usage=usage, percentage="0.00", throttled=False)


@account.route("/1.2/key-sites", methods=["GET", "POST"])
def key_sites() -> Response:
    """Answer how many comments were checked in a month, for each site."""
    fields = read_fields()
    admit(fields, "read")
    month = _month(fields.get("month", ""))
    after = (month + dt.timedelta(days=32)).replace(day=1)
    rows = [
        _site_row(name, checked)
        for name, checked in sorted(_sites(month, after).items(), key=lambda item: -item[1].total())
        if fields.get("filter", "") in name
    ]
    limit, offset = _number(fields, "limit", 500), _number(fields, "offset", 0)
    page, label = rows[offset : offset + limit], f"{month:%Y-%m}"
    if fields.get("format", "json").lower() == "csv":
        return _csv(page, f"during {label} (limit:{limit}, offset: {offset}, total: {len(rows)})")
    return jsonify({label: page, "limit": limit, "offset": offset, "total": len(rows)})


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


def _sites(
    since: dt.datetime | None, until: dt.datetime | None = None, *, only: str | None = None
) -> dict[str, Counter[tuple[str, str]]]:
    """Count the comments of each site, or of the site `only`, from `since` until before `until`.

    Each site has a counter whose keys are pairs: the service's decision, and the action that
    applies now, after any verdict.
    """
    query = (
        select(DecisionRow.community, DecisionRow.action, DecisionRow.standing, func.count())
        .where(DecisionRow.route == "akismet")
        .group_by(DecisionRow.community, DecisionRow.action, DecisionRow.standing)
    )
    if since is not None:
        query = query.where(DecisionRow.decided_at >= since)
    if until is not None:
        query = query.where(DecisionRow.decided_at < until)
    if only is not None:
        query = query.where(DecisionRow.community == only)
    sites: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    with decider().sessions() as session:
        for name, action, standing, number in session.execute(query):
            sites[name][action, standing] += number
    return sites


def _site_row(name: str, checked: Counter[tuple[str, str]]) -> dict[str, Any]:
    """Return the counts of a site under Akismet's names, such as `spam` and `missed_spam`.

    Comments for review count as spam, because most clients got the answer that they are spam.
    """
    ham = sum(number for (action, _), number in checked.items() if action == "approve")
    wrong = sum(n for (first, standing), n in checked.items() if first != standing == "approve")
    return {
        "site": name,
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
