"""Combine two scorers of abuse: a fast one for all texts, and a careful one for doubtful texts.

The linear scorer is the fast one, the transformer scorer the careful one. If both have scored a
text, their log-odds are mixed, because the two make different mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from moderation.scoring.adapted import AdaptedScorer
from moderation.scoring.calibration import log_odds
from moderation.scoring.card import EnsembleCard
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.scoring.suspects import WEIGHTS, Readings, suspects
from moderation.scoring.transformer import TransformerScorer
from moderation.scoring.worst_sentence import Part
from moderation.text.reading import Text, Weight

NOTE = "read by"  # in a text's notes: the scorer that explains it


@dataclass(frozen=True)
class Ensemble:
    """How the scores of two scorers are mixed, as `training.linear.ensemble` measured it.

    By score name: `weights` are the fast scorer's share of the log-odds; `slopes` and `starts`
    calibrate the mixture. The careful scorer skips a text if all scores of the fast one are below
    `skip_below`.
    """

    weights: Mapping[str, float]
    slopes: Mapping[str, float]
    starts: Mapping[str, float]
    skip_below: float = 0.0

    @classmethod
    def of(cls, measured: EnsembleCard | Mapping[str, Any], version: str) -> Self:
        """Return the measured mixture, for this `version` of the fast scorer.

        `skip_below` was measured with one version. With another version it is 0, so that no text is
        skipped.
        """
        card = EnsembleCard.model_validate(measured)
        skip_below = card.low if card.version == version else 0.0
        return cls(card.shares, card.slopes, card.starts, skip_below)

    def doubtful(self, scores: Mapping[str, Probabilities]) -> list[int]:
        """Return the rows of the texts where a score of the fast scorer reaches `skip_below`."""
        highest = np.max([scores[head] for head in self.slopes], axis=0)
        return [int(row) for row in np.flatnonzero(highest >= self.skip_below)]

    def mixed(self, head: str, fast: Probabilities, careful: Probabilities) -> Probabilities:
        """Return the calibrated mixture of both scorers' probabilities for the score `head`."""
        odds = mixture(fast, careful, self.weights[head]) * self.slopes[head] + self.starts[head]
        return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


@dataclass(frozen=True)
class CascadeScorer:
    """Scores all texts with `fast`, and those of which `fast` is not certain with `careful` too."""

    fast: Scorer
    careful: Scorer
    ensemble: Ensemble

    @classmethod
    def of(cls, fast: Scorer, careful: TransformerScorer, version: str) -> Self:
        """Combine both scorers in the way that was measured for this `version` of `fast`.

        If nothing was measured, the careful scorer's scores count alone.
        """
        if not careful.ensemble:
            ones, zeros = dict.fromkeys(careful.heads, 1.0), dict.fromkeys(careful.heads, 0.0)
            return cls(fast, careful, Ensemble(zeros, ones, zeros))
        return cls(fast, careful, Ensemble.of(careful.ensemble, version))

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores, the same for both scorers."""
        return self.careful.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text."""
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

    def suspects(
        self, texts: Sequence[Text], parts: Sequence[Part], scores: Mapping[str, Probabilities]
    ) -> list[int]:
        """Return the indices of the sentences (`parts`) that may be abusive when read alone.

        The module `suspects` chooses them. A comment that `careful` skipped has none.
        """
        if not isinstance(self.careful, TransformerScorer) or WEIGHTS.keys() - set(self.heads):
            return []
        scored = [texts[part.row].notes[NOTE] is self.careful for part in parts]
        numbers = [number for number, by_careful in enumerate(scored) if by_careful]
        if not numbers:
            return []
        rows = np.array([parts[number].row for number in numbers])
        context = self.careful.in_context([texts[row] for row in dict.fromkeys(rows.tolist())])
        columns = [self.careful.heads.index(head) for head in WEIGHTS]
        fast = self.fast.score([parts[number].text for number in numbers])
        readings = Readings(
            log_odds(context.means[:, columns]),
            log_odds(context.peaks[:, columns]),
            log_odds(np.stack([fast[head] for head in WEIGHTS], axis=1)),
            log_odds(np.stack([scores[head] for head in WEIGHTS], axis=1))[rows],
            context.tokens,
            rows,
        )
        return [numbers[index] for index in suspects(readings)]

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the words that contributed most to `head`, by the last scorer of the text."""
        scorer: Scorer = text.notes[NOTE]
        return scorer.explain(text, head)


def combine(fast: Scorer, careful: TransformerScorer, version: str) -> Scorer:
    """Return both scorers as one. A newsroom's layer is applied to their mixed scores."""
    if isinstance(fast, AdaptedScorer):
        return fast.over(CascadeScorer.of(fast.base, careful, fast.base_version))
    return CascadeScorer.of(fast, careful, version)


def mixture(fast: Probabilities, careful: Probabilities, share: float) -> npt.NDArray[np.float64]:
    """Return the weighted mean of two probabilities' log-odds. `share` is the weight of `fast`.

    >>> mixture(np.array([0.5]), np.array([0.5]), 0.3)
    array([0.])
    """
    return share * log_odds(fast) + (1 - share) * log_odds(careful)
