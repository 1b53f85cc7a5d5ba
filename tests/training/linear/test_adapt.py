"""adapting: verdicts that agree move the champion; few or contradictory ones hardly do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from moderation.scoring.adapted import log_odds
from moderation.scoring.models import Models
from moderation.scoring.ngrams import Recipe
from moderation.scoring.store import champions, save
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
    """A champion to which 'awful' is toxic."""
    recipe = Recipe((0, 0), (1, 1), 8)
    weights = np.zeros((2**8, 2), np.float32)
    weights[recipe.vectors(["awful"])[1]] = 8
    arrays = {
        "weights": weights,
        "scales": np.ones(2, np.float32),
        "intercepts": np.full(2, -1.5, np.float32),
        "knots": np.stack([np.tile(it, (2, 1)) for it in (LOGITS, expit(LOGITS))]),
    }
    save(tmp_path / "abuse" / "1", CARD, arrays)
    (tmp_path / "champion.json").write_text('{"abuse": "1"}', "utf-8")
    return tmp_path


def verdicts(count: int, *, noise: float = 0.0, seed: int = 0) -> Iterator[Row]:
    """A newsroom that refuses whoever writes 'paywall'; some verdicts are drawn by lot."""
    draw = np.random.default_rng(seed)
    for number in range(count):
        words = [FILLER[at] for at in draw.integers(0, len(FILLER), 9)]
        refused = number % 5 == 0
        words[4] = "paywall" if refused else "budget"
        said = draw.random() < 0.2 if draw.random() < noise else refused
        yield Row(" ".join(words), "verdicts", {"toxicity": float(said)})


def scores(home: Path, *texts: str) -> list[float]:
    """The toxicity of each text by the champions."""
    loaded = [read(text) for text in texts]
    Models.load(home).score(loaded)
    return [text.scores["toxicity"] for text in loaded]


def use(home: Path, folder: Path) -> None:
    """Make the model in `folder` the champion."""
    (home / "champion.json").write_text(json.dumps({"abuse": folder.name}), "utf-8")


Rise = Callable[..., float]


@pytest.fixture
def rise(home: Path, tmp_path: Path) -> Rise:
    """How much verdicts raise the score of an unseen comment with the newsroom's word."""
    text = "nobody reads behind a paywall"

    def rise(count: int, *, noise: float = 0.0) -> float:
        (before,) = scores(home, text)
        use(home, adapt.train("abuse", verdicts(count, noise=noise), home, tmp_path))
        (after,) = scores(home, text)
        use(home, home / "abuse" / "1")
        return after - before

    return rise


def test_two_hundred_verdicts_count(rise: Rise) -> None:
    """What 200 verdicts agree on is seen in a comment nobody judged."""
    assert rise(200) > 0.25


def test_few_verdicts_hardly_count(rise: Rise) -> None:
    """Ten refusals among fifty do less than half."""
    assert rise(50) < 0.5 * rise(200)


def test_contradictory_verdicts_hardly_count(rise: Rise) -> None:
    """Where moderators contradict each other, the champion's word stands."""
    assert abs(rise(200, noise=1.0)) < 0.3 * rise(200)


def test_what_no_verdict_spoke_of_stays(home: Path) -> None:
    """A comment of other words has the champion's score but for the offset, and the other heads
    have it unchanged."""
    texts = ["Quixotic zebras jump!", "awful awful zebras"]
    before = scores(home, *texts)
    use(home, adapt.train("abuse", verdicts(200), home, home))
    after = scores(home, *texts)
    assert np.allclose(log_odds(np.array(after)), log_odds(np.array(before)), atol=1.0)


def test_comments_without_verdict_hold_the_layer() -> None:
    """Of comments nobody judged it says less than half of what it would, of its word as much."""
    judged = [*verdicts(200)]
    features = adapt.ngrams(row.text for row in judged)
    values = np.array([row.labels["toxicity"] for row in judged])
    champion = np.full(len(judged), -1.5)
    others = adapt.ngrams(" ".join(np.roll(FILLER, at)) + " budget" for at in range(99))
    free = adapt.fit(champion, features, values, others, hold=0.0)
    held = adapt.fit(champion, features, values, others)
    said, unheld = (np.abs(others @ layer.weights).mean() for layer in (held, free))
    assert said < 0.5 * unheld
    word = adapt.ngrams(["nobody reads behind a paywall"])
    assert (word @ held.weights)[0] > 0.8 * (word @ free.weights)[0]


def test_the_champion_stays_and_the_version_tells_the_verdicts(home: Path) -> None:
    """A challenger is written beside; the same verdicts give the same one, others another."""
    once = adapt.train("abuse", verdicts(60), home, home)
    card = (once / "card.json").read_bytes()
    assert champions(home) == {"abuse": "1"}
    assert adapt.train("abuse", verdicts(60), home, home) == once
    assert (once / "card.json").read_bytes() == card
    assert adapt.train("abuse", verdicts(60, seed=1), home, home) != once


def test_an_adapted_champion_is_adapted_anew(home: Path) -> None:
    """Layers do not pile up: the same verdicts beside an adapted champion change nothing."""
    once = adapt.train("abuse", verdicts(60), home, home)
    use(home, once)
    assert adapt.train("abuse", verdicts(60), home, home) == once


def test_the_explanation_names_the_newsrooms_word(home: Path) -> None:
    """What the newsroom taught is marked in the text."""
    use(home, adapt.train("abuse", verdicts(200), home, home))
    text = read("nobody reads behind a paywall")
    Models.load(home).score([text])
    first = text.explain("toxicity")[0]
    assert text.clean[first.start : first.end] == "paywall"
    assert sum(weight.share for weight in text.explain("toxicity")) <= 1.001


def test_too_few_verdicts_are_counted_out(home: Path) -> None:
    """A head with hardly any verdict of one kind is not touched, and the error counts them."""
    with pytest.raises(CorpusError, match=r"from 10 .* has 3 yes and 12 no"):
        adapt.train("abuse", verdicts(15), home, home)
