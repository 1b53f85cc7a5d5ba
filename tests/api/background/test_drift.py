"""Drift of recorded scores: the command, the metrics and the log."""

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
from moderation.lifecycle.drift import MIN_DECISIONS, OWN_REFERENCE, Bins, Reference
from moderation.scoring.store import SHIPPED, champions
from tests.api.conftest import Run

SPAM = champions(SHIPPED)["spam"]
LOW = [number / 10_000 for number in range(1_000)]
HIGH = [number / 1_000 for number in range(1_000)]

Decide = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the shipped spam model, and a reference with low scores."""
    folder = tmp_path / "models" / "spam" / SPAM
    shutil.copytree(SHIPPED / "spam" / SPAM, folder)
    (tmp_path / "models" / "champion.json").write_text(json.dumps({"spam": SPAM}), "utf-8")
    card = json.loads((folder / "card.json").read_text("utf-8"))
    card["reference"] = Reference("a mix", {"spam": SPAM}, {"spam": Bins.of(LOW)}).to_dict()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    return tmp_path / "models"


@pytest.fixture
def decide(run: Run, root: Path, tmp_path: Path) -> Decide:
    """Return a function that records decisions with given scores."""
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
    count = 0

    def decide(scores: list[float], version: str = SPAM, days_ago: float = 0) -> None:
        nonlocal count
        at = (utc_now() - dt.timedelta(days=days_ago)).isoformat()
        rows = []
        for score in scores:
            count += 1
            changes = {"scores": {"spam": score}, "models": {"spam": version}, "decided_at": at}
            rows.append({**values, **changes, "id": f"d{count}"})
        decisions.keep(sessions, rows, utc_now())

    return decide


def test_similar_scores_are_stable(run: Run, root: Path, decide: Decide) -> None:
    """Old decisions, and those of other models, do not count."""
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


def test_different_scores_have_moved(run: Run, root: Path, decide: Decide) -> None:
    """The exit code is 1, and the output names the commands to run."""
    decide(HIGH)
    result = run("drift", "--models", str(root))
    assert result.exit_code == 1
    assert "1,000  moved" in result.stdout
    for command in ("--set-reference", "train abuse --verdicts record", "corpus check", "promote"):
        assert command in result.stdout
    report = json.loads(run("drift", "--models", str(root), "--json").stdout)
    assert report["scores"]["spam"]["verdict"] == "moved"
    assert sum(report["scores"]["spam"]["now"]) == 1_000


def test_few_decisions_have_no_verdict(run: Run, root: Path, decide: Decide) -> None:
    """The exit code is 0."""
    decide(HIGH[: MIN_DECISIONS - 1])
    result = run("drift", "--models", str(root))
    assert result.exit_code == 0
    assert "too few" in result.stdout
    assert f"fewer than {MIN_DECISIONS} decisions" in result.stdout


def test_your_own_comments_as_reference(run: Run, root: Path, decide: Decide) -> None:
    """Later comments are compared with them instead of with the public mix."""
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


def test_few_decisions_make_no_reference(run: Run, root: Path, decide: Decide) -> None:
    """Nothing is written, and the error says what to do."""
    decide(HIGH[: MIN_DECISIONS - 1])
    result = run("drift", "--models", str(root), "--set-reference")
    assert result.exit_code == 1
    assert "wait, or look further back" in result.stderr
    assert not list(root.rglob(OWN_REFERENCE))


def test_models_without_a_reference(run: Run, root: Path, decide: Decide) -> None:
    """The exit code is 0, and the output says how to create one."""
    decide(HIGH)
    (card,) = root.glob("spam/*/card.json")
    content = json.loads(card.read_text("utf-8"))
    del content["reference"]
    card.write_text(json.dumps(content), "utf-8")
    result = run("drift", "--models", str(root))
    assert result.exit_code == 0
    assert "nothing to compare spam with" in result.stdout
    assert "evaluate --data DIR --reference" in result.stdout


def test_a_damaged_reference(run: Run, root: Path, decide: Decide) -> None:
    """The error names the file, and no other reference is used instead."""
    decide(HIGH)
    (root / "spam" / SPAM / OWN_REFERENCE).write_text("{", "utf-8")
    result = run("drift", "--models", str(root))
    assert result.exit_code == 1
    assert OWN_REFERENCE in result.stderr


def test_the_service_measures_itself(
    root: Path,
    decide: Decide,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It does so every ten minutes. A score that has moved is logged once, until it is back."""
    monkeypatch.setattr(drift, "MOST", len(LOW))
    decide(LOW)
    app = create_app({"TESTING": True, "MODERATION_MODELS": root})
    decider, background = services_of(app).decider, services_of(app).background
    start = utc_now()

    def after(minutes: float) -> float | None:
        """Return the metric after a round of the background loop."""
        decider.clock = lambda: start + dt.timedelta(minutes=minutes)
        background.round()
        metrics = app.test_client().get("/metrics").text
        lines = [line for line in metrics.splitlines() if line.startswith("moderation_drift_psi{")]
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
    records = [record for record in caplog.records if record.name == "api.background.drift"]
    assert len(records) == 2
    start_of_line = "drift: moved beyond chance: spam "
    assert all(record.getMessage().startswith(start_of_line) for record in records)
    (card,) = root.glob("spam/*/card.json")
    content = json.loads(card.read_text("utf-8"))
    del content["reference"]
    card.write_text(json.dumps(content), "utf-8")
    assert math.isnan(after(55) or 0)
