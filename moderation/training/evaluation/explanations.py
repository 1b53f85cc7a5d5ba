"""Measure explanations: do the marked words drive the score, and do people mark the same words?"""

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
    """Measure the explanations of each `reader` that a policy may choose."""
    readers = [CAREFUL, "fast"] if CAREFUL in models.loaded else ["fast"]
    results = {reader: measure(models.with_reader(reader), rows, seed) for reader in readers}
    return {reader: result for reader, result in results.items() if result}


def measure(models: Models, rows: Sequence[Row], seed: int = 0) -> dict[str, float]:
    """Measure the explanations of rows whose offending words were marked by people.

    `character F1` is the mean overlap with people's marks (Pavlopoulos et al. 2021). `drop` is the
    mean fall of the score without the marked words, and `drop at random` without as many random
    words. `ms` is the mean time to mark a comment that is already scored. Returns an empty dict if
    no row has marks.
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
    """Return the F1 of two sets of characters."""
    predicted = {index for span in spans for index in range(span.start, span.end)}
    expected = {index for start, end in marks for index in range(start, end)}
    return 2 * len(predicted & expected) / max(len(predicted) + len(expected), 1)


def _without(raw: str, ranges: Sequence[tuple[int, int]]) -> str:
    """Return the text without these ranges of characters."""
    for start, end in sorted(ranges, reverse=True):
        raw = raw[:start] + raw[end:]
    return raw


def _random_words(text: Text, spans: Sequence[Span], rng: random.Random) -> list[tuple[int, int]]:
    """Return as many random words as there are words in the spans."""
    words = [text.span(word.start, word.end) for word in text.words]
    count = sum(
        any(word.start < span.end and span.start < word.end for span in spans) for word in words
    )
    return [(word.start, word.end) for word in rng.sample(words, count)]
