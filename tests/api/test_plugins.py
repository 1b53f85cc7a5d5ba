"""The service with a plug-in: the example of the docs, and rules that fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import create_app
from api.services import services_of
from moderation import rules
from moderation.guard import Guard
from tests.plugins.conftest import RULE, Package, courier, installed, package

__all__ = ["courier", "installed", "package"]  # fixtures

THREE = "The roads are bad. #Roads #Council #Shame"
Start = Callable[..., FlaskClient]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a function that starts a service with few rules and no model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "champion.json").write_text("{}", "utf-8")

    def start(**tables: Any) -> FlaskClient:
        off = {name: {"enabled": False} for name in rules.shipped_rules()}
        config = {
            "MODERATION_POLICY": {**off, **tables},
            "MODERATION_MODELS": tmp_path / "models",
            "MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite",
            "MODERATION_SPOOL": tmp_path / "spool",
        }
        return create_app(config).test_client()

    return start


def decide(client: FlaskClient, text: str, **context: Any) -> dict[str, Any]:
    """Return the service's decision."""
    response = client.post("/v1/moderate", json={"text": text, **context})
    assert response.status_code == 200
    return dict(response.get_json())


@pytest.mark.usefixtures("installed")
def test_the_example(start: Start) -> None:
    """It decides, is recorded with its package, and stands among the guidelines."""
    client = start(hashtags={"review": 0.5})
    answer = decide(client, THREE, id="1")
    assert answer["action"] == "review"
    assert answer["plugins"] == {"hashtags": "courier-rules 1.0"}
    again = decide(client, THREE, id="1")
    assert {**again, "took_ms": 0} == {**answer, "took_ms": 0}, "as it is in the record"
    recorded = client.get(f"/v1/decisions/{answer['id']}").get_json()
    assert recorded["thresholds"]["hashtags"] == {
        "review": 0.5,
        "reject": "never",
        "plugin": "courier-rules 1.0",
    }
    (guideline,) = client.get("/v1/guidelines").get_json()["rules"]
    assert guideline == {
        "rule": "hashtags",
        "guideline": "Use few hashtags.",
        "review": 0.5,
        "reject": None,
        "shadow": False,
        "plugin": "courier-rules 1.0",
    }
    assert client.get("/v1/queue?rule=hashtags").get_json()["decisions"]
    assert client.post("/v1/suggest", json={"text": THREE}).status_code == 200
    assert client.get("/openapi.json").status_code == 200
    assert client.get("/docs").status_code == 200


def test_without_plugins_nothing_names_them(start: Start) -> None:
    """Answers have the keys they had."""
    client = start(length={"enabled": True})
    assert "plugins" not in decide(client, "Well said.", id="1")
    (guideline,) = client.get("/v1/guidelines").get_json()["rules"]
    assert "plugin" not in guideline
    assert client.get("/readyz").get_json() == {"status": "ok", "waiting": 0}


LABEL = "rule no of gazette-rules 2.0"


def test_a_rule_that_raises_holds_three_comments(
    package: Package, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Then it is in shadow: the log, `/readyz` and the metrics say so, and it never acts."""
    package(RULE.replace("return Finding", 'raise ValueError("secret")\n    return Finding'))
    client = start(no={"review": 0.5})
    actions = [decide(client, f"Comment {number}.")["action"] for number in range(5)]
    assert actions == ["review"] * 3 + ["approve"] * 2
    (observed,) = decide(client, "Another.")["observed"]
    assert observed["message"] == "This rule could not be checked: it failed or was slow too often."
    ready = client.get("/readyz")
    assert ready.status_code == 200
    why = "it raised ValueError, its fault number 3 within 60 s"
    assert ready.get_json()["in_shadow"] == {LABEL: why}
    metric = f'moderation_plugin_in_shadow{{plugin="{LABEL}"}} 1.0'
    assert metric in client.get("/metrics").text
    assert f"{LABEL} is in shadow: {why}" in caplog.text
    assert "secret" not in caplog.text


def test_it_acts_again(package: Package, start: Start) -> None:
    """In its trials its findings are observed. Afterwards they count again."""
    package(RULE)
    client = start(no={"review": 0.5})
    assert decide(client, "Say no.")["action"] == "review"
    guard = guard_of(client)
    guard._enter_shadow("a test")
    for number in range(3):
        guard._trial_at = 0.0
        trial = decide(client, f"Say no to {number}.")
        assert trial["action"] == "approve"
        assert trial["observed"][0]["score"] == 1.0
    assert decide(client, "Say no.")["action"] == "review"
    assert "in_shadow" not in client.get("/readyz").get_json()
    assert f'plugin_in_shadow{{plugin="{LABEL}"}} 0.0' in client.get("/metrics").text


def guard_of(client: FlaskClient) -> Guard:
    """Return the guard of the rule `no`."""
    moderator = services_of(client.application).decider.moderator
    assert moderator.guards
    return moderator.guards.of("rule", "no", "gazette-rules 2.0")


def test_the_guard_outlives_a_promotion(package: Package, start: Start, tmp_path: Path) -> None:
    """New models do not bring a failing plug-in back."""
    package(RULE)
    client = start(no={"review": 0.5})
    decide(client, "Say no.")
    guard_of(client)._enter_shadow("a test")
    (tmp_path / "models" / "champion.json").write_text(json.dumps({}) + " ", "utf-8")
    services_of(client.application).background.look()
    assert decide(client, "Say no.")["action"] == "approve"
