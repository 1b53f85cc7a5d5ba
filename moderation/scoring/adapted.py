"""The adapted scorer: a linear model, and a layer that was trained on a newsroom's verdicts.

A head is one of a model's scores, such as `toxicity`. The layer is a small linear model that
changes some of them. Files: copies of the linear scorer's files, so that no other version is
needed, and the layer's: `own_weights.npy` (2**bits x changed heads, int8), `own_scales.npy`,
`own_starts.npy` and `own_slopes.npy` (one number per changed head). The card's key `own` names
these heads, the layer's n-grams, and the version of the linear model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from moderation.scoring.calibration import log_odds
from moderation.scoring.card import AdaptedCard
from moderation.scoring.linear import Linear, LinearScorer
from moderation.scoring.linear import load as load_linear
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.scoring.store import Files
from moderation.text.reading import Text, Weight

NOTE = "adapted"  # in a text's notes, by head: the score without the layer, and with it


@dataclass(frozen=True)
class AdaptedScorer:
    """Multiplies the log-odds of the scorer `base` by `slopes` and adds those of `layer`."""

    base: Scorer
    base_version: str  # of the linear model in `base`
    layer: LinearScorer
    slopes: npt.NDArray[np.float32]

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores: those of `base`."""
        return self.base.heads

    def over(self, scorer: Scorer) -> Self:
        """Return a copy with the same layer that uses `scorer` as its base."""
        return replace(self, base=scorer)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text."""
        scores = dict(self.base.score(texts))
        added = self.layer.logits(texts)
        for text in texts:
            text.notes[NOTE] = {}
        for column, head in enumerate(self.layer.heads):
            odds = self.slopes[column] * log_odds(scores[head]) + added[:, column]
            adapted = 1 / (1 + np.exp(-odds))
            for text, before, after in zip(texts, scores[head], adapted, strict=True):
                text.notes[NOTE][head] = float(before), float(after)
            scores[head] = adapted
        return scores

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the words that contributed most to the score `head`, heaviest first.

        The words of `base` and of the layer are merged. The layer's words get the share of the
        score that the layer added.
        """
        before, after = text.notes.get(NOTE, {}).get(head, (1.0, 1.0))
        added = max(after - before, 0.0) / after
        shares: dict[tuple[int, int], float] = {}
        for weight in self.base.explain(text, head):
            shares[weight[:2]] = weight.share * (1 - added)
        for weight in self.layer.explain(text, head) if added else ():
            shares[weight[:2]] = shares.get(weight[:2], 0.0) + weight.share * added
        heaviest = sorted(shares.items(), key=lambda item: -item[1])
        return [Weight(start, end, weight) for (start, end), weight in heaviest]


def load(files: Files) -> AdaptedScorer:
    """Return the scorer that is stored in these files."""
    card = files.parsed_card(AdaptedCard).own
    starts = files.array("own_starts")
    layer = Linear(
        heads=card.heads,
        recipe=card.recipe.recipe(),
        weights=files.array("own_weights"),
        scales=files.array("own_scales"),
        intercepts=starts,
        knots=np.zeros((2, len(starts), 1), np.float32),  # the layer alone is never calibrated
    )
    base = load_linear(files)
    return AdaptedScorer(base, card.beside, replace(base, model=layer), files.array("own_slopes"))
