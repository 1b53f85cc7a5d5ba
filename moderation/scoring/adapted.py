"""The adapted scorer: a champion, and over it what a newsroom's moderators taught.

Files: the linear scorer's (the champion is kept whole, so that the version stands alone), and
the layer's: `own_weights.npy` (2**bits x adapted heads, int8), `own_scales.npy`, `own_starts.npy`
and `own_slopes.npy` (adapted heads). The card names the heads that the layer moves, its recipe,
and the version it was laid over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from moderation.scoring.card import AdaptedCard
from moderation.scoring.linear import Linear, LinearScorer
from moderation.scoring.linear import load as load_linear
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.scoring.store import Files
from moderation.text.reading import Text, Weight

NOTE = "adapted"  # by head: what the champion said, and what was said in the end
_EDGE = 1e-6  # log-odds of surer scores are cut off


@dataclass(frozen=True)
class AdaptedScorer:
    """Adds the layer's log-odds to those of `base`."""

    base: Scorer
    beside: str  # the version of the linear model in `base`
    own: LinearScorer
    slopes: npt.NDArray[np.float32]

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores: all that the champion gives."""
        return self.base.heads

    def over(self, scorer: Scorer) -> Self:
        """The same layer over another scorer of these heads."""
        return replace(self, base=scorer)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text."""
        said = dict(self.base.score(texts))
        added = self.own.logits(texts)
        for text in texts:
            text.notes[NOTE] = {}
        for column, head in enumerate(self.own.heads):
            odds = self.slopes[column] * log_odds(said[head]) + added[:, column]
            final = 1 / (1 + np.exp(-odds))
            for text, before, after in zip(texts, said[head], final, strict=True):
                text.notes[NOTE][head] = float(before), float(after)
            said[head] = final
        return said

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The words that weighed most, in the champion's eyes and in the newsroom's.

        The newsroom's words have the share of the score that would not be there without them.
        """
        before, after = text.notes.get(NOTE, {}).get(head, (1.0, 1.0))
        share = max(after - before, 0.0) / after
        found: dict[tuple[int, int], float] = {}
        for weight in self.base.explain(text, head):
            found[weight[:2]] = weight.share * (1 - share)
        for weight in self.own.explain(text, head) if share else ():
            found[weight[:2]] = found.get(weight[:2], 0.0) + weight.share * share
        heaviest = sorted(found.items(), key=lambda item: -item[1])
        return [Weight(start, end, weight) for (start, end), weight in heaviest]


def log_odds(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    """The log-odds of probabilities, at most some 14 either way.

    >>> log_odds(np.array([0.5]))
    array([0.])
    """
    inside = np.clip(probabilities, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def load(files: Files) -> AdaptedScorer:
    """Return the scorer of these files."""
    card = files.parsed_card(AdaptedCard).own
    starts = files.array("own_starts")
    layer = Linear(
        heads=card.heads,
        recipe=card.recipe.recipe(),
        weights=files.array("own_weights"),
        scales=files.array("own_scales"),
        intercepts=starts,
        knots=np.zeros((2, len(starts), 1), np.float32),  # it is never read by itself
    )
    base = load_linear(files)
    return AdaptedScorer(base, card.beside, replace(base, model=layer), files.array("own_slopes"))
