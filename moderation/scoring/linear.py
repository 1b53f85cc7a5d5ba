"""The linear scorer: one logistic regression per score (head) over hashed n-grams.

Files: `weights.npy` (2**bits x heads, int8 or float), `scales.npy` and `intercepts.npy` (one number
per head), and `knots.npy` (2 x heads x knots, calibration curves: `knots[0]` has log-odds,
`knots[1]` the probabilities at them).
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
from moderation.scoring.worst_sentence import Part
from moderation.text.reading import Text, Weight

_CHUNK = 16_000  # characters whose n-grams are computed together


@dataclass(frozen=True)
class Linear:
    """Linear models of several scores (heads) that read the same n-grams."""

    heads: tuple[str, ...]
    recipe: Recipe
    weights: npt.NDArray[Any]
    scales: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    knots: npt.NDArray[np.floating]

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the uncalibrated log-odds, texts x scores."""
        sums = np.zeros((len(texts), len(self.heads)), np.float32)
        for first, last in _chunks(texts):
            data, indices, indptr = self.recipe.vectors(texts[first:last])
            weights = self.weights.take(indices, axis=0)  # much quicker than weights[indices]
            for row, (start, stop) in enumerate(pairwise(indptr.tolist()), first):
                sums[row] = data[start:stop] @ weights[start:stop].astype(np.float32)
        return sums.astype(np.float64) * self.scales + self.intercepts

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return calibrated probabilities, texts x scores."""
        return calibrated(self.logits(texts), self.knots)

    def weigh(self, text: str, head: str) -> npt.NDArray[np.float64]:
        """Return what each character of `text` adds to the log-odds of the score `head`.

        The weight of an n-gram is divided equally among its characters.
        """
        grams = self.recipe.ngrams([text])
        buckets = self.recipe.buckets(grams.hashes)
        _, inverse, counts = np.unique(buckets, return_inverse=True, return_counts=True)
        values = 1 / np.sqrt(counts[inverse] * len(buckets))
        column = self.heads.index(head)
        added = self.weights[buckets, column].astype(np.float64) * values * self.scales[column]
        starts = np.clip(grams.starts, 0, len(text))
        ends = np.clip(grams.ends, 0, len(text))
        per_character = added / np.maximum(ends - starts, 1)
        rises = np.bincount(starts, per_character, len(text) + 1)
        falls = np.bincount(ends, per_character, len(text) + 1)
        return np.cumsum(rises - falls)[: len(text)]


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield chunks of texts with at most `_CHUNK` characters, as first row and last (exclusive).

    A longer text is a chunk of its own. The n-grams of a chunk fit into the processor's cache, and
    the use of memory is bounded.

    >>> list(_chunks(["a" * 9_000, "b" * 9_000, "c" * 9_000, "d"]))
    [(0, 1), (1, 2), (2, 4)]
    """
    start = size = 0
    for at, text in enumerate(texts):
        if at > start and size + len(text) > _CHUNK:
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
    """Scores the normalised text or, if `deobfuscated`, the text without disguised spellings."""

    model: Linear
    deobfuscated: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores."""
        return self.model.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text."""
        probabilities = self.model.probabilities([self._text(text) for text in texts])
        return {head: probabilities[:, column] for column, head in enumerate(self.heads)}

    def logits(self, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
        """Return the uncalibrated log-odds, texts x scores."""
        return self.model.logits([self._text(text) for text in texts])

    def suspects(
        self, texts: Sequence[Text], parts: Sequence[Part], scores: Mapping[str, Probabilities]
    ) -> list[int]:
        """Return the indices of all sentences (`parts`), because scoring them takes little time."""
        del texts, scores
        return list(range(len(parts)))

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the words that raise the score `head`, heaviest first. Shares add up to 1."""
        characters = self.model.weigh(self._text(text), head)
        if self.deobfuscated and text.deobfuscated.edits:
            characters = _to_clean(characters, text)
        if not text.tokens:
            return []
        bounds = np.array([token[2:] for token in text.tokens])
        sums = np.concatenate([[0.0], np.cumsum(characters)])
        weights = np.maximum(sums[bounds[:, 1]] - sums[bounds[:, 0]], 0)
        shares = weights / (weights.sum() or 1.0)
        heaviest = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)]
        return [
            Weight(int(bounds[at, 0]), int(bounds[at, 1]), float(shares[at])) for at in heaviest
        ]

    def _text(self, text: Text) -> str:
        return text.deobfuscated.text if self.deobfuscated else text.clean


def _to_clean(characters: npt.NDArray[np.float64], text: Text) -> npt.NDArray[np.float64]:
    """Turn weights of the deobfuscated text's characters into weights of the original's."""
    bounds = np.array(text.deobfuscated.index(), np.int64)
    per_character = characters / np.maximum(bounds[:, 1] - bounds[:, 0], 1)
    size = len(text.clean) + 1
    starts, ends = (np.bincount(bounds[:, column], per_character, size) for column in (0, 1))
    return np.cumsum(starts - ends)[: len(text.clean)]


def load(files: Files) -> LinearScorer:
    """Return the scorer that is stored in these files."""
    card = files.parsed_card(LinearCard)
    return LinearScorer(_linear(files, card), card.reads == "folded")
