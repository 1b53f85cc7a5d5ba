"""Two scorers of the same heads: the fast one first, and the careful one where it is not certain.

Where both have read a text their log-odds are mixed, for they err in different places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from moderation.scoring.adapted import AdaptedScorer, log_odds
from moderation.scoring.card import EnsembleCard
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.scoring.transformer import TransformerScorer
from moderation.text.reading import Text, Weight

NOTE = "read by"


@dataclass(frozen=True)
class Ensemble:
    """What was measured of the two (`training.pairing`), from the careful one's card.

    By head: `weights` are the fast one's parts of the log-odds; `slopes` and `starts` calibrate the
    mixture. The careful one is not asked where all scores of the fast one are below `skip_below`.
    """

    weights: Mapping[str, float]
    slopes: Mapping[str, float]
    starts: Mapping[str, float]
    skip_below: float = 0.0

    @classmethod
    def of(cls, measured: EnsembleCard | Mapping[str, Any], version: str) -> Self:
        """Return what was measured, for this `version` of the fast scorer.

        `skip_below` was measured with one version. With another version it is 0: nothing is
        skipped.
        """
        card = EnsembleCard.model_validate(measured)
        skip_below = card.low if card.version == version else 0.0
        return cls(card.shares, card.slopes, card.starts, skip_below)

    def doubtful(self, scores: Mapping[str, Probabilities]) -> list[int]:
        """The rows of which the fast scorer is not certain."""
        loudest = np.max([scores[head] for head in self.slopes], axis=0)
        return [int(row) for row in np.flatnonzero(loudest >= self.skip_below)]

    def mixed(self, head: str, fast: Probabilities, careful: Probabilities) -> Probabilities:
        """Both scorers' probabilities as one."""
        odds = mixture(fast, careful, self.weights[head]) * self.slopes[head] + self.starts[head]
        return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


@dataclass(frozen=True)
class CascadeScorer:
    """Asks `fast`, then `careful` about the texts of which `fast` is not certain."""

    fast: Scorer
    careful: Scorer
    ensemble: Ensemble

    @classmethod
    def of(cls, fast: Scorer, careful: TransformerScorer, version: str) -> Self:
        """Both, as was measured beside this `version` of the fast one, or else careful alone."""
        if not careful.ensemble:
            ones, zeros = dict.fromkeys(careful.heads, 1.0), dict.fromkeys(careful.heads, 0.0)
            return cls(fast, careful, Ensemble(zeros, ones, zeros))
        return cls(fast, careful, Ensemble.of(careful.ensemble, version))

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores, which both give."""
        return self.careful.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text."""
        first = self.fast.score(texts)
        scores = {head: np.array(first[head]) for head in self.heads}
        rows = self.ensemble.doubtful(scores)
        second = self.careful.score([texts[row] for row in rows]) if rows else {}
        for head, values in second.items():
            scores[head][rows] = self.ensemble.mixed(head, scores[head][rows], values)
        for text in texts:
            text.notes[NOTE] = self.fast
        for row in rows:
            texts[row].notes[NOTE] = self.careful
        return scores

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The words that weighed most, in the eyes of the last who read the text."""
        scorer: Scorer = text.notes[NOTE]
        return scorer.explain(text, head)


def both(fast: Scorer, careful: TransformerScorer, version: str) -> Scorer:
    """Both scorers as one. A newsroom's layer lies over the two, with its whole weight."""
    if isinstance(fast, AdaptedScorer):
        return fast.over(CascadeScorer.of(fast.base, careful, fast.beside))
    return CascadeScorer.of(fast, careful, version)


def mixture(fast: Probabilities, careful: Probabilities, share: float) -> npt.NDArray[np.float64]:
    """The weighted mean of two log-odds.

    >>> mixture(np.array([0.5]), np.array([0.5]), 0.3)
    array([0.])
    """
    return share * log_odds(fast) + (1 - share) * log_odds(careful)
