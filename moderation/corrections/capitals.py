"""Find passages in capitals and missing capitals, and correct both.

Links, hashtags, mentions and scripts without capitals are ignored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import regex

from moderation.corrections.wording import (
    COMMON,
    IN_CONTEXT,
    TEXT_SPEAK,
    TOGETHER,
    Draft,
    acronym,
    capitalised,
    in_small,
    with_names,
)
from moderation.text.reading import Text, Token
from moderation.text.vocabulary import ENGLISH

_QUOTED = regex.compile(r"\"[^\"\n]{1,300}\"|(?<!\w)'[^'\n]{1,300}'(?!\w)")
_BETWEEN = frozenset("number emoji other mention".split())  # tokens that do not end a stretch
_ENDS = regex.compile(r"(?:(?<!\.)\.|[!?\u203d:])[\"')\]]*\s*$")
_ABBREVIATED = regex.compile(r"(?<!\w)(?:\p{Lu}\.){2,}\s*$")  # 'the C.B.I. and', not 'I. And'
_LOOK_BACK = 12  # characters before a sentence that hold the full stop of the sentence before
_KNOWN = COMMON | TEXT_SPEAK.keys() | {word for word in IN_CONTEXT if len(word) > 1}
# The initials before a name: 'b. r. ambedkar', but not 'i.e. modi'.
_INITIALS = regex.compile(
    r"(?<![\p{L}\p{N}.'])(?!(?:i\. ?e|e\. ?g|p\. ?s)\.)(?:\p{Ll}\. ?){1,3}(?=(\p{L}++))"
)
_LOUD = 0.75  # above this share of words in capitals, no word is taken for a name
_EMPHASIS = 4  # letters of a word in capitals that may be an unknown acronym
_VOWEL = regex.compile(r"[AEIOUYÀ-Ý]")


class Stretch(NamedTuple):
    """A passage of words in capitals, and the number of its letters outside acronyms."""

    words: tuple[Token, ...]
    letters: int


def shouted(text: Text, fewest_words: int = 3) -> list[Stretch]:
    """Return the passages in capitals that have at least `fewest_words` ordinary words.

    Rows of acronyms do not count. Quotations do not count if the rest of the comment is in ordinary
    case.

    >>> from moderation.text.reading import read
    >>> [stretch.words[0].text for stretch in shouted(read("No. THIS IS WRONG. BJP and RSS."))]
    ['THIS']
    """
    runs = list(_runs(text))
    if not runs:
        return []
    loud = sum(map(len, runs)) > _LOUD * len(text.words)
    stretches = [stretch for stretch in map(_stretch, runs) if _counts(stretch, fewest_words, loud)]
    if not stretches:
        return []
    quoted = [match.span() for match in _QUOTED.finditer(text.clean)]
    if not quoted or not _calm_outside(text, quoted):
        return stretches
    return [stretch for stretch in stretches if not _inside(stretch.words[0].start, quoted)]


def calm(text: Text, stretches: list[Stretch], draft: Draft) -> None:
    """Rewrite the passages in capitals in sentence case. Names and acronyms keep their capitals."""
    starts = {token.start for token in _sentence_starts(text)}
    for stretch in stretches:
        for token in stretch.words:
            if _dotted(text.clean, token):
                continue
            small = in_small(draft[token])
            draft[token] = capitalised(small) if token.start in starts else small
        _join_names(stretch.words, draft)


def loudness(text: Text, stretches: list[Stretch]) -> float:
    """Return the share (0..1) of a comment's letters that are in the given passages in capitals.

    Acronyms do not count as such letters.
    """
    loud = sum(stretch.letters for stretch in stretches)
    inside = {token.start for stretch in stretches for token in stretch.words}
    ordinary = sum(len(word.text) for word in text.words if word.start not in inside)
    return loud / (loud + ordinary) if loud else 0.0


class Places(NamedTuple):
    """The words that lack a capital, and the number of words that have a capital.

    `starts` has the start of each word that opens a sentence or is an initial.
    """

    missing: tuple[Token, ...]
    starts: frozenset[int]
    right: int

    @property
    def share(self) -> float:
        """The share (0..1) of the capitals that are missing; 0 if no word needs one."""
        return len(self.missing) / ((len(self.missing) + self.right) or 1)


def places(text: Text, ignore: Iterable[Stretch] = ()) -> Places:
    """Find the words that need a capital: sentence starts, the word 'I' and known names.

    Any other word with a capital counts as right, because it shows that its author uses capitals.
    Exceptions are short words wholly in capitals, which may be acronyms, and the passages in
    `ignore`.

    >>> from moderation.text.reading import read
    >>> [token.text for token in places(read("i like it. so does modi.")).missing]
    ['i', 'so', 'modi']
    """
    initials = _initials(text.clean)
    starts = initials.union(token.start for token in _sentence_starts(text))
    ignored = {token.start for stretch in ignore for token in stretch.words}
    missing, right = [], 0
    for word in text.words:
        if word.text.islower():
            if _dotted(text.clean, word) and word.start not in initials:
                continue
            if word.start in starts or with_names(word.text) != word.text:
                missing.append(word)
        elif word.text[0].isupper() and word.start not in ignored and not _acronym(word.text):
            right += 1
    return Places(tuple(missing), starts, right)


def capitalise(capitals: Places, draft: Draft) -> None:
    """Add the missing capitals of sentence starts, 'I' and known names to `draft`."""
    for word in capitals.missing:
        named = with_names(draft[word])
        draft[word] = capitalised(named) if word.start in capitals.starts else named
    _join_names(draft.text.words, draft)


def _join_names(words: Sequence[Token], draft: Draft) -> None:
    """Add the capitals of names of two words ('New Delhi') to `draft`."""
    for first, second in pairwise(words):
        pair = TOGETHER.get(f"{draft[first]} {draft[second]}".lower())
        if pair and second.start == first.end + 1:
            draft[first], draft[second] = pair.split()


def _initials(clean: str) -> frozenset[int]:
    """Return the places of initials in small letters before a known name: 'r k laxman'."""
    return frozenset(
        match.start() + index
        for match in _INITIALS.finditer(clean)
        if with_names(match[1].lower()) != match[1].lower()
        for index, char in enumerate(match[0])
        if char.isalpha()
    )


def _acronym(word: str) -> bool:
    """Whether a word in capitals may be an acronym: a known one, or a short word."""
    return bool(acronym(word)) or (1 < len(word) <= _EMPHASIS and word.isupper())


def _dotted(clean: str, word: Token) -> bool:
    """Whether a letter is part of an abbreviation ('i.e.', 'U.P.'), an initial or a list label."""
    if len(word.text) > 1:
        return False
    after = clean[word.end : word.end + 2]
    stopped = after[:1] == "." and (after[1:].isalpha() or word.text.isupper())
    return stopped or after[:1] == ")" or clean[word.start - 1 : word.start] == "."


def _runs(text: Text) -> Iterator[list[Token]]:
    """Yield runs of words in capitals. Signs and numbers may stand between the words."""
    run: list[Token] = []
    for token in text.tokens:
        if token.kind == "word" and (token.text.isupper() or not _cased(token.text)):
            run.append(token)
        elif token.kind not in _BETWEEN and run:
            yield run
            run = []
    if run:
        yield run


def _cased(word: str) -> bool:
    return word.lower() != word.upper()


def _stretch(run: list[Token]) -> Stretch:
    letters = sum(len(word.text) for word in run if _cased(word.text) and not acronym(word.text))
    return Stretch(tuple(run), letters)


def _counts(stretch: Stretch, fewest_words: int, loud: bool) -> bool:
    """Whether a passage in capitals has enough ordinary words, and at least a third.

    `loud` says that much of the comment is in capitals. If it is not, half of the words must be
    known words too, because an unknown word in capitals ('ECOSPRIN') is then a name.
    """
    ordinary = sum(_ordinary(word.text) for word in stretch.words)
    if ordinary < fewest_words or ordinary * 3 < len(stretch.words):
        return False
    words = [word.text for word in stretch.words if not acronym(word.text)]
    return loud or 2 * sum(map(_known, words)) >= len(words)


def _ordinary(word: str) -> bool:
    """Whether a word in capitals is an ordinary word, and not an acronym, a code or an initial."""
    if len(word) == 1:
        return word == "I"
    if not word.isupper() or any(map(str.isdigit, word)):
        return False
    if word.replace("'", "").lower() in _KNOWN:
        return True
    parts = word.partition("'")[0].split("-")
    return any(
        part.lower() in _KNOWN or (len(part) >= 5 and _VOWEL.search(part))
        for part in parts
        if not acronym(part)
    )


def _known(word: str) -> bool:
    """Whether a word in capitals is a frequent English word or one of its forms."""
    small = word.lower().removesuffix("'s")
    parts = [small, *small.split("-")]
    return any(
        part in ENGLISH
        or part in _KNOWN
        or part.replace("'", "") in _KNOWN
        or _stem(part) in ENGLISH
        for part in parts
    )


def _stem(word: str) -> str:
    """Return a word without its ending: 'ruins', 'ruined', 'ruining', 'totally'."""
    for ending in ("ing", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word


def _calm_outside(text: Text, quoted: list[tuple[int, int]]) -> bool:
    """Whether most of the words outside the quotations are in ordinary case."""
    outside = [word.text for word in text.words if not _inside(word.start, quoted)]
    return sum(not word.isupper() for word in outside) * 2 > len(outside)


def _inside(place: int, spans: list[tuple[int, int]]) -> bool:
    """Whether an offset is inside one of the sorted spans, which do not overlap."""
    index = bisect_right(spans, place, key=lambda span: span[0]) - 1
    return index >= 0 and place < spans[index][1]


def _sentence_starts(text: Text) -> Iterator[Token]:
    """Yield the words that clearly open a sentence.

    A word on a new line after an unfinished sentence is left out, and so is a word after dots.
    """
    tokens = iter(text.tokens)
    token = next(tokens, None)
    for sentence in text.sentences:
        before = text.clean[max(0, sentence.start - _LOOK_BACK) : sentence.start]
        ended = _ENDS.search(before) and not _ABBREVIATED.search(before)
        clear = not before.strip() or "\n\n" in before or bool(ended)
        while token and token.start < sentence.end:
            if token.start >= sentence.start:
                if token.kind not in ("other", "emoji"):
                    break
                clear = clear and token.text != "."
            token = next(tokens, None)
        if token and clear and token.kind == "word" and token.start < sentence.end:
            yield token
