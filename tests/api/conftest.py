"""A small moderator with three simple rules and one simple model.

Tests that use it do not depend on the quality of models or on shipped thresholds.
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel

from api import App, create_app
from moderation import Finding, Moderator, Policy, cli, rules
from moderation.policy import SHIPPED, Publication, RulePolicy, Thresholds
from moderation.scoring.models import Models
from moderation.scoring.scorer import Probabilities
from moderation.text.reading import Text, Weight

CAPITALS = "Use capital letters only where they belong."


def shouting(text: Text, _: BaseModel) -> Finding | None:
    """Find words in capitals."""
    words = [word for word in text.words if word.text.isupper() and len(word.text) > 1]
    spans = tuple(text.span(word.start, word.end) for word in words)
    return Finding("shouting", 0.8, CAPITALS, spans) if words else None


def text_speak(text: Text, _: BaseModel) -> Finding | None:
    """Find 'u' for 'you'."""
    words = [word for word in text.words if word.text == "u"]
    spans = tuple(text.span(word.start, word.end) for word in words)
    return Finding("text_speak", 1.0, "Write “you”.", spans, "you") if words else None


def abuse(text: Text, _: BaseModel) -> Finding | None:
    """Use the score of `WordScorer`."""
    score = text.scores["toxicity"]
    return Finding("abuse", score, "Argue without insults.") if score > 0.1 else None


class WordScorer:
    """A model that finds the word 'idiot' toxic, and nothing else."""

    heads: tuple[str, ...] = ("toxicity",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return 0.95 for texts with the word, 0.05 for others."""
        return {"toxicity": np.array([0.95 if "idiot" in text.clean else 0.05 for text in texts])}

    def explain(self, *_: object) -> list[Weight]:
        """Return no weights."""
        return []


def rule(
    name: str, check: Callable[[Text, Any], Finding | None], guideline: str, **levels: float
) -> RulePolicy:
    """Return a rule with its thresholds."""
    rule = rules.Rule(name, "", rules.Settings, check)
    return RulePolicy(rule, Thresholds(guideline=guideline, **levels), rules.Settings())


def small_moderator() -> Moderator:
    """Return a moderator with three rules, one of which only observes, and one model."""
    policies = [
        rule("shouting", shouting, "Do not write in capitals.", review=0.6),
        rule("text_speak", text_speak, "Spell words out."),
        rule("abuse", abuse, "Be civil.", review=0.6, reject=0.9),
    ]
    shipped = tomllib.loads(SHIPPED.read_text("utf-8"))["house"]
    changes = {"name": "The Test Herald", "guidelines_url": "https://herald.example/guidelines"}
    publication = Publication.model_validate({**shipped, **changes, "max_bytes": 20_480})
    policy = Policy(publication, {rule.name: rule for rule in policies}, {})
    return Moderator(policy, Models({"abuse": WordScorer()}, {"abuse": "2026-01"}))


@pytest.fixture(scope="session")
def app() -> App:
    """Return an app with the small moderator."""
    return create_app({"TESTING": True}, moderator=small_moderator())


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


class Result(NamedTuple):
    """The exit code and the output of a command."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line with an empty record."""
    for name in [name for name in os.environ if name.startswith("MODERATION_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODERATION_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODERATION_DATABASE", f"sqlite:///{tmp_path}/var/record.sqlite")
    monkeypatch.setenv("MODERATION_SPOOL", str(tmp_path / "spool"))

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = cli.run(arguments)
        return Result(code, *capsys.readouterr())

    return run
