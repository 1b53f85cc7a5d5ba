"""Drift by the record: the command, what the service measures of itself, and its log."""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from api import create_app
from api.background import drift
from api.decisions import utc_now
from api.record import database, decisions
from api.services import services_of
from moderation import Comment, Moderator
from moderation.lifecycle.drift import FEWEST, OWN, Bins, Reference
from moderation.scoring.store import SHIPPED, champions
from tests.api.conftest import Run

SPAM = champions(SHIPPED)["spam"]
LOW, HIGH = [it / 10_000 for it in range(1_000)], [it / 1_000 for it in range(1_000)]

Decide = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The shipped spam model alone, measured on comments that score low."""
    folder = tmp_path / "models" / "spam" / SPAM
    shutil.copytree(SHIPPED / "spam" / SPAM, folder)
    (tmp_path / "models" / "champion.json").write_text(json.dumps({"spam": SPAM}), "utf-8")
    card = json.loads((folder / "card.json").read_text("utf-8"))
    card["reference"] = Reference("a mix", {"spam": SPAM}, {"spam": Bins.of(LOW)}).to_dict()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    return tmp_path / "models"


@pytest.fixture
def decide(run: Run, root: Path, tmp_path: Path) -> Decide:
    """Put decisions with these scores into the record."""
    assert run("db", "upgrade").exit_code == 0
    sessions = sessionmaker(database.connect(f"sqlite:///{tmp_path}/var/record.sqlite"))
    moderator = Moderator.load(models=root)
    comment = Comment("Well said, sir.")
    values = decisions.fields(
        moderator.moderate(comment),
        comment,
        moderator.policy,
        community="",
        route="v1",
        store=False,
        now=utc_now(),
    )
    made = 0

    def decide(scores: list[float], version: str = SPAM, days_ago: float = 0) -> None:
        nonlocal made
        at = (utc_now() - dt.timedelta(days=days_ago)).isoformat()
        rows = []
        for score in scores:
            made += 1
            own = {"scores": {"spam": score}, "models": {"spam": version}, "decided_at": at}
            rows.append({**values, **own, "id": f"d{made}"})
        decisions.keep(sessions, rows, utc_now())

    return decide


def test_the_same_comments_are_stable(run: Run, root: Path, decide: Decide) -> None:
    """Whatever other models said, or these long ago."""
    decide(HIGH, days_ago=9)
    decide(LOW)
    decide(HIGH, version="older")
    result = run("drift", "--models", str(root))
    assert result.exit_code == 0
    assert "2,000, 1,000 of them by other models" in result.stdout
    assert "a mix (spam)" in result.stdout
    assert "1,000  stable" in result.stdout
    assert "train" not in result.stdout
    assert run("drift", "--models", str(root)) == result


def test_other_comments_call_for_training(run: Run, root: Path, decide: Decide) -> None:
    """The exit code is for cron, the commands are for people."""
    decide(HIGH)
    result = run("drift", "--models", str(root))
    assert result.exit_code == 1
    assert "1,000  moved" in result.stdout
    for command in ("--set-reference", "train abuse --verdicts record", "corpus check", "promote"):
        assert command in result.stdout
    told = json.loads(run("drift", "--models", str(root), "--json").stdout)
    assert told["scores"]["spam"]["verdict"] == "moved"
    assert sum(told["scores"]["spam"]["now"]) == 1_000


def test_of_few_decisions_nothing_is_said(run: Run, root: Path, decide: Decide) -> None:
    """And it is no alarm."""
    decide(HIGH[: FEWEST - 1])
    result = run("drift", "--models", str(root))
    assert result.exit_code == 0
    assert "too few" in result.stdout
    assert f"fewer than {FEWEST} decisions" in result.stdout


def test_ones_own_comments_become_the_measure(run: Run, root: Path, decide: Decide) -> None:
    """Then later ones are compared with them, and no longer with the public mix."""
    decide(HIGH, days_ago=2)
    result = run("drift", "--models", str(root), "--set-reference")
    assert result.exit_code == 0
    assert "spam: compared with your own decisions" in result.stdout
    assert "too few" in run("drift", "--models", str(root)).stdout
    decide(HIGH)
    result = run("drift", "--models", str(root))
    assert (result.exit_code, "1,000  stable" in result.stdout) == (0, True)
    decide(LOW)
    decide(LOW)
    result = run("drift", "--models", str(root))
    assert result.exit_code == 1
    assert "first weeks" not in result.stdout


def test_few_decisions_make_no_measure(run: Run, root: Path, decide: Decide) -> None:
    """Nothing is written then, and it is said what to do."""
    decide(HIGH[: FEWEST - 1])
    result = run("drift", "--models", str(root), "--set-reference")
    assert result.exit_code == 1
    assert "wait, or look further back" in result.stderr
    assert not list(root.rglob(OWN))


def test_models_without_a_reference(run: Run, root: Path, decide: Decide) -> None:
    """How to make one is said, and it is no alarm."""
    decide(HIGH)
    (card,) = root.glob("spam/*/card.json")
    told = json.loads(card.read_text("utf-8"))
    del told["reference"]
    card.write_text(json.dumps(told), "utf-8")
    result = run("drift", "--models", str(root))
    assert result.exit_code == 0
    assert "nothing to compare spam with" in result.stdout
    assert "evaluate --data DIR --reference" in result.stdout


def test_a_reference_that_cannot_be_read(run: Run, root: Path, decide: Decide) -> None:
    """Is named, and taken for no other."""
    decide(HIGH)
    (root / "spam" / SPAM / OWN).write_text("{", "utf-8")
    result = run("drift", "--models", str(root))
    assert result.exit_code == 1
    assert OWN in result.stderr


def test_the_service_measures_itself(
    root: Path,
    decide: Decide,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every ten minutes, between requests; what moved is logged once, until it comes back."""
    monkeypatch.setattr(drift, "MOST", len(LOW))
    decide(LOW)
    app = create_app({"TESTING": True, "MODERATION_MODELS": root})
    keeper, housekeeper = services_of(app).decider, services_of(app).background
    start = utc_now()

    def after(minutes: float) -> float | None:
        """The metric after a round of the housekeeper."""
        keeper.clock = lambda: start + dt.timedelta(minutes=minutes)
        housekeeper.round()
        told = app.test_client().get("/metrics").text
        lines = [line for line in told.splitlines() if line.startswith("moderation_drift_psi{")]
        return float(lines[0].split()[-1]) if lines else None

    assert app.test_client().get("/metrics").text.count('moderation_drift_psi{head="') == 0
    assert after(0) == 0
    with caplog.at_level(logging.WARNING, "api.background.drift"):
        decide(HIGH)
        assert after(5) == 0
        assert (after(11) or 0) > 0.25
        assert (after(22) or 0) > 0.25
        decide(LOW)
        assert after(33) == 0
        decide(HIGH)
        assert (after(44) or 0) > 0.25
    said = [it.getMessage() for it in caplog.records if it.name == "api.background.drift"]
    assert len(said) == 2
    assert all(line.startswith("drift: moved beyond chance: spam ") for line in said)
    (card,) = root.glob("spam/*/card.json")
    told = json.loads(card.read_text("utf-8"))
    del told["reference"]
    card.write_text(json.dumps(told), "utf-8")
    assert math.isnan(after(55) or 0)
