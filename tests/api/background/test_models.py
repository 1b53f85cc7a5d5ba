"""Promoted models replace those in use. Models that cannot be used are refused."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import App, create_app
from api.background import watch
from api.background.loop import BackgroundLoop
from api.background.models import reloaded
from api.dialects.coral import budget_of
from api.services import services_of
from moderation import Moderator
from moderation.lifecycle.promotion import promote, rollback
from moderation.scoring.store import CHAMPION, SHIPPED, Files, champions, save
from moderation.text.reading import Text

USED = champions(SHIPPED)
SPAM = USED["spam"]
WORDS = "Win a prize now, click here"


def challenge(root: Path) -> None:
    """Save a spam model with higher scores than the shipped one."""
    files = Files.open(SHIPPED / "spam" / SPAM)
    arrays = {Path(name).stem: files.array(Path(name).stem) for name in files.card["files"]}
    arrays["intercepts"] = arrays["intercepts"] + 2
    save(root / "spam" / "challenger", files.card, arrays)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the shipped models for abuse and spam, and a challenger for spam."""
    root = tmp_path / "models"
    for name in ("abuse", "spam"):
        shutil.copytree(SHIPPED / name / USED[name], root / name / USED[name])
    challenge(root)
    (root / CHAMPION).write_text(json.dumps({name: USED[name] for name in ("abuse", "spam")}))
    return root


@pytest.fixture
def app(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """Return an app with these models."""
    monkeypatch.setattr(watch, "RETRY_S", 0.0)
    return create_app(
        {
            "MODERATION_MODELS": root,
            "MODERATION_DATABASE": f"sqlite:///{tmp_path}/record.sqlite",
            "MODERATION_SPOOL": str(tmp_path / "spool"),
        }
    )


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


@pytest.fixture
def background(app: App) -> BackgroundLoop:
    """Return its background loop, after the first look."""
    background = services_of(app).background
    background.look()
    return background


def version(client: FlaskClient) -> str:
    """Return the version of the spam model that decides."""
    answer = client.post("/v1/moderate", json={"text": WORDS}).get_json()
    return str(answer["models"]["spam"])


def innermost(scorer: Any) -> Any:
    """Return the scorer that others are built around."""
    while hasattr(scorer, "base"):
        scorer = scorer.base
    return scorer


def test_a_promoted_model_is_used_and_rolled_back(
    root: Path, app: App, client: FlaskClient, background: BackgroundLoop
) -> None:
    """Decisions, cards and metrics name it. Policy, listeners and unchanged models stay."""
    before: Moderator = services_of(app).decider.moderator
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    assert version(client) == SPAM
    background.look()
    assert version(client) == "challenger"
    after: Moderator = services_of(app).decider.moderator
    assert after.policy is before.policy
    assert innermost(after.models.scorers["abuse"]) is innermost(before.models.scorers["abuse"])
    cards = {card["name"]: card for card in client.get("/v1/models").get_json()["models"]}
    assert cards["spam"]["version"] == "challenger"
    assert (
        cards["spam"]["purpose"]
        == json.loads((root / "spam" / SPAM / "card.json").read_text("utf-8"))["purpose"]
    )
    metrics = client.get("/metrics").text
    assert 'moderation_version{kind="spam",version="challenger"} 1.0' in metrics
    assert f'moderation_version{{kind="spam",version="{SPAM}"}} 0.0' in metrics
    assert 'moderation_rule_seconds_count{rule="spam"} 2.0' in metrics
    rollback(root, "spam", who="ben")
    background.look()
    assert version(client) == SPAM
    assert f'moderation_version{{kind="spam",version="{SPAM}"}} 1.0' in client.get("/metrics").text


def test_other_apis_use_it_too(
    root: Path, app: App, client: FlaskClient, background: BackgroundLoop
) -> None:
    """Coral's moderator is derived from the one in use."""
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    background.look()
    assert budget_of(app).moderator.models.versions["spam"] == "challenger"
    answer = client.post("/v1/moderations", json={"input": WORDS})
    decision = answer.get_json()["results"][0]["house_rules"]["decision"]
    recorded = client.get(f"/v1/decisions/{decision}").get_json()
    assert recorded["models"]["spam"] == "challenger"


def damage(folder: Path) -> None:
    """Flip one bit of a model."""
    weights = folder / "weights.npy"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def remove_weights(folder: Path) -> None:
    """Leave an incomplete copy of a model."""
    (folder / "weights.npy").unlink()


def remove_card(folder: Path) -> None:
    """Leave an incomplete copy of a model, without its card."""
    (folder / "card.json").unlink()


@pytest.mark.parametrize("break_", [damage, remove_weights, remove_card, shutil.rmtree])
def test_a_model_that_cannot_be_used_is_refused(
    root: Path, client: FlaskClient, background: BackgroundLoop, break_: Callable[[Path], None]
) -> None:
    """The old model stays in use, and `/readyz` says so. When it is repaired, it is used."""
    break_(root / "spam" / "challenger")
    (root / CHAMPION).write_text(json.dumps({"abuse": USED["abuse"], "spam": "challenger"}))
    background.look()
    assert version(client) == SPAM
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert "challenger" in ready.get_json()["refused"][0]
    assert "moderation_refused 1.0" in client.get("/metrics").text
    challenge(root)
    background.look()
    assert version(client) == "challenger"
    assert "refused" not in client.get("/readyz").get_json()
    assert "moderation_refused 0.0" in client.get("/metrics").text


@pytest.mark.parametrize("content", ["", "{", '{"spam": 3}', None])
def test_an_invalid_champion_file(
    root: Path, client: FlaskClient, background: BackgroundLoop, content: str | None
) -> None:
    """It is half written or missing: the models in use stay. When it is restored, all is well."""
    before = (root / CHAMPION).read_text()
    (root / CHAMPION).unlink() if content is None else (root / CHAMPION).write_text(content)
    background.look()
    assert version(client) == SPAM
    assert CHAMPION in client.get("/readyz").get_json()["refused"][0]
    (root / CHAMPION).write_text(before)
    background.look()
    assert "refused" not in client.get("/readyz").get_json()


def test_no_score_may_disappear(
    root: Path, client: FlaskClient, background: BackgroundLoop
) -> None:
    """Rules without their score would send every comment to a person."""
    (root / CHAMPION).write_text(json.dumps({"abuse": USED["abuse"]}))
    background.look()
    assert client.get("/readyz").get_json()["refused"] == ["no model gives these scores: spam"]
    assert version(client) == SPAM


def test_workers_load_one_at_a_time(root: Path, app: App) -> None:
    """The second worker waits for the first."""
    moderator = services_of(app).decider.moderator
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    descriptor = os.open(root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(reloaded, moderator, root)
        waiting = wait([loading], timeout=0.5).not_done
        os.close(descriptor)
        assert waiting
        assert loading.result(60).models.versions["spam"] == "challenger"


def test_a_request_uses_one_moderator(
    root: Path,
    app: App,
    client: FlaskClient,
    background: BackgroundLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """New models do not affect a request that has started."""
    moderator = services_of(app).decider.moderator
    score = moderator.models.score

    def score_and_promote(texts: Sequence[Text], *_: object) -> None:
        if champions(root)["spam"] == SPAM:
            promote(root, "spam", "challenger", who="asha", even_if="a test")
            background.look()
        score(texts)

    body = {
        "comment": {"text": f"{WORDS}. And a second sentence."},
        "requestedAttributes": {"SPAM": {}},
        "spanAnnotations": True,
    }
    path = "/v1alpha1/comments:analyze"
    before = client.post(path, json=body).get_json()
    monkeypatch.setattr(moderator.models, "score", score_and_promote)
    assert client.post(path, json=body).get_json() == before
    assert services_of(app).decider.moderator.models.versions["spam"] == "challenger"
    assert client.post(path, json=body).get_json() != before
