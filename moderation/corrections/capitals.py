"""Capitals: where a comment shouts, where it lost them, and what it looks like with the right ones.

Neither reads links, hashtags or mentions, nor letters of scripts that have no capitals.
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

_QUOTED = regex.compile(r"\"[^\"\n]{1,300}\"|(?<!\w)'[^'\n]{1,300}'(?!\w)")
_BETWEEN = frozenset("number emoji other mention".split())  # what does not end a shouted stretch
_ENDS = regex.compile(r"(?:(?<!\.)\.|[!?\u203d:])[\"')\]]*\s*$")
_LOOK_BACK = 12  # characters before a sentence in which its predecessor's full stop stands
_KNOWN = COMMON | TEXT_SPEAK.keys() | {word for word in IN_CONTEXT if len(word) > 1}
# The initials before a name: 'b. r. ambedkar', but not 'i.e. modi'.
_INITIALS = regex.compile(
    r"(?<![\p{L}\p{N}.'])(?!(?:i\. ?e|e\. ?g|p\. ?s)\.)(?:\p{Ll}\. ?){1,3}(?=(\p{L}++))"
)
_EMPHASIS = 4  # letters of a word in capitals that may be an acronym we do not know
_VOWEL = regex.compile(r"[AEIOUYÀ-Ý]")


class Stretch(NamedTuple):
    """Neighbouring words in capitals, and how many letters of them are no acronym's."""

    words: tuple[Token, ...]
    letters: int


def shouted(text: Text, fewest_words: int = 3) -> list[Stretch]:
    """The stretches of at least `fewest_words` ordinary words in capitals.

    Rows of acronyms, and quotations inside a comment in ordinary case, are none.

    >>> from moderation.text.reading import read
    >>> [stretch.words[0].text for stretch in shouted(read("No. THIS IS WRONG. BJP and RSS."))]
    ['THIS']
    """
    stretches = [_stretch(run) for run in _runs(text)]
    found = [stretch for stretch in stretches if _counts(stretch, fewest_words)]
    if not found:
        return []
    quoted = [match.span() for match in _QUOTED.finditer(text.clean)]
    if not quoted or not _calm_outside(text, quoted):
        return found
    return [stretch for stretch in found if not _inside(stretch.words[0].start, quoted)]


def calm(text: Text, stretches: list[Stretch], draft: Draft) -> None:
    """Write the shouted stretches in sentence case, keeping names and acronyms known to us."""
    starts = {token.start for token in _sentence_starts(text)}
    for stretch in stretches:
        for token in stretch.words:
            if _dotted(text.clean, token):
                continue
            small = in_small(draft[token])
            draft[token] = capitalised(small) if token.start in starts else small
        _join_names(stretch.words, draft)


def loudness(text: Text, stretches: list[Stretch]) -> float:
    """The share (0..1) of the comment's letters that are shouted; acronyms count on no side."""
    loud = sum(stretch.letters for stretch in stretches)
    inside = {token.start for stretch in stretches for token in stretch.words}
    others = sum(len(word.text) for word in text.words if word.start not in inside)
    return loud / (loud + others) if loud else 0.0


class Places(NamedTuple):
    """Where capitals belong: the words that lack one, and how many words have it.

    Of the `missing`, those in `starts` open a sentence or are initials.
    """

    missing: tuple[Token, ...]
    starts: frozenset[int]
    right: int

    @property
    def share(self) -> float:
        """The share (0..1) of the places that lack their capital; 0 where there are none."""
        return len(self.missing) / ((len(self.missing) + self.right) or 1)


def places(text: Text, besides: Iterable[Stretch] = ()) -> Places:
    """The words that open a sentence, the word 'I' and known names; with and without capital.

    Any other word with capitals counts as right, for its author uses them: short words wholly in
    capitals apart, which may be acronyms, and what is shouted, if that is given as `besides`.

    >>> from moderation.text.reading import read
    >>> [token.text for token in places(read("i like it. so does modi.")).missing]
    ['i', 'so', 'modi']
    """
    initials = _initials(text.clean)
    starts = initials.union(token.start for token in _sentence_starts(text))
    loud = {token.start for stretch in besides for token in stretch.words}
    missing, right = [], 0
    for word in text.words:
        if word.text.islower():
            if _dotted(text.clean, word) and word.start not in initials:
                continue
            if word.start in starts or with_names(word.text) != word.text:
                missing.append(word)
        elif word.text[0].isupper() and word.start not in loud and not _acronym(word.text):
            right += 1
    return Places(tuple(missing), starts, right)


def capitalise(found: Places, draft: Draft) -> None:
    """Give sentence starts, 'I' and known names their capitals."""
    for word in found.missing:
        named = with_names(draft[word])
        draft[word] = capitalised(named) if word.start in found.starts else named
    _join_names(draft.text.words, draft)


def _join_names(words: Sequence[Token], draft: Draft) -> None:
    """Give names of two words ('New Delhi') their capitals."""
    for first, second in pairwise(words):
        pair = TOGETHER.get(f"{draft[first]} {draft[second]}".lower())
        if pair and second.start == first.end + 1:
            draft[first], draft[second] = pair.split()


def _initials(clean: str) -> frozenset[int]:
    """Where small initials before a known name stand."""
    return frozenset(
        match.start() + at
        for match in _INITIALS.finditer(clean)
        if with_names(match[1].lower()) != match[1].lower()
        for at, char in enumerate(match[0])
        if char.isalpha()
    )


def _acronym(word: str) -> bool:
    """Whether a word in capitals may be an acronym: known, or short."""
    return bool(acronym(word)) or (1 < len(word) <= _EMPHASIS and word.isupper())


def _dotted(clean: str, word: Token) -> bool:
    """Whether a letter is part of an abbreviation ('i.e.', 'U.P.'), an initial or a list label."""
    if len(word.text) > 1:
        return False
    after = clean[word.end : word.end + 2]
    stopped = after[:1] == "." and (after[1:].isalpha() or word.text.isupper())
    return stopped or after[:1] == ")" or clean[word.start - 1 : word.start] == "."


def _runs(text: Text) -> Iterator[list[Token]]:
    """Words in capitals that follow each other, with signs and numbers between."""
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


def _counts(stretch: Stretch, fewest_words: int) -> bool:
    """Whether enough of the words, and at least a third, are ordinary ones."""
    ordinary = sum(_ordinary(word.text) for word in stretch.words)
    return ordinary >= fewest_words and ordinary * 3 >= len(stretch.words)


def _ordinary(word: str) -> bool:
    """Whether a word in capitals is a word, and not an acronym, a code or an initial."""
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


def _calm_outside(text: Text, quoted: list[tuple[int, int]]) -> bool:
    """Whether most of the words outside the quotations are in ordinary case."""
    outside = [word.text for word in text.words if not _inside(word.start, quoted)]
    return sum(not word.isupper() for word in outside) * 2 > len(outside)


def _inside(at: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a place lies in one of the spans, which are in order and apart."""
    index = bisect_right(spans, at, key=lambda span: span[0]) - 1
    return index >= 0 and at < spans[index][1]


def _sentence_starts(text: Text) -> Iterator[Token]:
    """The words that open a sentence, where it is clear that a sentence opens.

    A new line after an unfinished one, and what goes on after dots, is no clear opening.
    """
    tokens = iter(text.tokens)
    token = next(tokens, None)
    for sentence in text.sentences:
        before = text.clean[max(0, sentence.start - _LOOK_BACK) : sentence.start]
        clear = not before.strip() or "\n\n" in before or bool(_ENDS.search(before))
        while token and token.start < sentence.end:
            if token.start >= sentence.start:
                if token.kind not in ("other", "emoji"):
                    break
                clear = clear and token.text != "."
            token = next(tokens, None)
        if token and clear and token.kind == "word" and token.start < sentence.end:
            yield token
