"""The cascade: the careful scorer scores what the fast one is not certain of; both are mixed."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from moderation.scoring.card import EnsembleCard
from moderation.scoring.cascade import CascadeScorer, Ensemble
from moderation.scoring.models import Models
from moderation.text.reading import Text, Weight, read

MEASURED = {
    "version": "1",
    "shares": {"toxicity": 0.5},
    "slopes": {"toxicity": 1.0},
    "starts": {"toxicity": 0.0},
    "low": 0.01,
}


class Fixed:
    """Scores each text with the number that is its text, or with `always`."""

    heads = ("toxicity",)

    def __init__(self, always: float | None = None) -> None:
        self.always = always
        self.ensemble = EnsembleCard.model_validate(MEASURED)
        self.scored: list[str] = []

    def score(self, texts: Sequence[Text]) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return the numbers."""
        self.scored += [text.clean for text in texts]
        values = [float(text.clean) if self.always is None else self.always for text in texts]
        return {"toxicity": np.array(values)}

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - the interface
        """Return a weight that shows which scorer explains."""
        return [Weight(0, 1, self.always or 0.0)]


def cascade_of(version: str = "1") -> tuple[CascadeScorer, Fixed]:
    """Return a cascade with this version of the fast scorer, and its careful scorer."""
    careful = Fixed(0.9)
    return CascadeScorer(Fixed(), careful, Ensemble.of(MEASURED, version)), careful


def test_certain_text_is_scored_once() -> None:
    """Below `skip_below` the fast scorer scores and explains alone."""
    cascade, careful = cascade_of()
    texts = [read("0.001"), read("0.5")]
    scores = cascade.score(texts)["toxicity"]
    assert careful.scored == ["0.5"]
    assert scores[0] == 0.001
    assert cascade.explain(texts[0], "toxicity")[0].share == 0.0
    assert cascade.explain(texts[1], "toxicity")[0].share == 0.9


def test_doubtful_text_gets_the_mean_of_the_log_odds() -> None:
    """The mean of the log-odds of .5 and .9 is the log-odds of .75."""
    cascade, _ = cascade_of()
    assert cascade.score([read("0.5")])["toxicity"][0] == pytest.approx(0.75)


def test_with_another_version_nothing_is_skipped() -> None:
    """`skip_below` was measured with one version of the fast scorer."""
    cascade, careful = cascade_of("2")
    cascade.score([read("0.001")])
    assert careful.scored == ["0.001"]


def test_policy_key_chooses_the_scorer() -> None:
    """'fast' uses one scorer, 'careful' both. A model that is alone scores in either case."""
    models = Models({"abuse": Fixed(), "careful": Fixed(0.9)}, {"abuse": "1", "careful": "7"})
    scores = {}
    for reader in ("fast", "careful"):
        text = read("0.5")
        models.with_reader(reader).score([text])
        scores[reader] = text.scores["toxicity"]
    assert scores["fast"] == 0.5
    assert scores["careful"] == pytest.approx(0.75)
    assert models.with_reader("fast").versions == {"abuse": "1"}
    alone = Models({"abuse": Fixed(0.3)}, {"abuse": "1"})
    text = read("0.5")
    alone.score([text])
    assert text.scores["toxicity"] == 0.3
