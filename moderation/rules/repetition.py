"""A thing is said once, in this comment and in the author's comments before.

Looks for the same sign, letter, word, phrase or sentence over and over, and for a comment that
its author has posted already (`recent`), word for word or nearly. Repetition adds nothing for
readers and pushes other comments off the page; the same comment under many articles is a campaign.

Within a comment the score is the share of its letters and signs that only repeat: "no no no no no"
scores 0.8, as four of five words do. Dots and dashes in a row separate things and do not count,
nor does laughter. For a comment posted before, the score is how alike the two are (1.0: word for
word), compared in small letters and without signs.

- Fires: "no no no no no", "Great!!!!!!!!!!!!", "sooooooo good", a sentence that stands twice,
  the comment of an hour ago again
- Does not fire: "very very good", "No, no!", "Wow!!!", "Ha ha ha ha ha", "Hmm...", "-----", a
  second "Well said, sir."

Limits: the same thought in other words is not seen. Of the comments before, the `most_recent` are
looked at, of each the beginning.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: within a comment found in 0.5, 0.4, 0.5, 0.9 and 1.0 %,
sent to review at most 0.05 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from operator import eq
from typing import NamedTuple

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text, Token

# Any sign five times, marks of alarm, or a skin tone: only then the patterns below are tried.
_HINT = re.compile(r"(\S)(?:\s?\1){4}|[?!](?:\s?[?!]){7}|[🏻-🏿]", re.IGNORECASE)
_LETTERS = regex.compile(r"(?i)(\p{L})\1{4,}+")
# Dots, dashes and the like draw lines between things; they are no emphasis.
_SIGNS = regex.compile(
    r"([^\p{L}\p{M}\p{N}\s.\-_=*~#|]\p{Emoji_Modifier}?)(?:\s?\1){5,}+|(?:[?!]\s?){8,}+"
)
_SAID = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_LAUGHTER = frozenset("ha he hi ho hah heh haha hehe lol aha".split())
_LONGEST_PHRASE = 6  # words; what is longer is compared as a sentence
_SENTENCE_WORDS = 5  # shorter sentences are repeated for emphasis
_QUOTED = 60  # characters of the author's words in a message
_COMPARED = 2_000  # characters of each comment


class Settings(rules.Settings):
    """What can be set in `[repetition]`."""

    most_words: int = Field(4, ge=1, description="So often a word may stand in a row.")
    most_phrases: int = Field(3, ge=1, description="So often a phrase may stand in a row.")
    alike: float = Field(
        0.9, gt=0, le=1, description="From this likeness on a comment is the same."
    )
    fewest_words: int = Field(6, ge=1, description="Shorter comments may be posted again.")
    most_recent: int = Field(50, ge=0, le=1_000, description="So many comments before are read.")


class Repeat(NamedTuple):
    """A stretch of the clean text that repeats, from where on it only does so, and the message."""

    start: int
    again: int
    end: int
    message: str


def check(text: Text, settings: Settings) -> Finding | None:
    """The comment as posted before, or else what repeats within it."""
    likeness = _likeness(text, settings)
    if likeness:
        message = "You have posted this comment before; say something new."
        return Finding("repetition", likeness, message, (text.span(0, len(text.clean)),))
    repeats = _apart([*_stretched(text), *_words(text, settings), *_sentences(text)])
    if not repeats:
        return None
    extra = sum(_size(text.clean[repeat.again : repeat.end]) for repeat in repeats)
    spans = tuple(text.span(repeat.start, repeat.end) for repeat in repeats)
    score = extra / _size(text.clean)
    return Finding("repetition", score, repeats[0].message, spans)


def _size(part: str) -> int:
    """How many letters and signs, white space left out."""
    return sum(map(len, part.split()))


def _stretched(text: Text) -> Iterator[Repeat]:
    """Letters and signs in a row. The first of them is no repetition."""
    if not _HINT.search(text.clean):
        return
    for match in _LETTERS.finditer(text.clean):
        message = f"Leave out the extra letters in “{match[0][:_QUOTED]}”."
        yield Repeat(match.start(), match.start() + 1, match.end(), message)
    for match in _SIGNS.finditer(text.clean):
        message = f"One “{match[1] or match[0][0]}” is enough."
        yield Repeat(match.start(), match.start() + 1, match.end(), message)


def _words(text: Text, settings: Settings) -> Iterator[Repeat]:
    """Words and phrases of up to six words in a row."""
    said = [word.text.casefold() for word in text.words]
    for length in range(1, _LONGEST_PHRASE + 1):
        most = settings.most_words if length == 1 else settings.most_phrases
        if sum(map(eq, said, said[length:])) <= (most - 1) * length:
            continue
        for first, last in _same(said, length):
            if last - first > most * length and not _LAUGHTER.issuperset(said[first:last]):
                yield _repeat(text, text.words[first:last], length)


def _same(said: list[str], length: int) -> Iterator[tuple[int, int]]:
    """Where each word is the one `length` words before, as whole repetitions: first, last."""
    first = 0
    for at in range(length, len(said) + 1):
        if at == len(said) or said[at] != said[at - length]:
            if at - first >= 2 * length:
                yield first, at - (at - first) % length
            first = at - length + 1


def _repeat(text: Text, words: list[Token], length: int) -> Repeat:
    phrase = text.clean[words[0].start : words[length - 1].end]
    message = f"Write “{phrase[:_QUOTED]}” once."
    return Repeat(words[0].start, words[length].start, words[-1].end, message)


def _sentences(text: Text) -> Iterator[Repeat]:
    """Sentences of some length that stand in the comment already."""
    seen: set[str] = set()
    for sentence in text.sentences if len(text.sentences) > 1 else ():
        if len(sentence.text) < _SENTENCE_WORDS * 2 - 1:
            continue
        said = _normal(sentence.text)
        if said in seen:
            message = "This sentence stands in your comment twice; once is enough."
            yield Repeat(sentence.start, sentence.start, sentence.end, message)
        elif said.count(" ") + 1 >= _SENTENCE_WORDS:
            seen.add(said)


def _apart(repeats: list[Repeat]) -> list[Repeat]:
    """The repeats in order; of those that overlap the one that begins first, then the longest."""
    ordered = sorted(repeats, key=lambda repeat: (repeat.start, -repeat.end))
    kept = ordered[:1]
    for _, repeat in pairwise(ordered):
        if repeat.start >= kept[-1].end:
            kept.append(repeat)
    return kept


def _normal(said: str) -> str:
    """A text as it is compared: small letters and numbers, one space between words."""
    return " ".join(_SAID.findall(said.casefold()))


def _likeness(text: Text, settings: Settings) -> float:
    """How alike (0..1) the most similar of the author's recent comments is; 0 if none is enough."""
    if not text.comment.recent or len(text.words) < settings.fewest_words:
        return 0.0
    from rapidfuzz import fuzz  # slow to load, and needed only here

    own = _normal(text.clean[:_COMPARED])
    least = settings.alike * 100
    return max(
        (
            fuzz.ratio(own, _normal(before[:_COMPARED]), score_cutoff=least) / 100
            for before in text.comment.recent[: settings.most_recent]
        ),
        default=0.0,
    )
