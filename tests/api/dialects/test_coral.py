"""Coral's external moderation phase, with requests that equal Coral's byte for byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api import App, create_app
from api.dialects.coral import answer, budget_of, signature
from api.services import services_of
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text
from tests.api.dialects.conftest import (
    DOUBTFUL,
    FINE,
    OLD_SECRET,
    REJECTED,
    SECRET,
    SPAM,
    FakeScorer,
    decided,
    make,
)

# The values that Coral knows. Any other value voids the whole answer.
STATUSES = {"APPROVED", "NONE", "PREMOD", "REJECTED", "SYSTEM_WITHHELD"}
FLAGS = {"COMMENT_DETECTED_TOXIC", "COMMENT_DETECTED_SPAM"}
CODES = {
    "OFFENSIVE",
    "ABUSIVE",
    "SPAM",
    "BANNED_WORD",
    "AD",
    "ILLEGAL_CONTENT",
    "HARASSMENT_BULLYING",
    "MISINFORMATION",
    "HATE_SPEECH",
    "IRRELEVANT_CONTENT",
    "OTHER",
}


def body(text: str, action: str = "NEW", **author_or_story: str) -> bytes:
    """Return a request body like Coral's `JSON.stringify(data, null, 2)`."""
    data = {
        "action": action,
        "comment": {"body": text, "parentID": author_or_story.get("parent")},
        "author": {"id": author_or_story.get("author", "baf4e943"), "role": "COMMENTER"},
        "story": {"id": "245b3856", "url": "http://localhost:8080/posts/a-story-url/"},
        "site": {"id": "a4bede88"},
        "tenantID": "19ba5794",
        "tenantDomain": "localhost",
    }
    return json.dumps(data, indent=2, ensure_ascii=False).encode()


def send(client: FlaskClient, raw: bytes, *secrets: str, path: str = "/coral/html") -> TestResponse:
    """Send a signed request. Return the answer, which must be valid for Coral."""
    header = ",".join(signature(secret, raw) for secret in secrets or [SECRET])
    headers = {"X-Coral-Signature": header, "User-Agent": "Coral Moderation/9.3.0"}
    answer = client.post(path, data=raw, headers=headers, content_type="application/json")
    if answer.status_code == 200:
        check_valid(answer.get_json())
    return answer


def check_valid(content: dict[str, Any]) -> None:
    """Check an answer by the rules in Coral's code."""
    assert content.keys() <= {"status", "actions", "moderationAction", "tags"}
    assert content["status"] in STATUSES - {"APPROVED", "NONE"}
    for flag in content["actions"]:
        assert flag.keys() == {"actionType", "reason"}
        assert flag["actionType"] == "FLAG"
        assert flag["reason"] in FLAGS
    if content["status"] == "REJECTED":
        reason = content["moderationAction"]["rejectionReason"]
        assert content["moderationAction"]["status"] == "REJECTED"
        assert reason["code"] in CODES
        assert ("customReason" in reason) == (reason["code"] == "OTHER")
        assert all(isinstance(value, str) and value for value in reason.values())
    else:
        assert "moderationAction" not in content


WITHHELD = {"status": "SYSTEM_WITHHELD", "actions": []}


def test_a_fine_comment_gets_204(client: FlaskClient) -> None:
    """Any status would end Coral's pipeline and skip the later phases."""
    answer = send(client, body(FINE))
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (DOUBTFUL, ["COMMENT_DETECTED_TOXIC"]),
        ("THIS IS WHAT HAPPENS WHEN NOBODY LISTENS", []),
        (f"{FINE} https://bit.ly/a", ["COMMENT_DETECTED_SPAM"]),
    ],
)
def test_a_doubtful_comment_waits_for_a_person(
    client: FlaskClient, text: str, flags: list[str]
) -> None:
    """It is withheld, with a flag if Coral has one for the reason."""
    content = send(client, body(text)).get_json()
    assert content["status"] == "SYSTEM_WITHHELD"
    assert [flag["reason"] for flag in content["actions"]] == flags


@pytest.mark.parametrize(
    ("text", "code", "flag", "guideline"),
    [
        (REJECTED, "ABUSIVE", "COMMENT_DETECTED_TOXIC", "Be civil"),
        ("They are vermin.", "HATE_SPEECH", "COMMENT_DETECTED_TOXIC", "No hatred"),
        (SPAM, "SPAM", "COMMENT_DETECTED_SPAM", "No advertising"),
        ("Write to ravi.kumar@example.com.", "OTHER", None, "Keep phone numbers"),
    ],
)
def test_a_refusal_has_its_reason(
    client: FlaskClient, text: str, code: str, flag: str | None, guideline: str
) -> None:
    """The answer has the guideline, for the author and for the DSA."""
    content = send(client, body(text)).get_json()
    reason = content["moderationAction"]["rejectionReason"]
    assert (content["status"], reason["code"]) == ("REJECTED", code)
    assert guideline in reason["detailedExplanation"]
    assert [action["reason"] for action in content["actions"]] == ([flag] if flag else [])
    assert reason.get("customReason", guideline).startswith(guideline)


@pytest.mark.parametrize(
    ("threat", "code"), [(0.9, "HARASSMENT_BULLYING"), (0.1, "HATE_SPEECH")], ids=["threat", "hate"]
)
def test_a_threat_is_not_called_hate_speech(threat: float, code: str) -> None:
    """Both are reasons of `incendiary`. Coral tells the author the code's name."""
    reason = {"rule": "incendiary", "action": "reject", "guideline": "No.", "message": "Do not."}
    scores = {"threat": threat, "identity_attack": 0.5}
    content = answer({"action": "reject", "reasons": [reason], "scores": scores})
    assert content["moderationAction"]["rejectionReason"]["code"] == code


@pytest.mark.parametrize("rule", ["length", "abuse"])
def test_an_empty_guideline_does_not_void_the_answer(rule: str) -> None:
    """Coral's validator accepts no empty text. With an invalid answer, Coral publishes."""
    reason = {"rule": rule, "action": "reject", "guideline": " ", "message": "Write less."}
    content = answer({"action": "reject", "reasons": [reason], "scores": {}})
    check_valid(content)
    assert "Write less." in content["moderationAction"]["rejectionReason"].values()


@pytest.mark.parametrize(
    "secrets",
    [
        pytest.param([SECRET], id="the one secret"),
        pytest.param([OLD_SECRET], id="the other, during a rotation"),
        pytest.param(["empsec_new", OLD_SECRET], id="one of two is known"),
    ],
)
def test_signed(client: FlaskClient, secrets: list[str]) -> None:
    """One valid signature with any of the secrets is enough."""
    assert send(client, body(FINE), *secrets).status_code == 204


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        signature("empsec_other", body(FINE)),
        signature(SECRET, body(FINE)).removeprefix("sha256="),
        signature(SECRET, body(FINE) + b" "),
        signature(SECRET, json.dumps(json.loads(body(FINE))).encode()),
        "sha256=ä",
        ",".join(["sha256=0"] * 10 + [signature(SECRET, body(FINE))]),
    ],
)
def test_not_signed(app: App, client: FlaskClient, header: str | None) -> None:
    """A signature over other bytes, with another secret, or far down the list is invalid."""
    headers = {"X-Coral-Signature": header} if header is not None else {}
    answer = client.post("/coral/plain", data=body(FINE), headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert decided(app) == []


def test_without_a_secret_requests_are_refused(tmp_path: Path) -> None:
    """Without a secret, anyone could pretend to be Coral."""
    client = make(tmp_path, MODERATION_CORAL_SECRETS="").test_client()
    answer = send(client, body(FINE), "")
    assert answer.status_code == 503
    assert b"MODERATION_CORAL_SECRETS" in answer.data


def test_html_and_plain_text(client: FlaskClient) -> None:
    """The path sets the format. In plain text, tags are text."""
    hidden = f"{FINE} <You are an idiot>"
    assert send(client, body(hidden), path="/coral/html").status_code == 204
    assert send(client, body(hidden), path="/coral/plain").status_code == 200
    html = body("<div>You are an <b>id</b>iot,&nbsp;sir.</div>")
    assert send(client, html, path="/coral/html").get_json()["status"] == "REJECTED"
    assert send(client, body(FINE), path="/coral/markdown").status_code == 404


def test_the_same_comment_twice(app: App, client: FlaskClient) -> None:
    """Coral sends a comment when it warns the author and again when it posts it."""
    twice = [send(client, body(DOUBTFUL)).get_json() for _ in range(2)]
    assert twice[0] == twice[1]
    send(client, body(DOUBTFUL, author="other"))
    send(client, body(DOUBTFUL, parent="d79b787f"))
    assert [decision["revision"] for decision in decided(app)] == [1, 1, 1]


def test_an_edit_is_a_revision(app: App, client: FlaskClient) -> None:
    """It is no repetition of the comment that it replaces."""
    long = "The council has built a fine bridge, and I walk over it every day to my work."
    assert send(client, body(long)).status_code == 204
    for _ in range(2):
        assert send(client, body(f"{long} Indeed!", "EDIT")).status_code == 204
    first, second = decided(app)
    assert first["comment_id"] == second["comment_id"]
    assert [first["revision"], second["revision"]] == [1, 2]
    assert send(client, body(f"{long} Yes!", "NEW")).get_json()["status"] == "SYSTEM_WITHHELD"


def test_an_edit_of_an_unknown_comment(client: FlaskClient) -> None:
    """It is decided like a new comment."""
    assert send(client, body(REJECTED, "EDIT")).get_json()["status"] == "REJECTED"


def test_the_fields_are_recorded(app: App, client: FlaskClient) -> None:
    """The record has text, author and story, with the route 'coral'."""
    send(client, body(FINE))
    (decision,) = decided(app)
    assert (decision["route"], decision["author"]) == ("coral", "baf4e943")
    assert decision["text"] == FINE
    assert decision["article"] == "http://localhost:8080/posts/a-story-url/"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(body(""), id="only a picture"),
        pytest.param(body(" "), id="blanks"),
        pytest.param(body("x" * 20_481), id="too long"),
        pytest.param(body("a\0b"), id="a NUL"),
        pytest.param(b"{}", id="no comment"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'{"comment": {"body": 5}}', id="no text"),
        pytest.param(b"\xff", id="no UTF-8"),
    ],
)
def test_undecidable_comments_are_withheld(client: FlaskClient, raw: bytes) -> None:
    """On any error Coral would publish the comment."""
    assert send(client, raw).get_json() == WITHHELD


class Broken(FakeScorer):
    """A scorer that always fails."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Raise an error."""
        raise RuntimeError(str(len(texts)))


def test_a_model_that_fails(tmp_path: Path) -> None:
    """The rules that need the model hold the comment for review."""
    client = make(tmp_path, Broken()).test_client()
    assert send(client, body(FINE)).get_json()["status"] == "SYSTEM_WITHHELD"


def test_an_error(app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comment is withheld, not published."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(FINE)

    monkeypatch.setattr(services_of(app).decider, "decide", broken)
    assert send(client, body(FINE)).get_json() == WITHHELD


def test_the_record_is_away(app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments and edits are still decided."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(services_of(app).decider, "sessions", away)
    assert send(client, body(FINE, "EDIT")).status_code == 204
    assert send(client, body(REJECTED)).get_json()["status"] == "REJECTED"


def test_a_short_budget_uses_the_fast_model(tmp_path: Path) -> None:
    """A short budget allows only the fast model. The policy stays the same."""
    moderators = []
    for budget, folder in ((80, tmp_path / "short"), (800, tmp_path / "long")):
        settings = {
            "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
            "MODERATION_SPOOL": str(folder),
            "MODERATION_CORAL_BUDGET_MS": budget,
        }
        app = create_app(settings)
        moderators.append(budget_of(app).moderator)
        full = services_of(app).decider.moderator
        assert moderators[-1].policy.hash == full.policy.hash
    assert "careful" not in moderators[0].models.versions
    assert "careful" in moderators[1].models.versions


class Slow(FakeScorer):
    """A scorer that waits for `go_on`."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Wait, then return the scores."""
        self.go_on.wait(30)
        return super().score(texts)


def test_a_late_decision(tmp_path: Path) -> None:
    """A comment without a decision in time is withheld. The decision is still recorded."""
    scorer = Slow()
    app = make(tmp_path, scorer, MODERATION_CORAL_BUDGET_MS=10)
    assert send(app.test_client(), body(FINE)).get_json() == WITHHELD
    scorer.go_on.set()
    budget_of(app).pool.shutdown()
    assert [decision["text"] for decision in decided(app)] == [FINE]
