"""A kind of model in a package of its own: loaded, verified, watched, and tested."""

import importlib
import logging
from pathlib import Path
from typing import Any

import pytest

from moderation import Moderator
from moderation.plugins import SCORERS
from moderation.scoring import store
from moderation.scoring.models import Models
from moderation.scoring.store import ModelError
from moderation.testing import check_scorer
from tests.plugins.conftest import Package
from tests.plugins.test_plugins import only

SCORER = '''
"""How loud a comment is."""
import json
import numpy as np
from moderation.text.reading import Weight

class Scorer:
    heads = ("loudness",)

    def __init__(self, factor):
        self.factor = factor

    def score(self, texts):
        return {"loudness": np.array([self.one(text.clean) for text in texts])}

    def one(self, clean):
        loud = sum(character.isupper() for character in clean)
        return min(1.0, self.factor * loud / len(clean))

    def explain(self, text, head):
        return [Weight(0, len(text.clean), 1.0)]

def load(files):
    return Scorer(json.loads(files.read("factor.json")))
'''
LABEL = "gazette-scorer 2.0"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder of models with one model of the kind `loudness`."""
    folder = tmp_path / "models"
    card = {"kind": "loudness", "heads": ["loudness"]}
    store.save(folder / "mood" / "1", card, {}, {"factor.json": b"1.0"})
    store.write_json(folder / "champion.json", {"mood": "1"})
    return folder


def install(package: Package, source: str = SCORER, kind: str = "loudness") -> None:
    """Install a package with a kind of model."""
    package(source, kind, package="gazette-scorer", group=SCORERS)


def test_a_model_of_another_kind(package: Package, models: Path) -> None:
    """Its scores are in the decision, and so are its version and package."""
    install(package)
    decision = Moderator.load(only(), models).moderate("NO way").to_dict()
    assert decision["scores"] == {"loudness": pytest.approx(2 / 6, abs=1e-4)}
    assert decision["models"] == {"mood": "1"}
    assert decision["plugins"] == {"mood": LABEL}


def test_the_kind_must_be_installed(models: Path) -> None:
    """The error names the kinds there are."""
    with pytest.raises(ModelError, match="unknown kind of model 'loudness'; known are linear"):
        Models.load(models)


@pytest.mark.parametrize(
    ("source", "kind", "problem"),
    [
        (SCORER, "linear", "'linear' of gazette-scorer 2.0 has the same name as one of house-r"),
        ("import nothing_of_the_kind", "loudness", "cannot be imported: ModuleNotFoundError"),
        ("", "loudness", r"has no function load\(files\)"),
        (SCORER.replace("factor.json", "none"), "loudness", "the card does not list none"),
        (SCORER.replace('("loudness",)', "[]"), "loudness", "heads must be a tuple"),
        (SCORER.replace("def explain", "def why"), "loudness", "has no method explain"),
    ],
)
def test_a_plugin_that_is_no_scorer(
    package: Package, models: Path, source: str, kind: str, problem: str
) -> None:
    """The start stops. The error names the plug-in or its model."""
    install(package, source, kind)
    with pytest.raises(ModelError, match=problem):
        Models.load(models)


def test_a_score_that_another_model_gives(package: Package, models: Path) -> None:
    """A plug-in cannot replace a score of our models by the way."""
    language = store.champions(store.SHIPPED)["language"]
    (models / "language").symlink_to(store.SHIPPED / "language")
    store.write_json(models / "champion.json", {"mood": "1", "language": language})
    install(package, SCORER.replace('"loudness"', '"english"'))
    with pytest.raises(ModelError, match=r"mood \(gazette-scorer 2.0\) and model language both"):
        Models.load(models)


@pytest.mark.parametrize(
    "wrong",
    [
        "np.array([2.0 for text in texts])",
        'np.array([float("nan") for text in texts])',
        "np.array([0.5, 0.5])",
        "[0.5 for text in texts]",
    ],
)
def test_wrong_scores_are_missing_scores(
    package: Package, models: Path, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Rules that need them ask a person."""
    good = "np.array([self.one(text.clean) for text in texts])"
    install(package, SCORER.replace(good, wrong))
    moderator = Moderator.load(only(), models)
    assert moderator.moderate("Well said.").scores == {}
    assert "model mood failed: ValueError" in caplog.text


def test_a_scorer_that_fails_goes_into_shadow(
    package: Package, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After three texts it is no longer asked, and the service stays ready without its scores."""
    caplog.set_level(logging.ERROR)
    install(package, SCORER.replace("return min(", 'raise ValueError("secret")\n        min('))
    moderator = Moderator.load(only(), models).guarded()
    assert moderator.expected_scores() == {"loudness"}
    for _ in range(5):
        moderator.moderate("Well said.")
    failures = [record for record in caplog.records if "model mood failed" in record.getMessage()]
    assert len(failures) == 3
    assert list(moderator.in_shadow()) == [f"model mood of {LABEL}"]
    assert moderator.expected_scores() == frozenset()
    assert "secret" not in caplog.text


def loaded(package: Package, source: str) -> Any:
    """Install a scorer, and return its module."""
    install(package, source)
    return importlib.import_module("gazette_scorer")


def test_a_good_scorer_passes(package: Package, models: Path) -> None:
    """`check_scorer` finds nothing wrong."""
    check_scorer(loaded(package, SCORER), models / "mood" / "1")


ONE = "        loud = sum("


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (SCORER.replace("min(1.0, ", "(3 * "), "loudness is .*; a score must be from 0 to 1"),
        (
            SCORER.replace(ONE, f"        self.factor *= 0.9\n{ONE}"),
            "loudness of .* differs by .* for the same texts again",
        ),
        (
            SCORER.replace("for text in texts])", "for text in texts]) / len(texts)"),
            "differs by .* for a text alone",
        ),
        (SCORER.replace(ONE, f"        open(__file__).close()\n{ONE}"), "score used open"),
        (SCORER.replace("Weight(0, ", "Weight(-1, "), "is not inside the text"),
        (SCORER.replace("[Weight", "[tuple"), "the scorer raised TypeError"),
        (SCORER.replace("def load", "def lod"), "has no function load"),
        (SCORER.replace(ONE, f"        sum(range(len(clean) * 10_000))\n{ONE}"), "characters took"),
    ],
)
def test_what_a_scorer_does_wrong(
    package: Package, models: Path, source: str, problem: str
) -> None:
    """Each message says what would be right."""
    module = loaded(package, source)
    with pytest.raises(AssertionError, match=problem):
        check_scorer(module, models / "mood" / "1")
