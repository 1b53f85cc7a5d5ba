"""Send events to webhooks, which are URLs of the newspaper.

A delivery is one event for one webhook. It is recorded in the same transaction as its decision or
verdict, and retried until the receiver accepts it.

Deliveries are signed as in the Standard Webhooks specification (webhook-id, webhook-timestamp, and
`v1,base64(HMAC-SHA256(key, id.timestamp.body))` as webhook-signature), so that its libraries can
verify them. The pause before a retry grows with each failure. After a day of failures, a delivery
becomes a dead letter. An operator can list dead letters and send them again.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import http.client
import io
import json
import logging
import socket
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import Session

from api.record.database import Sessions, writing
from api.record.tables import DeliveryRow

log = logging.getLogger(__name__)

# Seconds to wait after each failure, about a day in total.
BACKOFF = (5, 30, 120, 600, 1800, 7200, 21_600, 57_600)
# The limit for each of connecting (per address), sending and the answer.
TIMEOUT_S = 10.0
LEASE = dt.timedelta(minutes=3)  # longer than all of these; a dead worker's lease ends then
# A due time that is further ahead was set by a clock that was wrong.
LONGEST_WAIT = dt.timedelta(seconds=BACKOFF[-1]) + LEASE
PERSONAL = frozenset({"who", "reason"})
WHSEC = "whsec_"  # the standard's prefix of a secret; the key in base64 follows

Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(frozen=True)
class Hook:
    """A webhook: the URL that receives events, and the secret that signs them."""

    url: str
    secret: str = field(repr=False)


def enqueue(
    session: Session, hooks: Sequence[Hook], event: str, data: Mapping[str, Any], now: dt.datetime
) -> None:
    """Record that `event` is due to each hook, to be sent later by `deliver`.

    `session` must be the transaction that records the event's decision or verdict. If `data` has a
    history of verdicts and appeals, the names of people and their words are left out.
    """
    history = {"history": _impersonal(data["history"])} if "history" in data else {}
    for hook in hooks:
        body = {"type": event, "timestamp": now.isoformat(), "data": {**data, **history}}
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


def deliver(sessions: Sessions, hook: Hook, now: dt.datetime, post: Post | None = None) -> bool:
    """Send one event that is due to `hook`. Return whether an event was due.

    Several workers may call this at the same time. The event's row is reserved for some minutes and
    not locked, so that a slow receiver blocks no transaction.
    """
    lease = _lease(sessions, DeliveryRow.hook == hook.url, now)
    if lease is not None:
        error = _send(lease.id, hook, lease.body.encode(), now, post or _post)
        _settle(sessions, lease, error, now)
    return lease is not None


def fail_removed(sessions: Sessions, hooks: Sequence[Hook], now: dt.datetime) -> bool:
    """Record a failure for one due event whose webhook is no longer in the settings (`hooks`).

    Returns whether there was such an event.
    """
    others = DeliveryRow.hook.not_in([hook.url for hook in hooks])
    lease = _lease(sessions, others, now)
    if lease is not None:
        _settle(sessions, lease, "this address is no longer among the webhooks", now)
    return lease is not None


def forget(session: Session, decisions: AbstractSet[str]) -> None:
    """Remove comment ids and histories from the unsent events about these decisions."""
    query = select(DeliveryRow).where(DeliveryRow.decision_id.in_(decisions))
    for row in session.scalars(query):
        body = json.loads(row.body)
        body["data"]["comment_id"] = None
        body["data"].pop("history", None)
        row.body = json.dumps(body, ensure_ascii=False)


def dead_letters(session: Session) -> Sequence[DeliveryRow]:
    """Return the events that could not be delivered and are not retried, oldest first."""
    query = select(DeliveryRow).where(DeliveryRow.state == "dead").order_by(DeliveryRow.due_at)
    return session.scalars(query).all()


def resend(session: Session, ids: Sequence[str] | None, now: dt.datetime) -> int:
    """Schedule dead letters (events that failed for good) for delivery again. Return how many.

    `ids` selects the dead letters; None means all. Raises `LookupError` if an id is not that of a
    dead letter.
    """
    which = [DeliveryRow.state == "dead"]
    if ids is not None:
        which.append(DeliveryRow.id.in_(ids))
        dead = set(session.scalars(select(DeliveryRow.id).where(*which)))
        unknown = [id_ for id_ in ids if id_ not in dead]
        if unknown:
            raise LookupError(f"there is no dead letter '{unknown[0]}'")
    count = session.scalar(select(func.count()).select_from(DeliveryRow).where(*which)) or 0
    session.execute(update(DeliveryRow).where(*which).values(state="due", tries=0, due_at=now))
    return count


def signatures(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature` of a delivery.

    It has one signature, or two with a space between them. The first is that of the Standard
    Webhooks specification, whose key is the decoded base64 in the secret. The second uses the whole
    secret as the key, as older documentation described. The second is left out if it equals the
    first.

    >>> signatures("secret", "msg_1", 1, b"{}")
    'v1,kW+83cjD04uWm7Qber/sPiCRVJ9ljbsrg8ALKAx2qMc='
    >>> len(signatures("whsec_c2VjcmV0", "msg_1", 1, b"{}").split())
    2
    """
    # Remove the second key in 0.2.0: 0.1.0 announces it in CHANGELOG.md and docs/api.md.
    keys = dict.fromkeys([signing_key(secret), secret.encode()])
    return " ".join(_sign(key, id_, timestamp, body) for key in keys)


def signing_key(secret: str) -> bytes:
    """Return the key for signing with a secret.

    A standard secret is `whsec_` and a key in base64; the key is decoded. For a secret of any other
    form, the key is the secret's bytes.

    >>> signing_key("whsec_c2VjcmV0"), signing_key("secret"), signing_key("whsec_?")
    (b'secret', b'secret', b'whsec_?')
    """
    return _decoded(secret) or secret.encode()


def library_secret(secret: str) -> str:
    """Return a webhook's secret as `whsec_` and base64, a form for libraries for Standard Webhooks.

    >>> library_secret("secret"), library_secret("whsec_c2VjcmV0")
    ('whsec_c2VjcmV0', 'whsec_c2VjcmV0')
    """
    return WHSEC + base64.b64encode(signing_key(secret)).decode()


def secret_warning(secret: str) -> str | None:
    """Return a warning if a webhook's secret begins with `whsec_` and is otherwise malformed.

    Returns None for any other secret. The warning does not quote the secret.

    >>> secret_warning("whsec_c2VjcmV0"), secret_warning("secret")
    (None, None)
    """
    if not secret.startswith(WHSEC) or _decoded(secret):
        return None
    return (
        f"MODERATION_WEBHOOK_SECRET: begins with '{WHSEC}', but base64 does not follow. "
        "The whole secret is used as text. Give receivers the form that "
        "`moderation settings` prints"
    )


def _decoded(secret: str) -> bytes | None:
    """Return the key in a standard secret (`whsec_` and base64); None for any other secret."""
    encoded = secret.removeprefix(WHSEC)
    if encoded == secret:
        return None
    padding = "=" * (-len(encoded) % 4)
    try:
        return binascii.a2b_base64(encoded + padding, strict_mode=True) or None
    except ValueError:
        return None


def _sign(key: bytes, id_: str, timestamp: int, body: bytes) -> str:
    signed = f"{id_}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _impersonal(history: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return a history of verdicts and appeals without names of people and what they wrote."""
    return {
        kind: [{name: entry[name] for name in entry if name not in PERSONAL} for entry in entries]
        for kind, entries in history.items()
    }


class _Lease(NamedTuple):
    """An event for a webhook that is reserved for this worker for some minutes."""

    id: str
    body: str
    tries: int


def _lease(sessions: Sessions, which: ColumnElement[bool], now: dt.datetime) -> _Lease | None:
    """Reserve the event that has been due longest, so that no other worker sends it too.

    `which` is an SQL condition that limits the choice. Returns None if no event is due.
    """
    for due in (DeliveryRow.due_at <= now, DeliveryRow.due_at > now + LONGEST_WAIT):
        if lease := _lease_first(sessions, and_(which, due), now):
            return lease
    return None


def _lease_first(sessions: Sessions, which: ColumnElement[bool], now: dt.datetime) -> _Lease | None:
    query = (
        select(DeliveryRow)
        .where(which, DeliveryRow.state == "due")
        .order_by(DeliveryRow.due_at)
        .limit(1)
    )
    with sessions() as session:  # usually none is due; a read blocks no writer
        if session.execute(query).first() is None:
            return None
    with writing(sessions) as session:
        # PostgreSQL needs the row lock. SQLite has one writer at a time.
        row = session.scalars(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        row.due_at = now + LEASE
        return _Lease(row.id, row.body, row.tries)


def _settle(sessions: Sessions, lease: _Lease, error: str | None, now: dt.datetime) -> None:
    """Record the result of sending an event.

    If `error` is None, the event was delivered, and its row is removed. Otherwise the next try is
    scheduled, or the event is given up.
    """
    this = DeliveryRow.id == lease.id
    with writing(sessions) as session:
        if error is None:
            session.execute(delete(DeliveryRow).where(this))
        else:
            retry = _after_failure(error, lease.tries + 1, now)
            session.execute(update(DeliveryRow).where(this).values(**retry))


def _send(id_: str, hook: Hook, body: bytes, now: dt.datetime, post: Post) -> str | None:
    """Send one event to a webhook. Return None on success, and otherwise what went wrong."""
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "House-Rules",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(hook.secret, id_, timestamp, body),
    }
    try:
        status = post(hook.url, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return type(error).__name__
    return None if 200 <= status < 300 else f"status {status}"


def _after_failure(error: str, tries: int, now: dt.datetime) -> dict[str, Any]:
    """Return new column values for the row of an event that failed for the `tries`-th time."""
    if tries > len(BACKOFF):
        log.error("a webhook was given up after %d tries: %s", tries, error)
        return {"state": "dead", "tries": tries, "last_error": error[:255]}
    due = now + dt.timedelta(seconds=BACKOFF[tries - 1])
    return {"state": "due", "tries": tries, "due_at": due, "last_error": error[:255]}


class _DeadlineReader(io.RawIOBase):
    """Reads an HTTP response from a socket until a deadline that applies to all reads together."""

    def __init__(self, connection: socket.socket, received: io.BufferedReader) -> None:
        self._connection, self._received = connection, received
        self._deadline = time.monotonic() + (connection.gettimeout() or TIMEOUT_S)

    def readable(self) -> bool:
        """Return True. `io.BufferedReader`, which wraps this reader, requires that."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Read the next bytes. Raises `TimeoutError` at the deadline."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._connection.settimeout(remaining)
        return self._received.readinto1(buffer)

    def close(self) -> None:
        """Close this reader and the file object of its socket."""
        self._received.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An HTTP response that must be complete by a deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp))


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an HTTP connection on which the whole response must arrive by one deadline."""
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an HTTPS connection on which the whole response must arrive by one deadline."""
        return self.do_open(_SecureConnection, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, because a signed body must go only to the URL in the settings."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return None, which means that the redirect is not followed."""


OPENER = urllib.request.build_opener(_NoRedirect, _Http, _Https)


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - the settings admit http and https only
    try:
        with OPENER.open(request, timeout=TIMEOUT_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
