"""Find the sentences of a comment that are worth scoring alone.

The transformer reads a sentence in its context, and civil neighbours lower its outputs: of a threat
among ten civil sentences little is left. Scoring every sentence alone would double the time. A
logistic regression finds those that may be abusive alone. It was fitted on comments of the training
and validation splits and on abusive sentences among civil ones; see docs/experiments.md, "One bad
sentence".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SUSPECT_FROM = -2.6  # log-odds; 1 in 8 harmless newspaper comments of several sentences has one
MOST_SUSPECTS = 2  # sentences of one comment: this bounds its time


class Weights(NamedTuple):
    """The weights with which four log-odds of one score make a sentence suspect of abuse."""

    mean: float  # of the sentence's tokens in their context
    peak: float  # the highest of them
    fast: float  # of the sentence, by the fast scorer
    whole: float  # of the whole comment


WEIGHTS = {
    "toxicity": Weights(0.147, 0.304, 0.45, -0.313),
    "severe_toxicity": Weights(-0.17, 0.279, -0.113, -0.717),
    "insult": Weights(0.177, 0.053, 0.014, 0.036),
    "profanity": Weights(0.156, 0.029, 0.207, -0.121),
    "threat": Weights(0.397, -0.01, 0.196, -0.202),
    "identity_attack": Weights(0.479, 0.121, 0.239, -0.399),
    "sexually_explicit": Weights(-0.107, -0.019, -0.172, 0.081),
    "personal_attack": Weights(-0.028, -0.046, 0.159, -0.016),
}
_COLUMNS = np.array([*WEIGHTS.values()]).T  # a row for each reading
_INTERCEPT, _SENTENCES, _TOKENS = 0.318, -0.727, -0.392  # the last two: of their logarithms


class Readings(NamedTuple):
    """What is known of the sentences of some comments.

    `mean`, `peak`, `fast` and `whole` are the log-odds that `Weights` weighs (sentences x the
    scores in `WEIGHTS`). `tokens` counts the tokens of each sentence that the transformer read.
    `rows` has the row of each sentence's comment, in ascending order.
    """

    mean: Floats
    peak: Floats
    fast: Floats
    whole: Floats
    tokens: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


def suspects(readings: Readings) -> list[int]:
    """Return the indices of the sentences to score alone, at most `MOST_SUSPECTS` per comment."""
    rows = readings.rows
    counts = np.unique(rows, return_counts=True)[1]
    odds = _INTERCEPT + _SENTENCES * np.repeat(np.log(counts), counts)
    odds += _TOKENS * np.log(readings.tokens + 1)
    for column, values in zip(_COLUMNS, readings[:4], strict=True):
        odds += values @ column
    order = np.lexsort((-odds, rows))  # by comment, likeliest first
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows)
    chosen = order[(ranks < MOST_SUSPECTS) & (odds[order] > SUSPECT_FROM)]
    return sorted(chosen.tolist())
