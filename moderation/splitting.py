"""Split clean text into sentences: where they end, and where they only seem to."""

from __future__ import annotations

from typing import NamedTuple

import regex

# A stop ends a sentence unless it closes one of these, an initial ('P. Chidambaram') or 'U.P.'.
_ABBREVIATIONS = (
    "mr mrs ms dr prof sr jr st smt shri sri adv capt col gen lt maj sgt hon rev gov sen rep "
    "no nos vs etc eg ie viz al fig approx dept govt min max rs re cr lakh inc ltd co pvt corp "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun am pm cf ed"
).split()
_END = regex.compile(r"""(?:[.!?\u0964\u203d]+["')\]]*(?=\s|$)|\n+)""")
_BEFORE = regex.compile(r"(?:^|[^\p{L}])((?:\p{L}\.)*\p{L}+)$")


class Sentence(NamedTuple):
    """One sentence: its characters and where they stand in the clean text."""

    text: str
    start: int
    end: int


def split(clean: str) -> list[Sentence]:
    """The sentences of `clean`, without the white space around them.

    >>> [sentence.text for sentence in split("The U.P. govt. fell! Why?")]
    ['The U.P. govt. fell!', 'Why?']
    """
    sentences: list[Sentence] = []
    start = 0
    for match in _END.finditer(clean):
        if match[0][0] == "." and _only_seems(clean, match.start(), match.end()):
            continue
        _add(sentences, clean, start, match.end())
        start = match.end()
    _add(sentences, clean, start, len(clean))
    return sentences


def _only_seems(clean: str, stop: int, end: int) -> bool:
    """Whether the full stop at `stop` belongs to an abbreviation or an initial."""
    before = _BEFORE.search(clean, max(0, stop - 16), stop)
    if before is None or end - stop > 1:
        return False
    word = before[1]
    following = clean[end:].lstrip()[:1]
    if "." in word or (len(word) == 1 and word != "I" and word.isupper()):
        return bool(following)
    if word.lower() in _ABBREVIATIONS:
        return bool(following) and (following.islower() or following.isdigit() or word[0].isupper())
    return False


def _add(sentences: list[Sentence], clean: str, start: int, end: int) -> None:
    piece = clean[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        sentences.append(Sentence(stripped, start, start + len(stripped)))
