"""Active learning: choose the comments that a moderator should judge next.

A verdict is most informative if the score is near one half, and least if a similar comment was
judged already. The first comment chosen is the one with the most uncertain score. Each further
comment is the one with the greatest product of its uncertainty and its distance to the comments
chosen before.
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

WIDTH = 5  # candidates per comment to select
BATCH = 128  # comments scored together

Floats = npt.NDArray[np.float64]


class Candidate(NamedTuple):
    """A comment that has no verdict yet. `score` is None if it has not been computed."""

    id: str
    text: str
    score: float | None = None


def unjudged_comments(
    records: Iterable[tuple[int, Mapping[str, Any]]], head: str, versions: Mapping[str, str]
) -> Iterator[Candidate]:
    """Yield the comments that have no verdict yet.

    `records` are stored decisions, or rows of a table with a column `text`, with their line
    numbers. If a decision was made by models of these `versions`, its score `head` is reused. A
    comment without an id gets its line number as id.

    >>> records = [{"text": "So."}, {"text": "So.", "verdict": "reject"}, {"text": ""}]
    >>> [comment.id for comment in unjudged_comments(enumerate(records, 2), "toxicity", {})]
    ['2']
    """
    for line, record in records:
        text = record.get("text")
        if not isinstance(text, str) or not text.strip() or _judged(record):
            continue
        scores = record.get("scores")
        same = isinstance(scores, dict) and record.get("models") == versions
        score = scores.get(head) if same and scores else None
        yield Candidate(str(record.get("id") or line), text, score)


def _judged(record: Mapping[str, Any]) -> bool:
    history = record.get("history") or {}
    if isinstance(history, str):  # a cell of a table
        history = json.loads(history)
    return bool(record.get("verdict") or history.get("verdicts"))


def select(comments: Iterable[Candidate], models: Models, head: str, most: int) -> list[Candidate]:
    """Return at most `most` comments that a moderator should judge, the most useful first.

    A comment is useful if its score `head` is uncertain, and if it differs from the other comments
    chosen. The comments have their scores. Only the most uncertain comments are held in memory.
    Raises `ModelError` if no model gives the score `head`.
    """
    numbers = count()
    heap: list[tuple[float, int, Candidate]] = []  # the least uncertain first
    keys: set[str] = set()
    for comment in _scored(comments, models, head):
        key = splits.key(comment.text)
        if key in keys:
            continue
        keys.add(key)
        heapq.heappush(heap, (uncertainty(comment.score or 0.0), -next(numbers), comment))
        if len(heap) > most * WIDTH:
            keys.discard(splits.key(heapq.heappop(heap)[2].text))
    uncertain = [comment for _, _, comment in sorted(heap, reverse=True)]
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(
        read(comment.text).deobfuscated.text for comment in uncertain
    )
    scores = np.array([comment.score for comment in uncertain], np.float64)
    return [uncertain[row] for row in select_rows(scores, features, most)]


def _scored(comments: Iterable[Candidate], models: Models, head: str) -> Iterator[Candidate]:
    scorers = models.scorers.values()
    scorer = next((scorer for scorer in scorers if head in scorer.heads), None)
    if scorer is None:
        known = ", ".join(sorted(name for scorer in scorers for name in scorer.heads))
        raise ModelError(f"no model in use gives the score '{head}'; there are: {known}")
    stream = iter(comments)
    while batch := list(islice(stream, BATCH)):
        texts = [read(comment.text) for comment in batch if comment.score is None]
        values = iter(scorer.score(texts)[head].tolist() if texts else ())
        for comment in batch:
            yield comment._replace(score=next(values)) if comment.score is None else comment


def uncertainty(probability: Any) -> Any:
    """Return the uncertainty of probabilities: 1 at one half, and 0 at 0 and at 1."""
    return 4 * probability * (1 - probability)


def select_rows(
    probabilities: Floats, features: sparse.csr_matrix, most: int
) -> npt.NDArray[np.int64]:
    """Return the indices of at most `most` rows that a moderator should judge, most useful first.

    A row is useful if its probability is uncertain, and if its features differ from those of the
    rows chosen before. Rows of `features` must have length 1, as `HashedNgrams` returns them,
    because the distance is the cosine distance.

    >>> features = sparse.csr_matrix(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    >>> select_rows(np.array([0.5, 0.5, 0.4, 0.01]), features, 2).tolist()
    [0, 2]
    """
    uncertainties = uncertainty(probabilities)
    candidates = np.argsort(-uncertainties, kind="stable")[: most * WIDTH]
    vectors, uncertainties = features[candidates], uncertainties[candidates]
    distances = np.ones(len(candidates))
    selected = []
    for _ in range(min(most, len(candidates))):
        best = int(np.argmax(uncertainties * distances))
        selected.append(best)
        similarities = np.asarray((vectors @ vectors[best].T).todense()).ravel()
        distances = np.minimum(distances, np.maximum(1 - similarities, 0))
        distances[best] = -1.0  # never again
    return np.asarray(candidates[selected], np.int64)
