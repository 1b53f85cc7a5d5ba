"""What stands behind a score: the words that weighed most, and whether a person is meant."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from moderation.decision import Span
from moderation.text.reading import Text

SHARE = 0.65  # of what spoke for the score; the rest is mostly neighbours of these words
MOST = 6  # spans shown; more would mark the whole comment
_PERSONS = frozenset(
    "you your yours yourself yourselves you're you've you'll you'd youre u ur ya yall y'all "
    "he she him her his hers himself herself he's she's".split()
)


def spans(text: Text, head: str) -> tuple[Span, ...]:
    """The author's words that weighed most for a score, in reading order, neighbours merged.

    A word behind a disguise ('stup*d') is one, though its pieces are weighed each for itself.
    """
    shares: defaultdict[tuple[int, int], float] = defaultdict(float)
    for start, end, share in text.explain(head):
        shares[text.deobfuscated.whole(start, end)] += share
    chosen: list[tuple[int, int]] = []
    covered = 0.0
    for place, share in sorted(shares.items(), key=lambda it: -it[1]):
        if covered >= SHARE or len(chosen) >= MOST:
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


def aimed(text: Text) -> bool:
    """Whether a person is spoken to or of: by a pronoun, a mention or a name.

    >>> from moderation.text.reading import read
    >>> [aimed(read(comment)) for comment in ("This budget is stupid.", "You are stupid.")]
    [False, True]
    """
    starts = [word.start for word in text.words]
    places = (bisect_left(starts, sentence.start) for sentence in text.sentences)
    openings = {starts[at] for at in places if at < len(starts)}  # their capitals say nothing
    return any(
        token.kind == "mention"
        or (token.kind == "word" and token.text.lower() in _PERSONS)
        or (token.kind == "word" and token.text.istitle() and token.start not in openings)
        for token in text.tokens
    )
