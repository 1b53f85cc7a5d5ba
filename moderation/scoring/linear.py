"""The linear scorer: logistic regressions over hashed n-grams, all heads in one gather.

Files: `weights.npy` (2**bits x heads, int8 or float), `scales.npy` and `intercepts.npy` (heads),
`knots.npy` (2 x heads x knots: logits and the calibrated probabilities there).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.scoring.calibration import calibrated
from moderation.scoring.card import LinearCard
from moderation.scoring.ngrams import Recipe
from moderation.scoring.scorer import Probabilities
from moderation.scoring.store import Files
from moderation.text.reading import Text, Weight

_PORTION = 16_000  # characters whose n-grams are computed together


@dataclass(frozen=True)
class Linear:
    """Several linear models over one recipe of n-grams."""

    heads: tuple[str, ...]
    recipe: Recipe
    weights: npt.NDArray[Any]
    scales: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    knots: npt.NDArray[np.floating]

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Texts x heads: the uncalibrated log-odds."""
        sums = np.zeros((len(texts), len(self.heads)), np.float32)
        for first, last in _portions(texts):
            data, indices, indptr = self.recipe.vectors(texts[first:last])
            weights = self.weights.take(indices, axis=0)  # much quicker than weights[indices]
            for row, (start, stop) in enumerate(pairwise(indptr.tolist()), first):
                sums[row] = data[start:stop] @ weights[start:stop].astype(np.float32)
        return sums.astype(np.float64) * self.scales + self.intercepts

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Texts x heads: calibrated probabilities."""
        return calibrated(self.logits(texts), self.knots)

    def weigh(self, text: str, head: str) -> npt.NDArray[np.float64]:
        """What each character of `text` adds to the log-odds of `head`.

        An n-gram's contribution is shared evenly by its characters.
        """
        grams = self.recipe.ngrams([text])
        buckets = self.recipe.buckets(grams.hashes)
        _, inverse, counts = np.unique(buckets, return_inverse=True, return_counts=True)
        values = 1 / np.sqrt(counts[inverse] * len(buckets))
        column = self.heads.index(head)
        added = self.weights[buckets, column].astype(np.float64) * values * self.scales[column]
        starts = np.clip(grams.starts, 0, len(text))
        ends = np.clip(grams.ends, 0, len(text))
        each = added / np.maximum(ends - starts, 1)
        steps = np.bincount(starts, each, len(text) + 1) - np.bincount(ends, each, len(text) + 1)
        return np.cumsum(steps)[: len(text)]


def _portions(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Stretches of `texts` that together are no longer than one long comment, or one alone.

    Their n-grams fit into the processor's cache, and memory stays flat whatever comes.

    >>> list(_portions(["a" * 9_000, "b" * 9_000, "c" * 9_000, "d"]))
    [(0, 1), (1, 2), (2, 4)]
    """
    start = size = 0
    for at, text in enumerate(texts):
        if at > start and size + len(text) > _PORTION:
            yield start, at
            start, size = at, 0
        size += len(text)
    if texts:
        yield start, len(texts)


def _linear(files: Files, card: LinearCard) -> Linear:
    return Linear(
        heads=card.heads,
        recipe=card.recipe.recipe(),
        weights=files.array("weights"),
        scales=files.array("scales"),
        intercepts=files.array("intercepts"),
        knots=files.array("knots").astype(np.float64),
    )


@dataclass(frozen=True)
class LinearScorer:
    """Reads the clean text, or the deobfuscated one where the card says so."""

    model: Linear
    deobfuscated: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores."""
        return self.model.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text."""
        found = self.model.probabilities([self._text(text) for text in texts])
        return {head: found[:, column] for column, head in enumerate(self.heads)}

    def logits(self, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
        """Texts x heads: the uncalibrated log-odds."""
        return self.model.logits([self._text(text) for text in texts])

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The words that spoke for `head`, heaviest first, with their share of all that did."""
        characters = self.model.weigh(self._text(text), head)
        if self.deobfuscated and text.deobfuscated.edits:
            characters = _to_clean(characters, text)
        if not text.tokens:
            return []
        places = np.array([token[2:] for token in text.tokens])
        until = np.concatenate([[0.0], np.cumsum(characters)])
        weights = np.maximum(until[places[:, 1]] - until[places[:, 0]], 0)
        shares = weights / (weights.sum() or 1.0)
        heaviest = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)]
        return [
            Weight(int(places[at, 0]), int(places[at, 1]), float(shares[at])) for at in heaviest
        ]

    def _text(self, text: Text) -> str:
        return text.deobfuscated.text if self.deobfuscated else text.clean


def _to_clean(characters: npt.NDArray[np.float64], text: Text) -> npt.NDArray[np.float64]:
    """Weights of the deobfuscated text's characters as weights of the clean text's."""
    places = np.array(text.deobfuscated.index(), np.int64)
    each = characters / np.maximum(places[:, 1] - places[:, 0], 1)
    size = len(text.clean) + 1
    starts, ends = (np.bincount(places[:, column], each, size) for column in (0, 1))
    return np.cumsum(starts - ends)[: len(text.clean)]


def load(files: Files) -> LinearScorer:
    """Return the scorer of these files."""
    card = files.parsed_card(LinearCard)
    return LinearScorer(_linear(files, card), card.reads == "folded")
