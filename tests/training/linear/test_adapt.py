"""Adapting: verdicts that agree change the scores; few or contradictory ones hardly do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from moderation.lifecycle.promotion import promote
from moderation.scoring.calibration import log_odds
from moderation.scoring.models import Models
from moderation.scoring.ngrams import Recipe
from moderation.scoring.store import ModelStore, champions, save
from moderation.text.reading import read
from moderation.training.corpora.catalogue import CorpusError, Row
from moderation.training.linear import adapt

FILLER = "the council meets again on monday to talk about roads schools water parks".split()
LOGITS = np.linspace(-9, 9, 33, dtype=np.float32)
CARD = {
    "name": "abuse",
    "kind": "linear",
    "purpose": "A test.",
    "heads": ["toxicity", "threat"],
    "recipe": {"chars": [0, 0], "words": [1, 1], "bits": 8},
    "reads": "folded",
    "data": [],
    "limits": "It is a test.",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a champion that finds 'awful' toxic."""
    recipe = Recipe((0, 0), (1, 1), 8)
    weights = np.zeros((2**8, 2), np.float32)
    weights[recipe.vectors(["awful"])[1]] = 8
    arrays = {
        "weights": weights,
        "scales": np.ones(2, np.float32),
        "intercepts": np.full(2, -1.5, np.float32),
        "knots": np.stack([np.tile(row, (2, 1)) for row in (LOGITS, expit(LOGITS))]),
    }
    save(tmp_path / "abuse" / "1", CARD, arrays)
    (tmp_path / "champion.json").write_text('{"abuse": "1"}', "utf-8")
    return tmp_path


def verdicts(count: int, *, noise: float = 0.0, seed: int = 0) -> Iterator[Row]:
    """Yield the verdicts of a newsroom that rejects comments with 'paywall'.

    `noise` is the share of random verdicts.
    """
    rng = np.random.default_rng(seed)
    for number in range(count):
        words = [FILLER[index] for index in rng.integers(0, len(FILLER), 9)]
        paywall = number % 5 == 0
        words[4] = "paywall" if paywall else "budget"
        rejected = rng.random() < 0.2 if rng.random() < noise else paywall
        yield Row(" ".join(words), "verdicts", {"toxicity": float(rejected)})


def scores(home: Path, *texts: str) -> list[float]:
    """Return the champions' score of toxicity for each text."""
    comments = [read(text) for text in texts]
    Models.load(home).score(comments)
    return [comment.scores["toxicity"] for comment in comments]


def use(home: Path, folder: Path) -> None:
    """Make the model in `folder` the champion."""
    (home / "champion.json").write_text(json.dumps({"abuse": folder.name}), "utf-8")


Rise = Callable[..., float]


@pytest.fixture
def rise(home: Path, tmp_path: Path) -> Rise:
    """A function that returns how much verdicts raise the score of a new comment with 'paywall'."""
    text = "nobody reads behind a paywall"

    def rise(count: int, *, noise: float = 0.0) -> float:
        (before,) = scores(home, text)
        use(home, adapt.train("abuse", verdicts(count, noise=noise), home, tmp_path))
        (after,) = scores(home, text)
        use(home, home / "abuse" / "1")
        return after - before

    return rise


def test_two_hundred_verdicts_count(rise: Rise) -> None:
    """If 200 verdicts agree, the score of a comment without a verdict rises."""
    assert rise(200) > 0.25


def test_few_verdicts_hardly_count(rise: Rise) -> None:
    """Fifty verdicts with ten rejections have less than half of the effect."""
    assert rise(50) < 0.5 * rise(200)


def test_contradictory_verdicts_hardly_count(rise: Rise) -> None:
    """If moderators contradict each other, the champion's score hardly changes."""
    assert abs(rise(200, noise=1.0)) < 0.3 * rise(200)


def test_comments_of_other_words_keep_their_score(home: Path) -> None:
    """Only the offset and the champion's weight can change it a little."""
    texts = ["Quixotic zebras jump!", "awful awful zebras"]
    before = scores(home, *texts)
    use(home, adapt.train("abuse", verdicts(200), home, home))
    after = scores(home, *texts)
    assert np.allclose(log_odds(np.array(after)), log_odds(np.array(before)), atol=1.0)


def test_the_penalty_on_comments_without_verdicts() -> None:
    """It at least halves the layer's effect on them, and hardly changes the effect of 'paywall'."""
    judged = [*verdicts(200)]
    features = adapt.ngrams(row.text for row in judged)
    values = np.array([row.labels["toxicity"] for row in judged])
    champion = np.full(len(judged), -1.5)
    others = adapt.ngrams(" ".join(np.roll(FILLER, shift)) + " budget" for shift in range(99))
    free = adapt.fit(champion, features, values, others, hold=0.0)
    penalised = adapt.fit(champion, features, values, others)
    effect, free_effect = (np.abs(others @ layer.weights).mean() for layer in (penalised, free))
    assert effect < 0.5 * free_effect
    paywall = adapt.ngrams(["nobody reads behind a paywall"])
    assert (paywall @ penalised.weights)[0] > 0.8 * (paywall @ free.weights)[0]


def test_the_version_depends_on_the_verdicts(home: Path) -> None:
    """The same verdicts give the same challenger. The champion does not change."""
    first = adapt.train("abuse", verdicts(60), home, home)
    card = (first / "card.json").read_bytes()
    assert champions(home) == {"abuse": "1"}
    assert adapt.train("abuse", verdicts(60), home, home) == first
    assert (first / "card.json").read_bytes() == card
    assert adapt.train("abuse", verdicts(60, seed=1), home, home) != first


def test_the_layer_of_an_adapted_champion_is_replaced(home: Path) -> None:
    """Adapting an adapted champion to the same verdicts gives the same version."""
    first = adapt.train("abuse", verdicts(60), home, home)
    use(home, first)
    assert adapt.train("abuse", verdicts(60), home, home) == first


def test_the_explanation_marks_the_newsrooms_word(home: Path) -> None:
    """The n-grams of the layer are part of the explanation."""
    use(home, adapt.train("abuse", verdicts(200), home, home))
    text = read("nobody reads behind a paywall")
    Models.load(home).score([text])
    strongest = text.explain("toxicity")[0]
    assert text.clean[strongest.start : strongest.end] == "paywall"
    assert sum(weight.share for weight in text.explain("toxicity")) <= 1.001


def test_too_few_verdicts_are_an_error(home: Path) -> None:
    """The message counts them by kind."""
    with pytest.raises(CorpusError, match=r"at least 10 .* has 3 yes and 12 no"):
        adapt.train("abuse", verdicts(15), home, home)


def test_after_an_upgrade_the_newer_shipped_model_is_adapted(home: Path, tmp_path: Path) -> None:
    """Otherwise a newsroom would stay with the base of its first training for ever."""
    store = ModelStore(tmp_path / "own", home)
    first = adapt.train("abuse", verdicts(60), store, store.own)
    promote(store, "abuse", first.name, who="asha", even_if="a test")
    again = adapt.train("abuse", verdicts(60, seed=1), store, store.own)
    shutil.move(home / "abuse" / "1", home / "abuse" / "2")
    (home / "champion.json").write_text('{"abuse": "2"}', "utf-8")
    upgraded = adapt.train("abuse", verdicts(60, seed=2), store, store.own)
    cards = [json.loads((folder / "card.json").read_text("utf-8")) for folder in (again, upgraded)]
    assert [card["own"]["beside"] for card in cards] == ["1", "2"]
    promote(store, "abuse", upgraded.name, who="asha", even_if="a test")
    assert Models.load(store).versions == {"abuse": upgraded.name}
