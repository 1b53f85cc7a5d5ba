"""Legal holds: an erasure waits, the text is hidden from all but admin, and then it is erased."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import App
from api.background.loop import STEADY_S
from api.commands import exported
from api.record import decisions, erase, holds, seal, verdicts
from api.record.database import Sessions, writing
from api.record.replay import Replay
from api.record.spool import Spool
from api.services import services_of
from moderation import Action
from moderation.lifecycle.replay import ReplayFilter
from tests.api.conftest import Run
from tests.api.record.conftest import NOW, Keep, keep, moderator, postgres, sessions, spool, url
from tests.api.routes.test_keys import new_key
from tests.api.routes.test_record import make, problem

__all__ = ["keep", "moderator", "postgres", "sessions", "spool", "url"]

DAY = dt.timedelta(days=1)
UNTIL = NOW + 30 * DAY


@pytest.fixture
def app(tmp_path: Path, url: str) -> Iterator[App]:
    """A service that may change its time, over an empty SQLite or PostgreSQL record."""
    app = make(tmp_path, MODERATION_DATABASE=url)
    services_of(app).decider.clock = lambda: NOW
    yield app
    services_of(app).engine.dispose()


def _post(client: FlaskClient, path: str, body: dict[str, Any], headers: Any) -> dict[str, Any]:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.get_json()
    return result


def test_a_held_comment_is_hidden_and_erased_when_the_hold_ends(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the erasure says when. Until then only admin sees the text."""
    client = app.test_client()
    scopes = ("decide", "read", "verdict", "erase", "admin")
    keys = {name: new_key(app, name) for name in scopes}
    comment = {"text": "LOUD secret", "id": "c1", "author": "ravi", "article": "Bridge"}
    id_ = _post(client, "/v1/moderate", comment, keys["decide"])["id"]
    who = {"author": "ravi"}
    hold = {**who, "until": UNTIL.isoformat()}
    assert client.post("/v1/hold", json=hold, headers=keys["erase"]).status_code == 403
    assert _post(client, "/v1/hold", hold, keys["admin"]) == {"held": 1, "released": 0}
    for _ in range(2):  # asking again changes nothing
        assert _post(client, "/v1/erase", who, keys["erase"]) == {
            "erased": 0,
            "held": 1,
            "held_until": UNTIL.isoformat(),
        }

    def texts(name: str) -> list[str]:
        """Return what a key reads of the comment."""
        paths = [
            f"/v1/decisions/{id_}",
            f"/v1/decisions/{id_}/notice",
            "/v1/queue",
            "/v1/decisions",
        ]
        return [client.get(path, headers=keys[name]).text for path in paths]

    for name in ("read", "verdict"):
        assert not [text for text in texts(name) if "secret" in text or "ravi" in text]
    assert client.get("/v1/queue", headers=keys["admin"]).get_json()["decisions"] == []
    by_admin = client.get(f"/v1/decisions/{id_}", headers=keys["admin"]).get_json()
    assert (by_admin["text"], by_admin["erase_due_at"]) == ("LOUD secret", UNTIL.isoformat())
    assert "secret" in client.get("/v1/export", headers=keys["admin"]).text
    verdict = {"action": "reject", "who": "asha"}
    judged = client.post(f"/v1/decisions/{id_}/verdict", json=verdict, headers=keys["verdict"])
    assert (judged.status_code, "secret" in judged.text) == (200, False)

    background, running = services_of(app).background, 0.0
    monkeypatch.setattr("api.background.loop.time.monotonic", lambda: running)
    for days, text in ((0, "LOUD secret"), (29, "LOUD secret"), (31, None)):
        start = NOW + days * DAY
        for seconds in (0.0, STEADY_S):
            running = days * 86_400 + seconds
            services_of(app).decider.clock = lambda: start + dt.timedelta(seconds=running % 86_400)  # noqa: B023 - called in this round
            background.round()
        read = client.get(f"/v1/decisions/{id_}", headers=keys["admin"]).get_json()
        assert read["text"] == text
    with services_of(app).decider.sessions() as session:
        result = seal.verify(session)
    assert (result.problems, result.erasures) == ((), {"hold": 1})


def test_removed_comments_are_held_by_the_policy(
    sessions: Sessions, keep: Keep, spool: Spool
) -> None:
    """180 days from the verdict that removed it; others are erased at once."""
    removed, approved = (keep(f"Short {n}", id=f"c{n}", author="ravi") for n in range(2))
    for id_, action in ((removed, Action.REJECT), (approved, Action.APPROVE)):
        with writing(sessions) as session:
            verdicts.give(
                session, id_, action=action, who="asha", reason=None, route="v1", now=NOW + DAY
            )
    done = erase.by_author(sessions, spool, None, "ravi", NOW + 2 * DAY, 180)
    assert done == (1, 1, NOW + 181 * DAY)
    assert erase.older_than(sessions, 30, NOW + 100 * DAY, keep_removed_days=180) == 0
    assert erase.due(sessions, NOW + 180 * DAY) == 0
    assert erase.due(sessions, NOW + 181 * DAY) == 1
    with sessions() as session:
        assert decisions.get(session, removed).text is None
        assert seal.verify(session).problems == ()


def test_retention_waits_for_a_hold(sessions: Sessions, keep: Keep) -> None:
    """The text is hidden when it reaches its age, and erased when the hold ends."""
    id_ = keep("Too short", id="c1", author="ravi")
    which = erase.which(None, comment_id="c1", author=None)
    assert holds.hold(sessions, which, UNTIL) == 1
    assert erase.older_than(sessions, 10, NOW + 11 * DAY) == 0
    with sessions() as session:
        assert decisions.get(session, id_).erase_due_at == UNTIL
    assert holds.hold(sessions, which, UNTIL + DAY) == 1  # longer
    assert erase.due(sessions, UNTIL) == 0
    assert holds.release(sessions, which, 0, UNTIL) == 1
    assert erase.due(sessions, UNTIL) == 1


def test_a_held_comment_is_used_for_nothing(
    sessions: Sessions, url: str, keep: Keep, spool: Spool
) -> None:
    """Not for training, a replay, or the author's history."""
    for n in range(2):
        id_ = keep(f"Short {n}", id=f"c{n}", author="ravi")
    with writing(sessions) as session:
        verdicts.give(
            session, id_, action=Action.REJECT, who="asha", reason=None, route="v1", now=NOW
        )
    holds.hold(sessions, erase.which(None, comment_id=None, author="ravi"), UNTIL)
    assert len(list(Replay(sessions, ReplayFilter()))) == 2
    assert len(list(exported(url, which="judged"))) == 1
    erase.by_author(sessions, spool, None, "ravi", NOW)
    assert list(Replay(sessions, ReplayFilter())) == []
    assert [list(exported(url, which=which)) for which in ("judged", "waiting")] == [[], []]
    assert len(list(exported(url, which="all"))) == 2


def test_a_waiting_decision_is_held(app: App) -> None:
    """What waits in the spool is recorded with its text, and erased when the hold ends."""
    client = app.test_client()
    decider = services_of(app).decider
    decider.circuit.failed(ConnectionError())
    decision = client.post("/v1/moderate", json={"text": "u idiot", "id": "c1"}).get_json()
    assert (decision["action"], decision["recorded"]) == ("reject", False)
    done = erase.by_comment(decider.sessions, decider.spool, None, "c1", NOW, 180)
    assert done == (0, 1, NOW + 180 * DAY)
    decider.circuit.answered()
    assert decider.drain() == 1
    with decider.sessions() as session:
        row = decisions.get(session, decision["id"])
        assert (row.text, row.erase_due_at) == ("u idiot", NOW + 180 * DAY)
    assert erase.due(decider.sessions, NOW + 180 * DAY) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"author": "ravi", "until": "2020-01-01T00:00:00Z"}, "must be later than now"),
        ({"author": "ravi", "until": "soon"}, "/until"),
        ({"until": "2030-01-01T00:00:00Z"}, "name either"),
    ],
)
def test_an_invalid_hold(app: App, body: dict[str, Any], said: str) -> None:
    """The error names the field."""
    assert said in problem(app.test_client().post("/v1/hold", json=body), 422)


def test_holding_by_command(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands hold, erase and release, and say so. The policy's days count too."""
    policy = tmp_path / "mine.toml"
    policy.write_text("[house]\nkeep_removed_days = 180\n")
    monkeypatch.setenv("MODERATION_POLICY", str(policy))
    app = make(tmp_path / "var", MODERATION_SPOOL=str(tmp_path / "spool"))
    client = app.test_client()
    client.post("/v1/moderate", json={"text": "LOUD", "id": "c1"})
    client.post("/v1/moderate", json={"text": "u idiot", "id": "c2"})
    held = run("record", "hold", "--comment", "c1", "--until", "2090-01-02")
    assert held.stdout == "1 decision is held until 2090-01-02.\n"
    erased = run("record", "erase", "--comment", "c1").stdout
    assert "1 decision is kept by a legal hold, and erased by 2090-01-02." in erased
    due = dt.datetime.now(dt.UTC) + 180 * DAY
    assert f"erased by {due:%Y-%m-%d}" in run("record", "erase", "--comment", "c2").stdout
    assert (
        run("record", "hold", "--comment", "c1", "--release").stdout == "1 decision is released.\n"
    )
    assert run("record", "hold", "--comment", "c1").exit_code == 2
    lines = [json.loads(line) for line in run("record", "export").stdout.splitlines()]
    assert [line["text"] for line in lines] == ["LOUD", "u idiot"]
