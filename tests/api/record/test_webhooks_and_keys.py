"""Webhooks arrive once and are signed. Keys are valid until they are revoked."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
from collections.abc import Mapping

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from api.record import keys, webhooks
from api.record.database import Sessions, writing
from api.record.tables import DeliveryRow
from api.record.webhooks import BACKOFF, Hook
from tests.api.record.conftest import NOW

HOOK = Hook("http://127.0.0.1:1/hook", "a secret")


class Receiver:
    """A fake receiver with preset answers, which stores the requests."""

    def __init__(self, *answers: int | OSError) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[bytes, Mapping[str, str]]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert url == HOOK.url
        self.requests.append((body, headers))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, OSError):
            raise answer
        return answer


@pytest.fixture
def due(sessions: Sessions) -> Sessions:
    """One event that is due."""
    with writing(sessions) as session:
        webhooks.enqueue(session, [HOOK], "decision", {"id": "d1"}, NOW)
    return sessions


def _deliveries(sessions: Sessions) -> list[DeliveryRow]:
    with sessions() as session:
        return list(session.scalars(select(DeliveryRow)))


def test_a_delivery_is_signed_and_sent_once(due: Sessions) -> None:
    """The receiver can verify the sender and the time."""
    receiver = Receiver()
    assert webhooks.deliver(due, HOOK, NOW, receiver)
    assert not webhooks.deliver(due, HOOK, NOW + dt.timedelta(days=1), receiver)
    ((body, headers),) = receiver.requests
    assert json.loads(body)["data"] == {"id": "d1"}
    expected = webhooks.signatures(
        HOOK.secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body
    )
    assert headers["webhook-signature"] == expected
    assert _deliveries(due) == []


def _hmac(key: bytes, body: bytes, headers: Mapping[str, str]) -> str:
    """Return the standard's signature: an independent implementation."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        pytest.param("whsec_AAEC//79", b"\x00\x01\x02\xff\xfe\xfd", id="the standard's form"),
        pytest.param("whsec_c2VjcmU", b"secre", id="without padding"),
        pytest.param("a secret", b"a secret", id="text"),
        pytest.param("AAEC//79", b"AAEC//79", id="base64 without the prefix is text"),
        pytest.param("whsec_a secret", b"whsec_a secret", id="no base64 after the prefix"),
        pytest.param("whsec_AAEC__79", b"whsec_AAEC__79", id="base64 of another alphabet"),
        pytest.param("whsec_c2V=cmV0", b"whsec_c2V=cmV0", id="padding within"),
        pytest.param("whsec_c2Vjc", b"whsec_c2Vjc", id="broken off"),
        pytest.param("whsec_गुप्त", "whsec_गुप्त".encode(), id="beyond ASCII"),
        pytest.param("whsec_", b"whsec_", id="nothing after the prefix"),
    ],
)
def test_the_library_and_older_receivers_verify(due: Sessions, secret: str, key: bytes) -> None:
    """The first signature is the standard's. The second uses the whole secret as the key."""
    hook = Hook(HOOK.url, secret)
    receiver = Receiver()
    now = dt.datetime.now(dt.UTC)
    assert webhooks.deliver(due, hook, now, receiver)
    ((body, headers),) = receiver.requests
    keys_used = list(dict.fromkeys([key, secret.encode()]))
    assert headers["webhook-signature"].split(" ") == [_hmac(k, body, headers) for k in keys_used]
    library_secret = webhooks.library_secret(secret)
    assert Webhook(library_secret).verify(body, dict(headers)) == json.loads(body)
    assert base64.b64decode(library_secret.removeprefix("whsec_"), validate=True) == key
    warned = secret.startswith("whsec_") and key == secret.encode()
    warning = webhooks.secret_warning(secret)
    assert (warning is not None) == warned
    assert secret.removeprefix("whsec_") == "" or secret not in (warning or "")
    assert secret not in repr(hook)


def test_failures_are_tried_again_later_and_then_given_up(due: Sessions) -> None:
    """Each wait is longer. In the end it becomes a dead letter, which can be sent again."""
    receiver = Receiver(500, OSError("refused"), *[302] * len(BACKOFF))
    now = NOW
    for wait in BACKOFF:
        assert webhooks.deliver(due, HOOK, now, receiver)
        assert not webhooks.deliver(due, HOOK, now + dt.timedelta(seconds=wait - 1), receiver)
        now += dt.timedelta(seconds=wait)
    assert webhooks.deliver(due, HOOK, now, receiver)
    with writing(due) as session:
        (letter,) = webhooks.dead_letters(session)
        assert letter.last_error == "status 302"
        assert webhooks.resend(session, [letter.id], now) == 1
    receiver.answers.clear()
    assert webhooks.deliver(due, HOOK, now, receiver)
    assert _deliveries(due) == []


def test_two_workers_do_not_send_the_same(due: Sessions) -> None:
    """A leased delivery is not sent by another worker."""
    sent: list[bool] = []

    def post(_url: str, _body: bytes, _headers: Mapping[str, str]) -> int:
        sent.append(webhooks.deliver(due, HOOK, NOW, Receiver()))
        return 200

    webhooks.deliver(due, HOOK, NOW, post)
    assert sent == [False]


def test_a_removed_hook_gets_nothing(due: Sessions) -> None:
    """The service does not call an address that is no longer in the settings."""
    receiver = Receiver()
    assert not webhooks.fail_removed(due, [HOOK], NOW)
    other = Hook("http://127.0.0.1:2/hook", "another secret")
    assert not webhooks.deliver(due, other, NOW, receiver)
    assert webhooks.fail_removed(due, [other], NOW)
    assert not webhooks.fail_removed(due, [other], NOW)
    assert receiver.requests == []
    assert _deliveries(due)[0].last_error == "this address is no longer among the webhooks"


def test_a_key_is_valid_until_revoked(sessions: Sessions) -> None:
    """The record does not hold its secret. A revoked key stays listed."""
    with writing(sessions) as session:
        row, secret = keys.create(session, "desk", ["decide", "read"], "5 per second", NOW)
        assert secret not in (row.id, row.hash, row.name)
        assert secret == secret.lower()
        key_id = row.id
    with sessions() as session:
        key = keys.check(session, secret)
        assert key is not None
        assert key.may("decide")
        assert not key.may("admin")
    with writing(sessions) as session:
        keys.revoke(session, key_id, NOW)
    with sessions() as session:
        assert keys.check(session, secret) is None
        assert [key.id for key in keys.listing(session)] == [key_id]


@pytest.mark.parametrize("secret", ["", "hr", "hr-00000000-00", "a-b-c-d", "é-é-é"])
def test_malformed_keys_are_refused(sessions: Sessions, secret: str) -> None:
    """`check` returns None for any malformed secret."""
    with sessions() as session:
        assert keys.check(session, secret) is None


def test_an_admin_key_has_all_scopes() -> None:
    """A small newsroom needs only one key."""
    key = keys.Key("1", "all", frozenset({"admin"}), "")
    assert all(key.may(scope) for scope in keys.SCOPES)


@pytest.mark.parametrize("scopes", [[], ["decide", "everything"]])
def test_unknown_scopes_are_refused(sessions: Sessions, scopes: list[str]) -> None:
    """A misspelt scope must not create a key with fewer rights than meant."""
    with sessions() as session, pytest.raises(ValueError, match="scopes: use decide, read"):
        keys.create(session, "desk", scopes, "5 per second", NOW)
