"""Which comments to ask a moderator about: doubtful ones, and no two alike.

A verdict teaches most where the score is near one half, and little where a comment like it was
just judged. So the most doubtful are looked at, and one after another is taken: the one whose
doubt, times its distance to all taken before, is greatest.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from moderation.scoring.models import Models
from moderation.scoring.store import ModelError
from moderation.text.reading import read
from moderation.training.corpora import splits
from moderation.training.linear.adapt import RECIPE
from moderation.training.linear.features import HashedNgrams

WIDTH = 5  # candidates for each comment that is asked about
BATCH = 128  # comments read together

Floats = npt.NDArray[np.float64]


class Waiting(NamedTuple):
    """A comment that nobody has judged, and its score where that is known."""

    id: str
    text: str
    score: float | None = None


def waiting(
    records: Iterable[tuple[int, Mapping[str, Any]]], head: str, versions: Mapping[str, str]
) -> Iterator[Waiting]:
    """The comments without a verdict: of the record, its export, or a table with a column `text`.

    What was scored by models of these `versions` need not be read again. A comment without an id
    is named by its line.

    >>> [it.id for it in waiting([(2, {"text": "So."}), (3, {"text": "So.", "verdict": "reject"}),
    ...                           (4, {"text": ""})], "toxicity", {})]
    ['2']
    """
    for line, record in records:
        text = record.get("text")
        if not isinstance(text, str) or not text.strip() or _judged(record):
            continue
        scores = record.get("scores")
        same = isinstance(scores, dict) and record.get("models") == versions
        score = scores.get(head) if same and scores else None
        yield Waiting(str(record.get("id") or line), text, score)


def _judged(record: Mapping[str, Any]) -> bool:
    history = record.get("history") or {}
    if isinstance(history, str):  # a cell of a table
        history = json.loads(history)
    return bool(record.get("verdict") or history.get("verdicts"))


def ask(comments: Iterable[Waiting], models: Models, head: str, most: int) -> list[Waiting]:
    """Those to ask about, at most `most` of them with their scores, the best first.

    The comments are read as they come; only the most doubtful are kept. Raises `ModelError` where
    no model gives the score.
    """
    numbers = count()
    kept: list[tuple[float, int, Waiting]] = []  # a heap, the least doubtful first
    inside: set[str] = set()
    for comment in _scored(comments, models, head):
        key = splits.key(comment.text)
        if key in inside:
            continue
        inside.add(key)
        heapq.heappush(kept, (doubt(comment.score or 0.0), -next(numbers), comment))
        if len(kept) > most * WIDTH:
            inside.discard(splits.key(heapq.heappop(kept)[2].text))
    doubtful = [comment for _, _, comment in sorted(kept, reverse=True)]
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(
        read(comment.text).deobfuscated.text for comment in doubtful
    )
    scores = np.array([comment.score for comment in doubtful], np.float64)
    return [doubtful[at] for at in choose(scores, features, most)]


def _scored(comments: Iterable[Waiting], models: Models, head: str) -> Iterator[Waiting]:
    reader = next((it for it in models.scorers.values() if head in it.heads), None)
    if reader is None:
        known = ", ".join(sorted(it for each in models.scorers.values() for it in each.heads))
        raise ModelError(f"no model in use gives the score '{head}'; there are: {known}")
    stream = iter(comments)
    while batch := list(islice(stream, BATCH)):
        new = [comment for comment in batch if comment.score is None]
        values = iter(reader.score([read(it.text) for it in new])[head].tolist() if new else ())
        for comment in batch:
            yield comment._replace(score=next(values)) if comment.score is None else comment


def doubt(probability: Any) -> Any:
    """From 0, sure, to 1, as good as a coin; of a number or an array."""
    return 4 * probability * (1 - probability)


def choose(probabilities: Floats, features: sparse.csr_matrix, most: int) -> npt.NDArray[np.int64]:
    """The rows to ask about, at most `most` of them, the best first.

    `features` has rows of length 1 (`HashedNgrams`); distance is 1 less the cosine.

    >>> alike = sparse.csr_matrix(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    >>> choose(np.array([0.5, 0.5, 0.4, 0.01]), alike, 2).tolist()
    [0, 2]
    """
    worth = doubt(probabilities)
    candidates = np.argsort(-worth, kind="stable")[: most * WIDTH]
    near, worth = features[candidates], worth[candidates]
    distance = np.ones(len(candidates))
    chosen = []
    for _ in range(min(most, len(candidates))):
        best = int(np.argmax(worth * distance))
        chosen.append(best)
        alike = np.asarray((near @ near[best].T).todense()).ravel()
        distance = np.minimum(distance, np.maximum(1 - alike, 0))
        distance[best] = -1.0  # not again
    return np.asarray(candidates[chosen], np.int64)
