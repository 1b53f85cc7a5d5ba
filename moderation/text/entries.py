"""Read the entries of a word list: as words in all their forms, or exactly as written.

An entry of letters, blanks and hyphens ('love jihad') is read as words. An entry with other signs
('C++', 'U.P.', 'at&t', 'Jan. 6') is found as written, with its signs, in capitals or small letters.
It must not touch a letter, a digit or one more of the sign at its edge, so 'C++' is not found in
'C+++'.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import regex

WORD = regex.compile(
    r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+(?:'[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+)*+"
    r"|[\p{Extended_Pictographic}--[0-9#*©®™]]",
    regex.V1,
)
_SIGNLESS = regex.compile(r"[\s\-]*")
_BLANKS = regex.compile(r"\s+")
_CONTENT = regex.compile(r"[\p{L}\p{N}\p{S}]")
_LETTERS = regex.compile(r"[\p{L}\p{N}]")
_WHOLE_WORDS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_STOPS = frozenset(".,:;!?'\"()[]{}-/\\ ")
_CAMEL = regex.compile(r"\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{M}]+|\p{Lu}+(?!\p{Ll})|\p{N}+")
_FEWEST = 8  # letters of a phrase that is looked for inside a longer hashtag

Word = tuple[str, int, int]


def plain(word: str) -> str:
    """Return a word in Unicode's form NFKC, because some letters have two spellings ('ड़')."""
    return word if word.isascii() else unicodedata.normalize("NFKC", word)


def words(text: str) -> list[Word]:
    """Return each word in small letters, without a possessive 's, with its start and end."""
    return [
        (plain(match[0].lower().removesuffix("'s")), match.start(), match.end())
        for match in WORD.finditer(text)
    ]


def has_signs(entry: str) -> bool:
    """Whether an entry has signs, so that it is found only as it is written.

    >>> [entry for entry in ("C++", "U.P.", "e-mail", "love jihad", "don't") if has_signs(entry)]
    ['C++', 'U.P.']
    """
    return _SIGNLESS.fullmatch(WORD.sub("", entry)) is None


def as_written(entry: str) -> str:
    """Return an entry with signs in the form that `Signed` needs: small letters, single blanks."""
    return _BLANKS.sub(" ", entry.strip()).lower()


def problem(entry: str) -> str | None:
    """Return why a word list cannot use an entry, as the end of a sentence, or None if it can.

    >>> problem("A."), problem("..."), problem("C++")
    ('must be more than one letter', 'must have a letter, digit or symbol to match', None)
    """
    if not _CONTENT.search(entry):
        return "must have a letter, digit or symbol to match"
    bare = "".join(sign for sign in plain(entry) if sign not in _STOPS)
    if len(bare) == 1 and (bare.isascii() or _LETTERS.match(bare)):
        return None if _WHOLE_WORDS.match(bare) else "must be more than one letter"
    return None


class Signed:
    """Entries with signs ('C++'), which are found only as they are written."""

    def __init__(self, entries: Iterable[tuple[str, float]]) -> None:
        self.scores = {as_written(entry): score for entry, score in entries}
        self._pattern = (
            regex.compile(r"\L<entries>", regex.IGNORECASE, entries=[*self.scores])
            if self.scores
            else None
        )

    def find(self, text: str) -> Iterator[tuple[int, int, float]]:
        """Yield the start, end and score of each place in the text that matches an entry."""
        if self._pattern is None:
            return
        for match in self._pattern.finditer(text, overlapped=True):
            start, end = match.span()
            if _touches(text, start, start - 1) or _touches(text, end - 1, end):
                continue
            score = self.scores.get(match[0].lower())
            if score is not None:
                yield start, end, score


def _touches(text: str, inner: int, outer: int) -> bool:
    """Whether the character at `outer` continues the entry whose edge character is at `inner`."""
    if not 0 <= outer < len(text):
        return False
    edge, neighbour = text[inner], text[outer]
    if edge.isalnum() or unicodedata.category(edge)[0] == "M":
        return neighbour.isalnum() or unicodedata.category(neighbour)[0] == "M"
    return (neighbour == edge and edge not in ".!?") or (edge in ".@#&_/" and neighbour.isalnum())


def split_hashtag(text: str, start: int, end: int) -> list[Word]:
    """Return the words of the hashtag `text[start:end]`, which capitals, digits or '_' separate.

    >>> [word for word, _, _ in split_hashtag("#LoveJihad", 0, 10)]
    ['love', 'jihad']
    """
    return [
        (plain(match[0].lower()), match.start(), match.end())
        for match in _CAMEL.finditer(text, start, end)
    ]


def phrases_within(tag: str, phrases: dict[str, float]) -> Iterator[tuple[int, int, float]]:
    """Yield start, end and score of the phrases in a hashtag without its '#'.

    Phrases are written as one word. If the whole hashtag is a phrase, only that one counts.
    Otherwise each phrase inside it counts, if it is long enough.
    """
    if tag in phrases:
        yield 0, len(tag), phrases[tag]
        return
    for start in range(len(tag) - _FEWEST + 1):
        for end in range(len(tag), start + _FEWEST - 1, -1):
            score = phrases.get(tag[start:end])
            if score is not None:
                yield start, end, score
                break
