"""A small moderator of three plain rules and one plain reader, so that these tests depend on no
model's quality and no shipped threshold."""

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
    """Words of capitals."""
    loud = [word for word in text.words if word.text.isupper() and len(word.text) > 1]
    spans = tuple(text.span(word.start, word.end) for word in loud)
    return Finding("shouting", 0.8, CAPITALS, spans) if loud else None


def text_speak(text: Text, _: BaseModel) -> Finding | None:
    """'u' for 'you'."""
    short = [word for word in text.words if word.text == "u"]
    spans = tuple(text.span(word.start, word.end) for word in short)
    return Finding("text_speak", 1.0, "Write “you”.", spans, "you") if short else None


def abuse(text: Text, _: BaseModel) -> Finding | None:
    """What the reader below gives."""
    score = text.scores["toxicity"]
    return Finding("abuse", score, "Argue without insults.") if score > 0.1 else None


class WordReader:
    """Finds the word 'idiot' toxic, and nothing else."""

    heads: tuple[str, ...] = ("toxicity",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """0.95 or 0.05."""
        return {"toxicity": np.array([0.95 if "idiot" in text.clean else 0.05 for text in texts])}

    def explain(self, *_: object) -> list[Weight]:
        """Nothing to explain."""
        return []


def rule(
    name: str, check: Callable[[Text, Any], Finding | None], guideline: str, **levels: float
) -> RulePolicy:
    """A rule with its thresholds."""
    made = rules.Rule(name, "", rules.Settings, check)
    return RulePolicy(made, Thresholds(guideline=guideline, **levels), rules.Settings())


def small_moderator() -> Moderator:
    """Three rules, one of which only watches, and one reader."""
    three = [
        rule("shouting", shouting, "Do not write in capitals.", review=0.6),
        rule("text_speak", text_speak, "Spell words out."),
        rule("abuse", abuse, "Be civil.", review=0.6, reject=0.9),
    ]
    shipped = tomllib.loads(SHIPPED.read_text("utf-8"))["house"]
    own = {"name": "The Test Herald", "guidelines_url": "https://herald.example/guidelines"}
    house = Publication.model_validate({**shipped, **own, "max_bytes": 20_480})
    policy = Policy(house, {one.name: one for one in three}, {})
    return Moderator(policy, Models({"abuse": WordReader()}, {"abuse": "2026-01"}))


@pytest.fixture(scope="session")
def app() -> App:
    """The service over the small moderator."""
    return create_app({"TESTING": True}, moderator=small_moderator())


@pytest.fixture
def client(app: App) -> FlaskClient:
    """Its test client."""
    return app.test_client()


class Result(NamedTuple):
    """What a command did and said."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line over a record of its own."""
    for name in [name for name in os.environ if name.startswith("MODERATION_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODERATION_DATABASE", f"sqlite:///{tmp_path}/var/record.sqlite")
    monkeypatch.setenv("MODERATION_SPOOL", str(tmp_path / "spool"))

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = cli.run(arguments)
        return Result(code, *capsys.readouterr())

    return run
