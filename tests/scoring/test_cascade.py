"""Cascade: the careful reader is asked where the fast one is not certain, and both are mixed."""

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
    """Gives each text the number that it holds, or always the same one."""

    heads = ("toxicity",)

    def __init__(self, always: float | None = None) -> None:
        self.always = always
        self.ensemble = EnsembleCard.model_validate(MEASURED)
        self.asked: list[str] = []

    def score(self, texts: Sequence[Text]) -> Mapping[str, npt.NDArray[np.float64]]:
        """The numbers."""
        self.asked += [text.clean for text in texts]
        values = [float(text.clean) if self.always is None else self.always for text in texts]
        return {"toxicity": np.array(values)}

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - the interface
        """A share that tells who explains."""
        return [Weight(0, 1, self.always or 0.0)]


def both(version: str = "1") -> tuple[CascadeScorer, Fixed]:
    """A cascade beside a version of the fast reader, and its careful reader."""
    careful = Fixed(0.9)
    return CascadeScorer(Fixed(), careful, Ensemble.of(MEASURED, version)), careful


def test_certain_text_is_not_read_twice() -> None:
    """Below the bound the fast reader's score stands, and it explains."""
    cascade, careful = both()
    texts = [read("0.001"), read("0.5")]
    scores = cascade.score(texts)["toxicity"]
    assert careful.asked == ["0.5"]
    assert scores[0] == 0.001
    assert cascade.explain(texts[0], "toxicity")[0].share == 0.0
    assert cascade.explain(texts[1], "toxicity")[0].share == 0.9


def test_doubtful_text_gets_the_mean_of_the_log_odds() -> None:
    """Log-odds of .5 and .9, half and half, are those of .75."""
    cascade, _ = both()
    assert cascade.score([read("0.5")])["toxicity"][0] == pytest.approx(0.75)


def test_beside_another_version_nothing_is_skipped() -> None:
    """The bound was measured for one version of the fast reader, and holds for no other."""
    cascade, careful = both("2")
    cascade.score([read("0.001")])
    assert careful.asked == ["0.001"]


def test_policy_chooses_the_reader() -> None:
    """'fast' reads alone; 'careful' stands behind the fast one; without one the other reads."""
    models = Models({"abuse": Fixed(), "careful": Fixed(0.9)}, {"abuse": "1", "careful": "7"})
    scores = {}
    for reader in ("fast", "careful"):
        text = read("0.5")
        models.speaking(reader).score([text])
        scores[reader] = text.scores["toxicity"]
    assert scores["fast"] == 0.5
    assert scores["careful"] == pytest.approx(0.75)
    assert models.speaking("fast").versions == {"abuse": "1"}
    alone = Models({"abuse": Fixed(0.3)}, {"abuse": "1"})
    text = read("0.5")
    alone.score([text])
    assert text.scores["toxicity"] == 0.3
