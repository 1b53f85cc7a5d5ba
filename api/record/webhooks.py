"""Webhooks: what is due is written with the decision itself, and delivered until it is taken.

Signed as the Standard Webhooks specification says (webhook-id, webhook-timestamp, and
`v1,base64(HMAC-SHA256(secret, id.timestamp.body))` as webhook-signature), so that any of its
libraries verifies them. What fails is tried again, later each time; what fails for a day is a
dead letter, which an operator can list and send again.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import http.client
import json
import logging
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.record.database import Sessions, writing
from api.record.tables import DeliveryRow

log = logging.getLogger(__name__)

# Seconds to wait after each failure: about a day in all.
BACKOFF = (5, 30, 120, 600, 1800, 7200, 21_600, 57_600)
LEASE = dt.timedelta(seconds=60)  # a delivery taken by a worker that dies is due again after it
TIMEOUT_S = 10.0

Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(frozen=True)
class Hook:
    """Where events go, and the secret they are signed with."""

    url: str
    secret: str


def enqueue(
    session: Session, hooks: Sequence[Hook], event: str, data: Mapping[str, Any], now: dt.datetime
) -> None:
    """Note for each hook that `event` is due: in the same transaction as the event itself."""
    for hook in hooks:
        body = {"type": event, "timestamp": now.isoformat(), "data": data}
        session.add(
            DeliveryRow(
                id=uuid.uuid4().hex,
                decision_id=data["id"],
                hook=hook.url,
                event=event,
                body=json.dumps(body, ensure_ascii=False),
                state="due",
                tries=0,
                due_at=now,
            )
        )


def deliver(
    sessions: Sessions, hooks: Sequence[Hook], now: dt.datetime, post: Post | None = None
) -> bool:
    """Send one delivery, if one is due. Several workers may call this at once.

    It is leased, not locked: whatever the receiver does, nobody waits for it.
    """
    taken = _take(sessions, now)
    if taken is None:
        return False
    id_, url, body, tries = taken
    secrets = {hook.url: hook.secret for hook in hooks}
    error = _send(id_, url, body.encode(), secrets.get(url), now, post or _post)
    with writing(sessions) as session:
        this = DeliveryRow.id == id_
        if error is None:
            session.execute(delete(DeliveryRow).where(this))
        else:
            session.execute(update(DeliveryRow).where(this).values(**_after(error, tries + 1, now)))
    return True


def forget(session: Session, decisions: AbstractSet[str]) -> None:
    """Leave nothing of these decisions in what is still to be sent but id, action and rules."""
    theirs = select(DeliveryRow).where(DeliveryRow.decision_id.in_(decisions))
    for row in session.scalars(theirs):
        body = json.loads(row.body)
        body["data"]["comment_id"] = None
        body["data"].pop("history", None)
        row.body = json.dumps(body, ensure_ascii=False)


def dead_letters(session: Session) -> Sequence[DeliveryRow]:
    """What was given up, the longest waiting first."""
    query = select(DeliveryRow).where(DeliveryRow.state == "dead").order_by(DeliveryRow.due_at)
    return session.scalars(query).all()


def resend(session: Session, ids: Sequence[str] | None, now: dt.datetime) -> int:
    """Make dead letters due again, all of them where no ids are given; how many."""
    dead = [row for row in dead_letters(session) if ids is None or row.id in ids]
    for row in dead:
        row.state, row.tries, row.due_at = "due", 0, now
    return len(dead)


def sign(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The signature of a delivery.

    >>> sign("secret", "msg_1", 1, b"{}")
    'v1,kW+83cjD04uWm7Qber/sPiCRVJ9ljbsrg8ALKAx2qMc='
    """
    signed = f"{id_}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _take(sessions: Sessions, now: dt.datetime) -> tuple[str, str, str, int] | None:
    """Lease what has been due longest, so that no other worker sends it too."""
    with writing(sessions) as session:
        query = (
            select(DeliveryRow)
            .where(DeliveryRow.state == "due", DeliveryRow.due_at <= now)
            .order_by(DeliveryRow.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)  # SQLite has one writer at a time anyway
        )
        row = session.scalars(query).first()
        if row is None:
            return None
        row.due_at = now + LEASE
        return row.id, row.hook, row.body, row.tries


def _send(
    id_: str, url: str, body: bytes, secret: str | None, now: dt.datetime, post: Post
) -> str | None:
    """Send one delivery; None if it was taken, else what went wrong."""
    if secret is None:
        return "this address is no longer among the webhooks"
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "House-Rules",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, id_, timestamp, body),
    }
    try:
        status = post(url, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return type(error).__name__
    return None if 200 <= status < 300 else f"status {status}"


def _after(error: str, tries: int, now: dt.datetime) -> dict[str, Any]:
    """The delivery's state after a try that failed."""
    if tries > len(BACKOFF):
        log.error("a webhook was given up after %d tries: %s", tries, error)
        return {"state": "dead", "tries": tries, "last_error": error[:255]}
    due = now + dt.timedelta(seconds=BACKOFF[tries - 1])
    return {"state": "due", "tries": tries, "due_at": due, "last_error": error[:255]}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed body goes where the operator said, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


OPENER = urllib.request.build_opener(_NoRedirect)


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - the settings admit http and https only
    try:
        with OPENER.open(request, timeout=TIMEOUT_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
