"""Which words to show for a score: those that weighed most."""

from __future__ import annotations

from moderation.decision import Span
from moderation.text import Text, Weight

SHARE = 0.65  # of what spoke for the score; the rest is mostly neighbours of these words
MOST = 6  # spans shown; more would mark the whole comment


def spans(text: Text, head: str) -> tuple[Span, ...]:
    """The author's words that weighed most for a score, in reading order, neighbours merged."""
    chosen: list[Weight] = []
    covered = 0.0
    for weight in text.explain(head):
        if covered >= SHARE or len(chosen) >= MOST:
            break
        chosen.append(weight)
        covered += weight.share
    merged: list[tuple[int, int]] = []
    for start, end, _ in sorted(chosen):
        if merged and not text.clean[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(text.span(start, end) for start, end in merged)
