"""Webhooks: what is due is written with the decision itself, and delivered until it is taken.

Signed as the Standard Webhooks specification says (webhook-id, webhook-timestamp, and
`v1,base64(HMAC-SHA256(key, id.timestamp.body))` as webhook-signature), so that any of its
libraries verifies them. What fails is tried again, later each time; what fails for a day is a
dead letter, which an operator can list and send again.
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

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from api.record.database import Sessions, writing
from api.record.tables import DeliveryRow

log = logging.getLogger(__name__)

# Seconds to wait after each failure: about a day in all.
BACKOFF = (5, 30, 120, 600, 1800, 7200, 21_600, 57_600)
# Connecting to one of the host's addresses, sending, and the answer may each take so long.
TIMEOUT_S = 10.0
LEASE = dt.timedelta(minutes=3)  # longer than that together; after it, a dead worker's are due
PERSONAL = frozenset({"who", "reason"})
WHSEC = "whsec_"  # before a secret in the standard's form; base64 of the key follows

Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(frozen=True)
class Hook:
    """Where events go, and the secret they are signed with."""

    url: str
    secret: str = field(repr=False)


def enqueue(
    session: Session, hooks: Sequence[Hook], event: str, data: Mapping[str, Any], now: dt.datetime
) -> None:
    """Note for each hook that `event` is due: in the same transaction as the event itself.

    Of its history only what was done and when goes out, not who did it nor why.
    """
    told = {**data, **({"history": _wordless(data["history"])} if "history" in data else {})}
    for hook in hooks:
        body = {"type": event, "timestamp": now.isoformat(), "data": told}
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
    """Send one delivery to `hook`, if one is due. Several workers may call this at once.

    It is leased, not locked: whatever the receiver does, nobody waits for it.
    """
    taken = _take(sessions, DeliveryRow.hook == hook.url, now)
    if taken is not None:
        error = _send(taken.id, hook, taken.body.encode(), now, post or _post)
        _note(sessions, taken, error, now)
    return taken is not None


def turn_away(sessions: Sessions, hooks: Sequence[Hook], now: dt.datetime) -> bool:
    """Let one delivery fail whose address is none of `hooks` any more, if one is due."""
    others = DeliveryRow.hook.not_in([hook.url for hook in hooks])
    taken = _take(sessions, others, now)
    if taken is not None:
        _note(sessions, taken, "this address is no longer among the webhooks", now)
    return taken is not None


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
    """Make dead letters due again, all of them where no ids are given; how many.

    Raises `LookupError` for an id that no dead letter has.
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
    """The `webhook-signature` of a delivery: one signature, or two with a space between.

    The first is the standard's. The second is for receivers that use the whole secret as the key,
    as our documentation said before; it is left out where it is the same.

    >>> signatures("secret", "msg_1", 1, b"{}")
    'v1,kW+83cjD04uWm7Qber/sPiCRVJ9ljbsrg8ALKAx2qMc='
    >>> len(signatures("whsec_c2VjcmV0", "msg_1", 1, b"{}").split())
    2
    """
    # Remove the second key in 0.2.0: 0.1.0 announces it in CHANGELOG.md and docs/api.md.
    keys = dict.fromkeys([signing_key(secret), secret.encode()])
    return " ".join(_sign(key, id_, timestamp, body) for key in keys)


def signing_key(secret: str) -> bytes:
    """The key that the standard signs with: what is in base64 after `whsec_`.

    A secret of another form is text, and its bytes are the key.

    >>> signing_key("whsec_c2VjcmV0"), signing_key("secret"), signing_key("whsec_?")
    (b'secret', b'secret', b'whsec_?')
    """
    return _decoded(secret) or secret.encode()


def library_secret(secret: str) -> str:
    """The secret in the form that the standard's libraries take.

    >>> library_secret("secret"), library_secret("whsec_c2VjcmV0")
    ('whsec_c2VjcmV0', 'whsec_c2VjcmV0')
    """
    return WHSEC + base64.b64encode(signing_key(secret)).decode()


def secret_warning(secret: str) -> str | None:
    """What an operator should know about a secret, which is not in it; None if there is nothing.

    >>> secret_warning("whsec_c2VjcmV0"), secret_warning("secret")
    (None, None)
    """
    if not secret.startswith(WHSEC) or _decoded(secret):
        return None
    return (
        f"MODERATION_WEBHOOK_SECRET: begins with '{WHSEC}', but base64 does not follow. "
        "All of it is used as text. Give receivers the form that "
        "`moderation settings` prints"
    )


def _decoded(secret: str) -> bytes | None:
    """The key in a secret of the standard's form; None where it has another form or no key."""
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


def _wordless(history: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Verdicts and steps of appeals without people and their words."""
    return {
        kind: [{name: one[name] for name in one if name not in PERSONAL} for one in entries]
        for kind, entries in history.items()
    }


class _Taken(NamedTuple):
    """A delivery that this worker has leased."""

    id: str
    body: str
    tries: int


def _take(sessions: Sessions, which: ColumnElement[bool], now: dt.datetime) -> _Taken | None:
    """Lease what has been due longest, so that no other worker sends it too."""
    query = (
        select(DeliveryRow)
        .where(which, DeliveryRow.state == "due", DeliveryRow.due_at <= now)
        .order_by(DeliveryRow.due_at)
        .limit(1)
    )
    with sessions() as session:  # mostly there is none, and no one who writes waits for that
        if session.execute(query).first() is None:
            return None
    with writing(sessions) as session:
        # Locked for PostgreSQL; SQLite has one writer at a time anyway.
        row = session.scalars(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        row.due_at = now + LEASE
        return _Taken(row.id, row.body, row.tries)


def _note(sessions: Sessions, taken: _Taken, error: str | None, now: dt.datetime) -> None:
    """Remove a delivery that was received, or note when it is tried again."""
    this = DeliveryRow.id == taken.id
    with writing(sessions) as session:
        if error is None:
            session.execute(delete(DeliveryRow).where(this))
        else:
            later = _after(error, taken.tries + 1, now)
            session.execute(update(DeliveryRow).where(this).values(**later))


def _send(id_: str, hook: Hook, body: bytes, now: dt.datetime, post: Post) -> str | None:
    """Send one delivery; None if it was taken, else what went wrong."""
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


def _after(error: str, tries: int, now: dt.datetime) -> dict[str, Any]:
    """The delivery's state after a try that failed."""
    if tries > len(BACKOFF):
        log.error("a webhook was given up after %d tries: %s", tries, error)
        return {"state": "dead", "tries": tries, "last_error": error[:255]}
    due = now + dt.timedelta(seconds=BACKOFF[tries - 1])
    return {"state": "due", "tries": tries, "due_at": due, "last_error": error[:255]}


class _Until(io.RawIOBase):
    """What a socket receives until `deadline`, however often a little of it comes."""

    def __init__(self, connection: socket.socket, received: io.BufferedReader) -> None:
        self._connection, self._received = connection, received
        self._deadline = time.monotonic() + (connection.gettimeout() or TIMEOUT_S)

    def readable(self) -> bool:
        """For the buffer around it."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Wait for the next bytes, but no longer than the rest of the time."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._received.readinto1(buffer)

    def close(self) -> None:
        """Close the socket's own file with this one."""
        self._received.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that has to come whole in the time that else each piece of it may take."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Until(sock, self.fp))


class _Connection(http.client.HTTPConnection):
    response_class = _Answer


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Answer


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Connect so that the whole answer has one deadline."""
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Connect so that the whole answer has one deadline."""
        return self.do_open(_SecureConnection, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed body goes where the operator said, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


OPENER = urllib.request.build_opener(_NoRedirect, _Http, _Https)


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - the settings admit http and https only
    try:
        with OPENER.open(request, timeout=TIMEOUT_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
