"""Drift: what moved is told, and what chance alone does is not."""

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from moderation.lifecycle import drift
from moderation.lifecycle.drift import (
    CLASSES,
    FEWEST,
    LANGUAGE,
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
    """A reader that has only its heads' names."""

    heads: tuple[str, ...]

    def score(self, _: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Nothing."""
        return {}

    def explain(self, *_: object) -> list[Weight]:
        """Nothing."""
        return []


SPAM = Models({"spam": Heads(("spam",))}, {"spam": "1"})


def seen(scores: Iterable[float], name: str = "spam", **models: str) -> list[ScoredDecision]:
    """Decisions with these scores, an hour apart."""
    return [
        ScoredDecision(models or {"spam": "1"}, {name: score}, {}, AT + dt.timedelta(hours=hour))
        for hour, score in enumerate(scores)
    ]


def drawn(number: int, high: float = 8.0, seed: int = 0) -> list[float]:
    """Scores as models give them: most are low."""
    return [float(it) for it in np.random.default_rng(seed).beta(0.3, high, number)]


def found(then: Sequence[float], now: Sequence[float]) -> Drift:
    """How far these scores moved."""
    bins = Bins.of(then)
    return Drift("spam", bins, bins.counting(now))


def test_the_same_comments_have_not_moved() -> None:
    """Two samples of the same scores are stable, and by chance alone as far apart as is said."""
    pairs = [found(drawn(2_000), drawn(FEWEST, seed=seed)) for seed in range(1, 151)]
    assert {one.verdict for one in pairs} == {"stable"}
    assert len({one.psi for one in pairs}) == len(pairs)
    mean = sum(one.psi for one in pairs) / len(pairs)
    assert mean == pytest.approx(pairs[0].chance, rel=0.15)


def test_other_comments_have_moved() -> None:
    """A little, or far; and the index grows with it."""
    little = found(drawn(5_000), drawn(5_000, high=4.5, seed=1))
    far = found(drawn(5_000), drawn(5_000, high=2.0, seed=1))
    assert (little.verdict, far.verdict) == ("moved a little", "moved")
    assert far.psi > little.psi > little.beyond


def test_only_the_highest_scores_have_moved() -> None:
    """Where every tenth comment is spam of a sudden, that is seen, however the rest scores."""
    then, now = drawn(5_000, high=40), drawn(5_000, high=40, seed=1)
    now[:500] = [0.99] * 500
    assert found(then, now).verdict != "stable"


def test_of_few_nothing_is_said() -> None:
    """However far apart they are."""
    assert found(drawn(5_000), [0.99] * (FEWEST - 1)).verdict == "too few"
    assert found(drawn(5_000), [0.99] * FEWEST).verdict == "moved"


@pytest.mark.parametrize("values", [[0.0] * 600, [0.1, 0.2] * 300], ids=["one", "two"])
def test_scores_that_are_all_alike(values: list[float]) -> None:
    """Bins are fewer then, and what leaves them is seen all the same."""
    assert found(values, values).psi == 0
    assert found(values, [0.9] * 600).verdict == ("stable" if len(set(values)) == 1 else "moved")


def test_the_shares_of_languages() -> None:
    """Each class by what the reader of languages says."""
    said = [
        {"english": 1.0, "code": "zxx"},
        {"english": 0.01, "code": "hi-Latn"},
        {"english": 0.4, "code": "hi-Latn"},
        {"english": 0.6, "code": "en"},
        {"english": 0.95, "code": "en"},
    ]
    values = [ScoredDecision({}, {}, one).value(LANGUAGE) for one in said]
    assert [CLASSES[int(value or 0)] for value in values] == [
        "no language",
        "foreign",
        "doubtful",
        "doubtful",
        "English",
    ]
    assert Bins.of([float(it or 0) for it in values], LANGUAGE).counts == (1, 1, 2, 1)
    assert ScoredDecision({}, {}, {"code": "und"}).value(LANGUAGE) is None


def test_only_decisions_by_the_models_in_use_count() -> None:
    """Not those of a version before, nor those that the fast reader alone decided."""
    both = Models({FAST: Heads(("toxicity",)), "spam": Heads(("spam",))}, {FAST: "1", "spam": "1"})
    both.versions[CAREFUL] = "2"
    references = {CAREFUL: Reference("", {FAST: "1", CAREFUL: "2"}, {"toxicity": Bins.of([0.1])})}
    decided = [
        *seen([0.1] * 3, "toxicity", abuse="1", careful="2", spam="1"),
        *seen([0.1] * 5, "toxicity", abuse="1", careful="2", spam="older"),
        *seen([0.1] * 7, "toxicity", abuse="1"),
        *seen([0.1] * 9, "toxicity", abuse="1", careful="older"),
    ]
    (one,) = drift.compare(both, references, decided)
    assert one.now.total == 8
    alone = Models({FAST: Heads(("toxicity",))}, {FAST: "1"})
    references = {FAST: Reference("", {FAST: "1"}, {"toxicity": Bins.of([0.1])})}
    (one,) = drift.compare(alone, references, decided)
    assert one.now.total == 7


def test_own_decisions_are_compared_with_later_ones() -> None:
    """Not with themselves."""
    first = drift.measured(SPAM, seen(drawn(FEWEST)), "ours")
    assert first["spam"].until == AT + dt.timedelta(hours=FEWEST - 1)
    (one,) = drift.compare(SPAM, first, seen(drawn(FEWEST + 30)))
    assert one.now.total == 30


def test_few_decisions_make_no_reference() -> None:
    """They would be moved from at once."""
    assert drift.measured(SPAM, seen(drawn(FEWEST - 1)), "ours") == {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The shipped spam model alone, without a reference."""
    version = champions(SHIPPED)["spam"]
    shutil.copytree(SHIPPED / "spam" / version, tmp_path / "spam" / "1")
    card = tmp_path / "spam" / "1" / "card.json"
    told = json.loads(card.read_text("utf-8"))
    told.pop("reference", None)
    card.write_text(json.dumps(told), "utf-8")
    return tmp_path


def test_ones_own_reference_goes_before_the_cards(root: Path) -> None:
    """If it is of this very version."""
    folder = root / "spam" / "1"
    assert drift.references(root, SPAM) == {}
    made = {mix: drift.measured(SPAM, seen(drawn(FEWEST)), mix)["spam"] for mix in ("card", "own")}
    card = json.loads((folder / "card.json").read_text("utf-8"))
    card["reference"] = made["card"].to_dict()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    assert drift.references(root, SPAM) == {"spam": made["card"]}
    (folder / drift.OWN).write_text(json.dumps(made["own"].to_dict()), "utf-8")
    assert drift.references(root, SPAM) == {"spam": made["own"]}
    other = {**made["own"].to_dict(), "models": {"spam": "older"}}
    (folder / drift.OWN).write_text(json.dumps(other), "utf-8")
    assert drift.references(root, SPAM) == {"spam": made["card"]}


@pytest.mark.parametrize("content", ["{", '{"models": {"spam": "1"}}', "[1]"])
def test_a_damaged_reference_is_named(root: Path, content: str) -> None:
    """By its path, and never taken for none."""
    (root / "spam" / "1" / drift.OWN).write_text(content, "utf-8")
    with pytest.raises(ModelError, match="reference"):
        drift.references(root, SPAM)


def test_the_shipped_models_have_their_reference() -> None:
    """New champions need `moderation evaluate --data DIR --reference`."""
    models = Models.load()
    for reader in ("careful", "fast"):
        chosen = models.speaking(reader)
        kept = drift.references(SHIPPED, chosen)
        assert kept.keys() == drift.givers(chosen).keys()
        assert {name for it in kept.values() for name in it.scores} == {
            name for home in kept for name in drift.names(chosen, home)
        }
