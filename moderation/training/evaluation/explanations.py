"""Measure explanations, which are the words of a comment that a score is said to depend on.

Two questions are measured. Does the score fall if the explanation's words are removed? Do people
mark the explanation's words as offensive?
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import numpy as np

from moderation.decision import Span
from moderation.scoring import explain
from moderation.scoring.models import CAREFUL, Models
from moderation.text.reading import Text, read
from moderation.training.corpora.catalogue import Row

HEAD = "toxicity"


def measure_all(models: Models, rows: Sequence[Row], seed: int = 0) -> dict[str, dict[str, float]]:
    """Measure the explanations of the careful and of the fast model.

    A policy chooses which of the two models scores abuse.
    """
    readers = [CAREFUL, "fast"] if CAREFUL in models.loaded else ["fast"]
    results = {reader: measure(models.with_reader(reader), rows, seed) for reader in readers}
    return {reader: result for reader, result in results.items() if result}


def measure(models: Models, rows: Sequence[Row], seed: int = 0) -> dict[str, float]:
    """Measure explanations on comments in which people marked the offending words.

    An explanation is the words that a score is said to depend on. `character F1` is its mean
    overlap with the words that people marked (Pavlopoulos et al. 2021). `drop` is how much the
    score falls on average if the explanation's words are removed. `drop at random` is how much it
    falls if as many random words are removed. `ms` is the mean time to explain a comment that
    already has scores. Returns an empty dict if no row has marked words.
    """
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    marked = [row for row in rows if row.marks]
    if not marked:
        return {}
    overlaps, drops, random_drops, seconds = [], [], [], 0.0
    for row in marked:
        text = read(row.text)
        models.score([text])
        began = time.perf_counter()
        spans = explain.spans(text, HEAD)
        seconds += time.perf_counter() - began
        overlaps.append(_character_f1(spans, row.marks))
        without = _without(text.raw, [(span.start, span.end) for span in spans])
        drops.append(text.scores[HEAD] - _score(models, without))
        others = _without(text.raw, _random_words(text, spans, rng))
        random_drops.append(text.scores[HEAD] - _score(models, others))
    return {
        "rows": len(marked),
        "character F1": round(float(np.mean(overlaps)), 4),
        "drop": round(float(np.mean(drops)), 4),
        "drop at random": round(float(np.mean(random_drops)), 4),
        "ms": round(1000 * seconds / len(marked), 2),
    }


def _score(models: Models, comment: str) -> float:
    text = read(comment or " ")
    models.score([text])
    return text.scores[HEAD]


def _character_f1(spans: Sequence[Span], marks: Sequence[tuple[int, int]]) -> float:
    """Return the F1 of the characters in `spans`, measured against the characters in `marks`.

    `spans` are an explanation's words, and `marks` the words that people marked.
    """
    predicted = {index for span in spans for index in range(span.start, span.end)}
    expected = {index for start, end in marks for index in range(start, end)}
    return 2 * len(predicted & expected) / max(len(predicted) + len(expected), 1)


def _without(raw: str, ranges: Sequence[tuple[int, int]]) -> str:
    """Return the text `raw` without the characters in these ranges."""
    for start, end in sorted(ranges, reverse=True):
        raw = raw[:start] + raw[end:]
    return raw


def _random_words(text: Text, spans: Sequence[Span], rng: random.Random) -> list[tuple[int, int]]:
    """Return the positions of random words of the text, as many words as `spans` cover."""
    words = [text.span(word.start, word.end) for word in text.words]
    count = sum(
        any(word.start < span.end and span.start < word.end for span in spans) for word in words
    )
    return [(word.start, word.end) for word in rng.sample(words, count)]
