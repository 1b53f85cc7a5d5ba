"""Verdicts that are given elsewhere reach WordPress, and none comes back as an echo."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from tests.faults.service import until
from tests.platforms.conftest import WEBHOOK, WEBHOOK_SECRET, Newspaper
from tests.platforms.moderator import Moderator
from tests.platforms.site import HOUSE_RULES

DOUBTFUL = "u r right, the bus is always late n nobody cares abt it."


@pytest.fixture(autouse=True)
def plugin(newspaper: Newspaper) -> None:
    """Activate our plug-in without webhooks."""
    newspaper.connect(HOUSE_RULES)
    newspaper.site.define(HOUSE_RULES_WEBHOOK_SECRET="")


def only(newspaper: Newspaper, author: str) -> dict[str, Any]:
    """Return an author's only comment."""
    (comment,) = newspaper.site.comments(author)
    return comment


def held(newspaper: Newspaper, author: str) -> str:
    """Send a comment that is held. Return the decision's id."""
    newspaper.site.comment(f"{DOUBTFUL} So says {author}.", author)
    comment = only(newspaper, author)
    assert comment["comment_approved"] == "0"
    decision: str = comment["meta"]["house_rules_decision"]
    return decision


def judge(newspaper: Newspaper, decision: str, action: str) -> None:
    """Give a verdict with the API."""
    body = {"action": action, "who": "mohan"}
    path = f"/v1/decisions/{decision}/verdict"
    assert newspaper.service.ask("POST", path, body, key=newspaper.admin)[0] == 200


def verdicts(newspaper: Newspaper, author: str) -> list[str]:
    """Return who gave verdicts on an author's only decision."""
    (decision,) = newspaper.decisions(author)
    return [row["who"] for row in decision["history"]["verdicts"]]


def status(newspaper: Newspaper, author: str) -> str:
    """Return the status of an author's only comment."""
    approved: str = only(newspaper, author)["comment_approved"]
    return approved


@pytest.mark.parametrize(
    ("author", "action", "after"),
    [("polled", "approve", "1"), ("poll_bad", "reject", "trash"), ("poll_odd", "review", "0")],
)
def test_by_polling(newspaper: Newspaper, author: str, action: str, after: str) -> None:
    """A poll applies the verdict once. A later action in WordPress stays."""
    judge(newspaper, held(newspaper, author), action)
    newspaper.site.poll()
    assert status(newspaper, author) == after
    newspaper.site.cron()
    assert verdicts(newspaper, author) == ["mohan"]
    Moderator(newspaper.site).bulk("spam", int(only(newspaper, author)["comment_ID"]))
    newspaper.site.poll()  # before the new verdict was sent
    newspaper.site.cron()
    newspaper.site.poll()
    assert status(newspaper, author) == "spam" or action == "reject"
    assert newspaper.site.complaints() == []


def test_two_moderators_at_once(newspaper: Newspaper) -> None:
    """While a verdict of this site waits, an earlier one from elsewhere does not undo it."""
    site = newspaper.site
    decision = held(newspaper, "contested")
    Moderator(site).bulk("spam", int(only(newspaper, "contested")["comment_ID"]))
    judge(newspaper, decision, "approve")
    site.poll()
    assert status(newspaper, "contested") == "spam"
    site.cron()
    site.poll()
    assert verdicts(newspaper, "contested") == ["mohan", "asha"]
    assert status(newspaper, "contested") == "spam"
    assert newspaper.decisions("contested")[0]["standing"] == "reject"


def test_a_webhook(newspaper: Newspaper) -> None:
    """The service calls, WordPress checks the signature and applies the verdict at once."""
    newspaper.site.define(HOUSE_RULES_WEBHOOK_SECRET=WEBHOOK_SECRET)
    judge(newspaper, held(newspaper, "called"), "approve")
    until(lambda: status(newspaper, "called") == "1", "the webhook")
    newspaper.site.cron()
    assert verdicts(newspaper, "called") == ["mohan"]
    assert newspaper.site.complaints() == []


def test_an_edited_text_keeps_its_status(newspaper: Newspaper) -> None:
    """A verdict on the text before the edit says nothing about the text after it."""
    site = newspaper.site
    first = held(newspaper, "amended")
    comment = int(only(newspaper, "amended")["comment_ID"])
    Moderator(site).edit(comment, "You are right, and the bus is always late.", "0")
    site.cron()
    judge(newspaper, first, "reject")
    site.poll()
    assert status(newspaper, "amended") == "0"


def call(newspaper: Newspaper, body: bytes, *, at: int = 0, secret: str = WEBHOOK_SECRET) -> int:
    """Call the webhook as the specification says. Return the answer's status."""
    timestamp = str(int(time.time()) + at)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"msg_1.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,AAAA v1,{base64.b64encode(digest).decode()}",
    }
    return newspaper.site.send(WEBHOOK, body, headers)[0]


def test_signatures(newspaper: Newspaper) -> None:
    """Without a secret, with another one, or too old or too new, a call is refused."""
    decision = held(newspaper, "forged")
    name = newspaper.decisions("forged")[0]["comment_id"]
    verdict = {"action": "approve", "at": "2026-11-30T20:00:00+00:00"}
    history = {"verdicts": [verdict], "appeals": []}
    data = {"id": decision, "comment_id": name, "revision": 1, "history": history}
    body = json.dumps({"type": "verdict", "data": data}).encode()
    assert call(newspaper, body) == 401
    newspaper.site.define(HOUSE_RULES_WEBHOOK_SECRET=WEBHOOK_SECRET)
    assert call(newspaper, body, secret="whsec_c2VjcmV0") == 401  # noqa: S106 - no secret
    assert call(newspaper, body, at=-400) == 401
    assert call(newspaper, body, at=400) == 401
    assert newspaper.site.send(WEBHOOK, body, {"Content-Type": "application/json"})[0] == 401
    assert status(newspaper, "forged") == "0"
    assert call(newspaper, body) == 204
    assert status(newspaper, "forged") == "1"
    assert newspaper.site.complaints() == []


def test_the_specification(newspaper: Newspaper) -> None:
    """The example of Standard Webhooks is valid in its window, and only then."""
    arguments = (
        f"'{WEBHOOK_SECRET}', 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', "
        "'{\"test\": 2432232314}', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='"
    )
    times = "array( 1614265330, 1614265630, 1614265631, 1614265029 )"
    results = newspaper.site.php(
        f"return array_map( function ( $now ) {{ return House_Rules_Incoming::verify( {arguments},"
        f" $now ); }}, {times} );"
    )
    assert results == [True, True, False, False]
