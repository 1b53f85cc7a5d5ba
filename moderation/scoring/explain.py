"""Explain a score: find the words that contributed most to it, and whether a person is meant."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from moderation.decision import Span
from moderation.text.reading import Text

COVERED = 0.65  # of the weight behind the score; the rest is mostly neighbours of these words
MAX_SPANS = 6  # spans; more would mark the whole comment
_PERSONS = frozenset(
    "you your yours yourself yourselves you're you've you'll you'd youre u ur ya yall y'all "
    "he she him her his hers himself herself he's she's".split()
)


def spans(text: Text, head: str) -> tuple[Span, ...]:
    """Return the author's words that contributed most to the score `head`, in reading order.

    Neighbouring words are merged. The pieces of a disguised word ('stup*d') count together.
    """
    shares: defaultdict[tuple[int, int], float] = defaultdict(float)
    for start, end, share in text.explain(head):
        shares[text.deobfuscated.expand(start, end)] += share
    chosen: list[tuple[int, int]] = []
    covered = 0.0
    for place, share in sorted(shares.items(), key=lambda item: -item[1]):
        if covered >= COVERED or len(chosen) >= MAX_SPANS:
            break
        chosen.append(place)
        covered += share
    merged: list[tuple[int, int]] = []
    for start, end in sorted(chosen):
        if merged and not text.clean[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(text.span(start, end) for start, end in merged)


def means_person(text: Text) -> bool:
    """Whether the text addresses or mentions a person: by a pronoun, an @-mention or a name.

    >>> from moderation.text.reading import read
    >>> [means_person(read(comment)) for comment in ("This budget is stupid.", "You are stupid.")]
    [False, True]
    """
    starts = [word.start for word in text.words]
    first_words = (bisect_left(starts, sentence.start) for sentence in text.sentences)
    openings = {starts[at] for at in first_words if at < len(starts)}  # capitals make no name here
    return any(
        token.kind == "mention"
        or (token.kind == "word" and token.text.lower() in _PERSONS)
        or (token.kind == "word" and token.text.istitle() and token.start not in openings)
        for token in text.tokens
    )
