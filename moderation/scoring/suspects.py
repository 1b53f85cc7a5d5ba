"""Find the sentences of a comment that are worth scoring alone.

The network reads a sentence in its context, and civil neighbours lower its outputs: of a threat
among ten civil sentences little is left. Scoring every sentence alone would double the time. A
logistic regression finds those that may be abusive alone. It was fitted on comments of the
training and validation splits and on abusive sentences among civil ones; see docs/experiments.md,
"One bad sentence".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.scoring.calibration import log_odds
from moderation.scoring.scorer import Probabilities

SUSPECT_FROM = -2.2  # log-odds; about 1 in 12 harmless newspaper comments has a suspect
MOST_SUSPECTS = 2  # sentences of one comment: this bounds its time


class Weights(NamedTuple):
    """The weights of one head's log-odds, from four readings of it."""

    mean: float  # of the sentence's tokens in their context
    peak: float  # the highest of them
    fast: float  # of the sentence, by the fast scorer
    whole: float  # of the whole comment


_WEIGHTS = {
    "toxicity": Weights(0.147, 0.304, 0.45, -0.313),
    "severe_toxicity": Weights(-0.17, 0.279, -0.113, -0.717),
    "insult": Weights(0.177, 0.053, 0.014, 0.036),
    "profanity": Weights(0.156, 0.029, 0.207, -0.121),
    "threat": Weights(0.397, -0.01, 0.196, -0.202),
    "identity_attack": Weights(0.479, 0.121, 0.239, -0.399),
    "sexually_explicit": Weights(-0.107, -0.019, -0.172, 0.081),
    "personal_attack": Weights(-0.028, -0.046, 0.159, -0.016),
}
_INTERCEPT, _SENTENCES, _TOKENS = 0.318, -0.727, -0.392  # the last two: of their logarithms


class Context(NamedTuple):
    """The network's outputs for the sentences of some texts in their context, as probabilities.

    `means` and `peaks` are sentences x heads: of the mean and of the highest output of a
    sentence's tokens. `tokens` counts them; without any, a sentence has the lowest probability.
    """

    means: Probabilities
    peaks: Probabilities
    tokens: npt.NDArray[np.int64]


def suspects(
    rows: npt.NDArray[np.int64],
    heads: tuple[str, ...],
    context: Context,
    fast: Mapping[str, Probabilities],
    whole: Mapping[str, Probabilities],
) -> list[int]:
    """Return the indices of the sentences to score alone, at most `MOST_SUSPECTS` of a comment.

    `rows` has each sentence's comment, in ascending order. `context` has the columns `heads`.
    `fast` scores the sentences, `whole` the comments.
    """
    counts = np.unique(rows, return_counts=True)[1]
    odds = _INTERCEPT + _SENTENCES * np.repeat(np.log(counts), counts)
    odds += _TOKENS * np.log(context.tokens + 1)
    for column, head in enumerate(heads):
        if head in _WEIGHTS:
            weights = _WEIGHTS[head]
            odds += weights.mean * log_odds(context.means[:, column])
            odds += weights.peak * log_odds(context.peaks[:, column])
            odds += weights.fast * log_odds(fast[head])
            odds += weights.whole * log_odds(whole[head])[rows]
    order = np.lexsort((-odds, rows))  # by comment, likeliest first
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows)
    chosen = order[(ranks < MOST_SUSPECTS) & (odds[order] > SUSPECT_FROM)]
    return sorted(chosen.tolist())
