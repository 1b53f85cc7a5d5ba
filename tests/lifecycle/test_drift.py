"""Drift: scores that moved are reported, differences by chance are not."""

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from moderation.lifecycle import drift
from moderation.lifecycle.drift import (
    CLASSES,
    LANGUAGE,
    MIN_DECISIONS,
    Bins,
    Drift,
    Reference,
    ScoredDecision,
)
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.scorer import Probabilities
from moderation.scoring.store import SHIPPED, ModelError, champions
from moderation.text.reading import Text, Weight

AT = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Heads:
    """A scorer that has only the names of its heads."""

    heads: tuple[str, ...]

    def score(self, _: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return no scores."""
        return {}

    def explain(self, *_: object) -> list[Weight]:
        """Return no weights."""
        return []


SPAM = Models({"spam": Heads(("spam",))}, {"spam": "1"})


def decisions(scores: Iterable[float], name: str = "spam", **models: str) -> list[ScoredDecision]:
    """Return decisions with these scores, an hour apart."""
    return [
        ScoredDecision(models or {"spam": "1"}, {name: score}, {}, AT + dt.timedelta(hours=hour))
        for hour, score in enumerate(scores)
    ]


def random_scores(number: int, high: float = 8.0, seed: int = 0) -> list[float]:
    """Return random scores, most of them low, as models give them."""
    return [float(score) for score in np.random.default_rng(seed).beta(0.3, high, number)]


def drift_of(then: Sequence[float], now: Sequence[float]) -> Drift:
    """Return how far these scores moved."""
    bins = Bins.of(then)
    return Drift("spam", bins, bins.recount(now))


def test_the_same_comments_have_not_moved() -> None:
    """Samples of the same scores are stable. Their mean index is what chance predicts."""
    samples = [
        drift_of(random_scores(2_000), random_scores(MIN_DECISIONS, seed=seed))
        for seed in range(1, 151)
    ]
    assert {sample.verdict for sample in samples} == {"stable"}
    assert len({sample.psi for sample in samples}) == len(samples)
    mean = sum(sample.psi for sample in samples) / len(samples)
    assert mean == pytest.approx(samples[0].chance, rel=0.15)


def test_other_comments_have_moved() -> None:
    """The index grows with the distance."""
    little = drift_of(random_scores(5_000), random_scores(5_000, high=4.5, seed=1))
    far = drift_of(random_scores(5_000), random_scores(5_000, high=2.0, seed=1))
    assert (little.verdict, far.verdict) == ("moved a little", "moved")
    assert far.psi > little.psi > little.beyond_chance


def test_only_the_highest_scores_have_moved() -> None:
    """If suddenly every tenth comment is spam, the score has moved although the rest has not."""
    then, now = random_scores(5_000, high=40), random_scores(5_000, high=40, seed=1)
    now[:500] = [0.99] * 500
    assert drift_of(then, now).verdict != "stable"


def test_few_decisions_have_no_verdict() -> None:
    """It does not matter how far apart they are."""
    assert drift_of(random_scores(5_000), [0.99] * (MIN_DECISIONS - 1)).verdict == "too few"
    assert drift_of(random_scores(5_000), [0.99] * MIN_DECISIONS).verdict == "moved"


@pytest.mark.parametrize("values", [[0.0] * 600, [0.1, 0.2] * 300], ids=["one", "two"])
def test_equal_scores(values: list[float]) -> None:
    """There are fewer bins, and a move out of them is found."""
    assert drift_of(values, values).psi == 0
    assert drift_of(values, [0.9] * 600).verdict == ("stable" if len(set(values)) == 1 else "moved")


def test_the_shares_of_languages() -> None:
    """The language scorer's notes give the class."""
    languages = [
        {"english": 1.0, "code": "zxx"},
        {"english": 0.01, "code": "hi-Latn"},
        {"english": 0.4, "code": "hi-Latn"},
        {"english": 0.6, "code": "en"},
        {"english": 0.95, "code": "en"},
    ]
    values = [ScoredDecision({}, {}, language).value(LANGUAGE) for language in languages]
    assert [CLASSES[int(value or 0)] for value in values] == [
        "no language",
        "foreign",
        "doubtful",
        "doubtful",
        "English",
    ]
    assert Bins.of([float(value or 0) for value in values], LANGUAGE).counts == (1, 1, 2, 1)
    assert ScoredDecision({}, {}, {"code": "und"}).value(LANGUAGE) is None


def test_only_decisions_by_the_models_in_use_count() -> None:
    """Decisions by an older version do not count, nor those by the fast scorer alone."""
    both = Models({FAST: Heads(("toxicity",)), "spam": Heads(("spam",))}, {FAST: "1", "spam": "1"})
    both.versions[CAREFUL] = "2"
    references = {CAREFUL: Reference("", {FAST: "1", CAREFUL: "2"}, {"toxicity": Bins.of([0.1])})}
    decided = [
        *decisions([0.1] * 3, "toxicity", abuse="1", careful="2", spam="1"),
        *decisions([0.1] * 5, "toxicity", abuse="1", careful="2", spam="older"),
        *decisions([0.1] * 7, "toxicity", abuse="1"),
        *decisions([0.1] * 9, "toxicity", abuse="1", careful="older"),
    ]
    (score,) = drift.compare(both, references, decided)
    assert score.now.total == 8
    alone = Models({FAST: Heads(("toxicity",))}, {FAST: "1"})
    references = {FAST: Reference("", {FAST: "1"}, {"toxicity": Bins.of([0.1])})}
    (score,) = drift.compare(alone, references, decided)
    assert score.now.total == 7


def test_own_decisions_are_compared_with_later_ones() -> None:
    """They are not compared with themselves."""
    first = drift.measure_references(SPAM, decisions(random_scores(MIN_DECISIONS)), "own")
    assert first["spam"].until == AT + dt.timedelta(hours=MIN_DECISIONS - 1)
    (score,) = drift.compare(SPAM, first, decisions(random_scores(MIN_DECISIONS + 30)))
    assert score.now.total == 30


def test_few_decisions_make_no_reference() -> None:
    """By chance, later decisions would soon differ from them."""
    assert drift.measure_references(SPAM, decisions(random_scores(MIN_DECISIONS - 1)), "own") == {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with only the shipped spam model, without a reference."""
    version = champions(SHIPPED)["spam"]
    shutil.copytree(SHIPPED / "spam" / version, tmp_path / "spam" / "1")
    path = tmp_path / "spam" / "1" / "card.json"
    card = json.loads(path.read_text("utf-8"))
    card.pop("reference", None)
    path.write_text(json.dumps(card), "utf-8")
    return tmp_path


def test_own_reference_takes_precedence_over_the_cards(root: Path) -> None:
    """It must be of the version in use."""
    folder = root / "spam" / "1"
    assert drift.read_references(root, SPAM) == {}
    by_mix = {
        mix: drift.measure_references(SPAM, decisions(random_scores(MIN_DECISIONS)), mix)["spam"]
        for mix in ("card", "own")
    }
    card = json.loads((folder / "card.json").read_text("utf-8"))
    card["reference"] = by_mix["card"].to_dict()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    assert drift.read_references(root, SPAM) == {"spam": by_mix["card"]}
    paths = drift.set_references(root, {"spam": replace(by_mix["own"], models={"spam": "1"})})
    assert paths == {"spam": folder / drift.OWN_REFERENCE}
    assert drift.read_references(root, SPAM) == {"spam": by_mix["own"]}
    other = {**by_mix["own"].to_dict(), "models": {"spam": "older"}}
    (folder / drift.OWN_REFERENCE).write_text(json.dumps(other), "utf-8")
    assert drift.read_references(root, SPAM) == {"spam": by_mix["card"]}


@pytest.mark.parametrize("content", ["{", '{"models": {"spam": "1"}}', "[1]"])
def test_a_damaged_reference_is_named(root: Path, content: str) -> None:
    """The error names the file. The reference is not ignored."""
    path = root / "spam" / "1" / drift.OWN_REFERENCE
    path.write_text(content, "utf-8")
    with pytest.raises(ModelError, match=f"{path}: the reference cannot be read"):
        drift.read_references(root, SPAM)


def test_a_damaged_reference_in_the_card_is_named(root: Path) -> None:
    """The error names the card."""
    path = root / "spam" / "1" / "card.json"
    card = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**card, "reference": {"mix": "a"}}), "utf-8")
    with pytest.raises(ModelError, match=f"{path}: the reference cannot be read"):
        drift.read_references(root, SPAM)


def test_the_shipped_models_have_their_reference() -> None:
    """New champions need `moderation evaluate --data DIR --reference`."""
    models = Models.load()
    for reader in ("careful", "fast"):
        chosen = models.with_reader(reader)
        references = drift.read_references(SHIPPED, chosen)
        assert references.keys() == drift.versions_by_card(chosen).keys()
        assert {name for reference in references.values() for name in reference.scores} == {
            name for model in references for name in drift.score_names(chosen, model)
        }
