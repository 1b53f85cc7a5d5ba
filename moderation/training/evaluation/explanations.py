"""Are the marked words the ones that matter? Against readers' marks, and by taking them away."""

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


def by_reader(models: Models, rows: Sequence[Row], seed: int = 0) -> dict[str, dict[str, float]]:
    """`explanations` of each reader that a policy may choose, `careful` being both together."""
    readers = [CAREFUL, "fast"] if CAREFUL in models.loaded else ["fast"]
    found = {reader: explanations(models.speaking(reader), rows, seed) for reader in readers}
    return {reader: figures for reader, figures in found.items() if figures}


def explanations(models: Models, rows: Sequence[Row], seed: int = 0) -> dict[str, float]:
    """How good the marked words of these rows are, for rows whose readers marked words too.

    `character F1` is the mean overlap with readers' marks (Pavlopoulos et al. 2021). `drop` is how
    far the score falls, on average, when the marked words are taken out, and `drop at random`
    when as many other words are. `ms` is the mean time that marking took, the scores being known.
    """
    draw = random.Random(seed)  # noqa: S311 - a comparison, not a secret
    marked = [row for row in rows if row.marks]
    if not marked:
        return {}
    overlaps, drops, others, seconds = [], [], [], 0.0
    for row in marked:
        text = read(row.text)
        models.score([text])
        began = time.perf_counter()
        spans = explain.spans(text, HEAD)
        seconds += time.perf_counter() - began
        overlaps.append(_overlap(spans, row.marks))
        without = _without(text.raw, [(span.start, span.end) for span in spans])
        drops.append(text.scores[HEAD] - _score(models, without))
        others.append(
            text.scores[HEAD] - _score(models, _without(text.raw, _some(text, spans, draw)))
        )
    return {
        "rows": len(marked),
        "character F1": round(float(np.mean(overlaps)), 4),
        "drop": round(float(np.mean(drops)), 4),
        "drop at random": round(float(np.mean(others)), 4),
        "ms": round(1000 * seconds / len(marked), 2),
    }


def _score(models: Models, comment: str) -> float:
    text = read(comment or " ")
    models.score([text])
    return text.scores[HEAD]


def _overlap(spans: Sequence[Span], marks: Sequence[tuple[int, int]]) -> float:
    """F1 of two sets of characters."""
    found = {place for span in spans for place in range(span.start, span.end)}
    wanted = {place for start, end in marks for place in range(start, end)}
    return 2 * len(found & wanted) / max(len(found) + len(wanted), 1)


def _without(raw: str, stretches: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(stretches, reverse=True):
        raw = raw[:start] + raw[end:]
    return raw


def _some(text: Text, spans: Sequence[Span], draw: random.Random) -> list[tuple[int, int]]:
    """As many words at random as stand in the spans."""
    words = [text.span(word.start, word.end) for word in text.words]
    count = sum(
        any(word.start < span.end and span.start < word.end for span in spans) for word in words
    )
    return [(word.start, word.end) for word in draw.sample(words, count)]
