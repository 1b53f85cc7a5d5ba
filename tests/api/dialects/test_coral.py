"""Coral's external moderation phase: requests rebuilt byte for byte as its source writes them."""

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
from api.dialects.coral import budget_of, signature
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
    Reader,
    decided,
    make,
)

# What Coral takes; a value that is not here voids the whole answer.
STATUSES = {"APPROVED", "NONE", "PREMOD", "REJECTED", "SYSTEM_WITHHELD"}
FLAGS = {"COMMENT_DETECTED_TOXIC", "COMMENT_DETECTED_SPAM"}
CODES = {"ABUSIVE", "OTHER"}


def body(text: str, action: str = "NEW", **author_or_story: str) -> bytes:
    """`JSON.stringify(data, null, 2)` of what Coral sends."""
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
    """The answer, and that it is one that Coral takes."""
    header = ",".join(signature(secret, raw) for secret in secrets or [SECRET])
    headers = {"X-Coral-Signature": header, "User-Agent": "Coral Moderation/9.3.0"}
    answer = client.post(path, data=raw, headers=headers, content_type="application/json")
    if answer.status_code == 200:
        takes(answer.get_json())
    return answer


def takes(told: dict[str, Any]) -> None:
    """Coral's own rules for an answer, and the traps that its code sets."""
    assert told.keys() <= {"status", "actions", "moderationAction", "tags"}
    assert told["status"] in STATUSES - {"APPROVED", "NONE"}
    for flag in told["actions"]:
        assert flag.keys() == {"actionType", "reason"}
        assert flag["actionType"] == "FLAG"
        assert flag["reason"] in FLAGS
    if told["status"] == "REJECTED":
        reason = told["moderationAction"]["rejectionReason"]
        assert told["moderationAction"]["status"] == "REJECTED"
        assert reason["code"] in CODES
        assert ("customReason" in reason) == (reason["code"] == "OTHER")
        assert all(isinstance(value, str) and value for value in reason.values())
    else:
        assert "moderationAction" not in told


WITHHELD = {"status": "SYSTEM_WITHHELD", "actions": []}


def test_nothing_is_said_of_what_is_fine(client: FlaskClient) -> None:
    """A status would end Coral's pipeline, and wave the comment past the phases after ours."""
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
    """It is withheld, with a flag where Coral has one for the reason."""
    told = send(client, body(text)).get_json()
    assert told["status"] == "SYSTEM_WITHHELD"
    assert [flag["reason"] for flag in told["actions"]] == flags


@pytest.mark.parametrize(
    ("text", "code", "flag", "said"),
    [
        (REJECTED, "ABUSIVE", "COMMENT_DETECTED_TOXIC", "Be civil"),
        ("They are vermin.", "ABUSIVE", "COMMENT_DETECTED_TOXIC", "No hatred"),
        (SPAM, "OTHER", "COMMENT_DETECTED_SPAM", "No advertising"),
        ("Write to ravi.kumar@example.com.", "OTHER", None, "Keep phone numbers"),
    ],
)
def test_a_refusal_has_its_reason(
    client: FlaskClient, text: str, code: str, flag: str | None, said: str
) -> None:
    """The guideline in words, for the author and for the DSA."""
    told = send(client, body(text)).get_json()
    reason = told["moderationAction"]["rejectionReason"]
    assert (told["status"], reason["code"]) == ("REJECTED", code)
    assert said in reason["detailedExplanation"]
    assert [one["reason"] for one in told["actions"]] == ([flag] if flag else [])
    assert reason.get("customReason", said).startswith(said)


@pytest.mark.parametrize(
    "secrets",
    [
        pytest.param([SECRET], id="the one secret"),
        pytest.param([OLD_SECRET], id="the other, while it is rotated"),
        pytest.param(["empsec_new", OLD_SECRET], id="one of two that is known here"),
    ],
)
def test_signed(client: FlaskClient, secrets: list[str]) -> None:
    """One good signature is enough, whichever secret made it."""
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
    """A signature over other bytes, by another secret, or far down a list, is none."""
    headers = {"X-Coral-Signature": header} if header is not None else {}
    answer = client.post("/coral/plain", data=body(FINE), headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert decided(app) == []


def test_without_a_secret_nobody_is_answered(tmp_path: Path) -> None:
    """A stranger could not be told from Coral."""
    client = make(tmp_path, MODERATION_CORAL_SECRETS="").test_client()
    answer = send(client, body(FINE), "")
    assert answer.status_code == 503
    assert b"MODERATION_CORAL_SECRETS" in answer.data


def test_html_and_plain_text(client: FlaskClient) -> None:
    """The path says how to read: tags are none in plain text, and hide nothing there."""
    hidden = f"{FINE} <You are an idiot>"
    assert send(client, body(hidden), path="/coral/html").status_code == 204
    assert send(client, body(hidden), path="/coral/plain").status_code == 200
    html = body("<div>You are an <b>id</b>iot,&nbsp;sir.</div>")
    assert send(client, html, path="/coral/html").get_json()["status"] == "REJECTED"
    assert send(client, body(FINE), path="/coral/markdown").status_code == 404


def test_the_same_comment_twice(app: App, client: FlaskClient) -> None:
    """Coral asks when it warns an author and again when it posts: one decision is kept."""
    twice = [send(client, body(DOUBTFUL)).get_json() for _ in range(2)]
    assert twice[0] == twice[1]
    send(client, body(DOUBTFUL, author="other"))
    send(client, body(DOUBTFUL, parent="d79b787f"))
    assert [one["revision"] for one in decided(app)] == [1, 1, 1]


def test_an_edit_is_a_revision(app: App, client: FlaskClient) -> None:
    """And no repetition of the comment it replaces, which it resembles."""
    long = "The council has built a fine bridge, and I walk over it every day to my work."
    assert send(client, body(long)).status_code == 204
    for _ in range(2):
        assert send(client, body(f"{long} Indeed!", "EDIT")).status_code == 204
    first, second = decided(app)
    assert first["comment_id"] == second["comment_id"]
    assert [first["revision"], second["revision"]] == [1, 2]
    assert send(client, body(f"{long} Yes!", "NEW")).get_json()["status"] == "SYSTEM_WITHHELD"


def test_an_edit_of_what_is_not_known(client: FlaskClient) -> None:
    """It is decided like any other."""
    assert send(client, body(REJECTED, "EDIT")).get_json()["status"] == "REJECTED"


def test_what_is_known_is_kept(app: App, client: FlaskClient) -> None:
    """Text, author and story are in the record, under the route 'coral'."""
    send(client, body(FINE))
    (kept,) = decided(app)
    assert (kept["route"], kept["author"], kept["text"]) == ("coral", "baf4e943", FINE)
    assert kept["article"] == "http://localhost:8080/posts/a-story-url/"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(body(""), id="nothing but a picture"),
        pytest.param(body(" "), id="blanks"),
        pytest.param(body("x" * 20_481), id="too long to be judged"),
        pytest.param(body("a\0b"), id="a NUL"),
        pytest.param(b"{}", id="no comment"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'{"comment": {"body": 5}}', id="no text"),
        pytest.param(b"\xff", id="no UTF-8"),
    ],
)
def test_what_cannot_be_judged_waits_for_a_person(client: FlaskClient, raw: bytes) -> None:
    """To any error Coral would answer by publishing the comment."""
    assert send(client, raw).get_json() == WITHHELD


class Broken(Reader):
    """Fails whenever it is asked."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Fails."""
        raise RuntimeError(str(len(texts)))


def test_a_model_that_fails(tmp_path: Path) -> None:
    """The rules that need it send the comment to a person."""
    client = make(tmp_path, Broken()).test_client()
    assert send(client, body(FINE)).get_json()["status"] == "SYSTEM_WITHHELD"


def test_whatever_breaks(app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comment is withheld, not published."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(FINE)

    monkeypatch.setattr(services_of(app).decider, "decide", broken)
    assert send(client, body(FINE)).get_json() == WITHHELD


def test_the_record_is_away(app: App, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments are decided still, edits too."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(services_of(app).decider, "sessions", away)
    assert send(client, body(FINE, "EDIT")).status_code == 204
    assert send(client, body(REJECTED)).get_json()["status"] == "REJECTED"


def test_the_fast_reader_keeps_a_short_budget(tmp_path: Path) -> None:
    """With little time the fast reader judges alone, under the very policy of the house."""
    judges = []
    for budget, folder in ((80, tmp_path / "short"), (800, tmp_path / "long")):
        own = {
            "MODERATION_DATABASE": f"sqlite:///{folder}/record.sqlite",
            "MODERATION_SPOOL": str(folder),
            "MODERATION_CORAL_BUDGET_MS": budget,
        }
        app = create_app(own)
        judges.append(budget_of(app).moderator)
        house = services_of(app).decider.moderator
        assert judges[-1].policy.hash == house.policy.hash
    assert "careful" not in judges[0].models.versions
    assert "careful" in judges[1].models.versions


class Slow(Reader):
    """Takes as long as it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Waits."""
        self.go_on.wait(30)
        return super().score(texts)


def test_nobody_waits(tmp_path: Path) -> None:
    """What is not decided in time is withheld; the decision is kept when it comes."""
    reader = Slow()
    app = make(tmp_path, reader, MODERATION_CORAL_BUDGET_MS=10)
    assert send(app.test_client(), body(FINE)).get_json() == WITHHELD
    reader.go_on.set()
    budget_of(app).pool.shutdown()
    assert [one["text"] for one in decided(app)] == [FINE]
