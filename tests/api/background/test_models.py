"""Promoted models take the place of those in use; what cannot be used is refused."""

import fcntl
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

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
    """Keep a spam model that suspects more than the shipped one."""
    files = Files.open(SHIPPED / "spam" / SPAM)
    arrays = {Path(name).stem: files.array(Path(name).stem) for name in files.card["files"]}
    arrays["intercepts"] = arrays["intercepts"] + 2
    save(root / "spam" / "challenger", files.card, arrays)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The shipped models for abuse and spam, and a challenger of the second."""
    root = tmp_path / "models"
    for name in ("abuse", "spam"):
        shutil.copytree(SHIPPED / name / USED[name], root / name / USED[name])
    challenge(root)
    (root / CHAMPION).write_text(json.dumps({name: USED[name] for name in ("abuse", "spam")}))
    return root


@pytest.fixture
def app(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """The service over these models."""
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
    """Its test client."""
    return app.test_client()


@pytest.fixture
def keeper(app: App) -> BackgroundLoop:
    """Who looks."""
    background = services_of(app).background
    background.look()
    return background


def version(client: FlaskClient) -> str:
    """The version of the spam model that a decision names."""
    made: dict[str, str] = client.post("/v1/moderate", json={"text": WORDS}).get_json()["models"]
    return made["spam"]


def test_a_promoted_model_is_taken_and_rolled_back(
    root: Path, app: App, client: FlaskClient, keeper: BackgroundLoop
) -> None:
    """Decisions, cards and metrics name it; policy and counting stay, and what is loaded too."""
    before: Moderator = services_of(app).decider.moderator
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    assert version(client) == SPAM
    keeper.look()
    assert version(client) == "challenger"
    after: Moderator = services_of(app).decider.moderator
    assert after.policy is before.policy
    assert after.models.scorers["abuse"] is before.models.scorers["abuse"]
    cards = {it["name"]: it for it in client.get("/v1/models").get_json()["models"]}
    assert cards["spam"]["version"] == "challenger"
    assert (
        cards["spam"]["purpose"]
        == json.loads((root / "spam" / SPAM / "card.json").read_text("utf-8"))["purpose"]
    )
    told = client.get("/metrics").text
    assert 'moderation_version{kind="spam",version="challenger"} 1.0' in told
    assert f'moderation_version{{kind="spam",version="{SPAM}"}} 0.0' in told
    assert 'moderation_rule_seconds_count{rule="spam"} 2.0' in told
    rollback(root, "spam", who="ben")
    keeper.look()
    assert version(client) == SPAM
    assert f'moderation_version{{kind="spam",version="{SPAM}"}} 1.0' in client.get("/metrics").text


def test_other_dialects_take_it_too(
    root: Path, app: App, client: FlaskClient, keeper: BackgroundLoop
) -> None:
    """Coral's budget has a reader of its own, made of what is in use."""
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    keeper.look()
    assert budget_of(app).moderator.models.versions["spam"] == "challenger"
    answer = client.post("/v1/moderations", json={"input": WORDS})
    decision = answer.get_json()["results"][0]["house_rules"]["decision"]
    made = client.get(f"/v1/decisions/{decision}").get_json()
    assert made["models"]["spam"] == "challenger"


def damage(folder: Path) -> None:
    """Turn one bit."""
    weights = folder / "weights.npy"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def half(folder: Path) -> None:
    """Leave what a copy leaves that is not done."""
    (folder / "weights.npy").unlink()


def cardless(folder: Path) -> None:
    """The same, earlier."""
    (folder / "card.json").unlink()


@pytest.mark.parametrize("break_", [damage, half, cardless, shutil.rmtree])
def test_a_model_that_cannot_be_used_is_refused(
    root: Path, client: FlaskClient, keeper: BackgroundLoop, break_: object
) -> None:
    """The old one decides on and the service is ready, but says so; mended, it is taken."""
    assert callable(break_)
    break_(root / "spam" / "challenger")
    (root / CHAMPION).write_text(json.dumps({"abuse": USED["abuse"], "spam": "challenger"}))
    keeper.look()
    assert version(client) == SPAM
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert "challenger" in ready.get_json()["refused"][0]
    assert "moderation_refused 1.0" in client.get("/metrics").text
    challenge(root)
    keeper.look()
    assert version(client) == "challenger"
    assert "refused" not in client.get("/readyz").get_json()
    assert "moderation_refused 0.0" in client.get("/metrics").text


@pytest.mark.parametrize("said", ["", "{", '{"spam": 3}', None])
def test_a_champion_file_that_says_nothing(
    root: Path, client: FlaskClient, keeper: BackgroundLoop, said: str | None
) -> None:
    """Half written, or away: the models in use stay; said again as it was, all is well."""
    before = (root / CHAMPION).read_text()
    (root / CHAMPION).unlink() if said is None else (root / CHAMPION).write_text(said)
    keeper.look()
    assert version(client) == SPAM
    assert CHAMPION in client.get("/readyz").get_json()["refused"][0]
    (root / CHAMPION).write_text(before)
    keeper.look()
    assert "refused" not in client.get("/readyz").get_json()


def test_a_score_may_not_get_lost(root: Path, client: FlaskClient, keeper: BackgroundLoop) -> None:
    """Rules that act would find no score, and send every comment to a person."""
    (root / CHAMPION).write_text(json.dumps({"abuse": USED["abuse"]}))
    keeper.look()
    assert client.get("/readyz").get_json()["refused"] == ["no model gives these scores: spam"]
    assert version(client) == SPAM


def test_workers_load_one_at_a_time(root: Path, app: App) -> None:
    """While one does, another waits."""
    now = services_of(app).decider.moderator
    promote(root, "spam", "challenger", who="asha", even_if="a test")
    another = os.open(root, os.O_RDONLY)
    fcntl.flock(another, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(reloaded, now, root)
        waited = wait([loading], timeout=0.5).not_done
        os.close(another)
        assert waited
        assert loading.result(60).models.versions["spam"] == "challenger"


def test_a_request_is_judged_by_one_moderator(
    root: Path,
    app: App,
    client: FlaskClient,
    keeper: BackgroundLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Models that change in the middle of a request change nothing in it."""
    judged = services_of(app).decider.moderator
    read = judged.models.score

    def swapping(texts: Sequence[Text]) -> None:
        if champions(root)["spam"] == SPAM:
            promote(root, "spam", "challenger", who="asha", even_if="a test")
            keeper.look()
        read(texts)

    body = {
        "comment": {"text": f"{WORDS}. And a second sentence."},
        "requestedAttributes": {"SPAM": {}},
        "spanAnnotations": True,
    }
    path = "/v1alpha1/comments:analyze"
    before = client.post(path, json=body).get_json()
    monkeypatch.setattr(judged.models, "score", swapping)
    assert client.post(path, json=body).get_json() == before
    assert services_of(app).decider.moderator.models.versions["spam"] == "challenger"
    assert client.post(path, json=body).get_json() != before
