"""Values that a database refuses lose no decision in any dialect, and the service stays ready."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import App
from api.decisions import DecisionRequest
from api.dialects.coral import signature
from api.services import services_of
from moderation import Comment
from tests.api.dialects.conftest import DOUBTFUL, FINE, SECRET, decided, make
from tests.api.record.conftest import postgres, url

__all__ = ["postgres", "url"]

WRONG = [
    "a\0b",
    "a\ud800b",
    "a" * 501,  # too long for its column
    "".join(map(chr, range(0x4E00, 0x4E00 + 9_000))),  # too long for an index
]


@pytest.fixture
def app(url: str, tmp_path: Path) -> Iterator[App]:
    """A service over an empty SQLite or PostgreSQL record."""
    app = make(tmp_path, MODERATION_DATABASE=url)
    yield app
    services_of(app).engine.dispose()


def coral(client: FlaskClient, wrong: str) -> Any:
    """Send a comment as Coral does, with `wrong` in every field that is a reference."""
    call = {
        "action": "EDIT",
        "comment": {"body": DOUBTFUL, "parentID": wrong},
        "author": {"id": wrong},
        "story": {"id": wrong, "url": wrong},
        "tenantID": wrong,
    }
    raw = json.dumps(call).encode()
    headers = {"X-Coral-Signature": signature(SECRET, raw)}
    return client.post("/coral/plain", data=raw, headers=headers)


def akismet(client: FlaskClient, wrong: str) -> Any:
    """Send a comment as clients of Akismet do, in JSON, which may hold any character."""
    names = "blog permalink comment_author comment_author_email comment_author_url".split()
    fields = dict.fromkeys(names, wrong)
    return client.post("/1.1/comment-check", json={**fields, "comment_content": DOUBTFUL})


def perspective(client: FlaskClient, wrong: str) -> Any:
    """Send a comment as clients of Perspective do."""
    entry = {"text": wrong}
    context = {"articleAndParentComment": {"article": entry, "parentComment": entry}}
    names = ("clientToken", "sessionId", "communityId")
    return client.post(
        "/v1alpha1/comments:analyze",
        json={
            "comment": {"text": DOUBTFUL},
            "context": context,
            "requestedAttributes": {"TOXICITY": {}},
            **dict.fromkeys(names, wrong),
        },
    )


def own(client: FlaskClient, wrong: str) -> Any:
    """Send a comment to our own API."""
    names = ("id", "author", "article", "parent")
    return client.post("/v1/moderate", json={"text": DOUBTFUL, **dict.fromkeys(names, wrong)})


def openai(client: FlaskClient, wrong: str) -> Any:
    """Send a comment as clients of OpenAI do."""
    return client.post("/v1/moderations", json={"input": DOUBTFUL + wrong})


@pytest.mark.parametrize("send", [coral, akismet, perspective, own, openai])
def test_no_decision_is_lost(app: App, send: Any) -> None:
    """A request that is not refused is decided and recorded, and the service stays ready."""
    client = app.test_client()
    answers = [send(client, wrong) for wrong in WRONG]
    assert {answer.status_code for answer in answers} <= {200, 400, 422}
    if send in (coral, akismet):
        assert {answer.status_code for answer in answers} == {200}
        recorded = decided(app)
        assert len(recorded) == len(WRONG)
        assert {decision["action"] for decision in recorded} == {"review"}
        assert {"\0", "\ud800"}.isdisjoint("".join(row["author"] or "" for row in recorded))
    is_ready(app)


def is_ready(app: App) -> None:
    """Check that no decision was lost, and that the service is ready."""
    decider = services_of(app).decider
    assert decider.lost == 0
    assert not decider.circuit.open
    assert app.test_client().get("/readyz").status_code == 200


@pytest.mark.parametrize("wrong", WRONG[:3])
def test_what_no_dialect_cleans(app: App, wrong: str, tmp_path: Path) -> None:
    """A value that the database refuses is kept in a file, which erasing reaches."""
    decider = services_of(app).decider
    (decision,) = decider.decide([DecisionRequest(Comment(FINE, id=wrong, author="ravi"))])
    if decision["recorded"]:  # SQLite takes NUL, and references of any length
        assert services_of(app).settings.database.get_secret_value().startswith("sqlite")
        assert wrong != "a\ud800b"
    else:
        (file,) = (tmp_path / "spool").glob("*.refused")
        assert json.loads(file.read_text())["text"] == FINE
        assert len(decider.spool.forget(lambda row: row["author"] == "ravi", decider.clock())) == 1
        assert FINE not in file.read_text()
    is_ready(app)
