"""A comment says a thing once, and does not repeat the author's earlier comments.

The rule looks for the same sign, letter, word, phrase or sentence over and over, and for a comment
that its author has posted already (`recent`), word for word or nearly. Repetition adds nothing for
readers and pushes other comments off the page. The same comment under many articles is a campaign.

Within a comment the score is the share of its letters and signs that only repeat: "no no no no no"
scores 0.8, because four of its five words do. Dots and dashes in a row separate things and do not
count, and neither does laughter. For a comment posted before, the score is the similarity of the
two (1.0: word for word), compared in small letters and without punctuation.

- Fires: "no no no no no", "Great!!!!!!!!!!!!", "sooooooo good", "The road is still not built. The
  road is still not built."
- Fires, after the comment "The road to our village is not built.": "The road to our village is
  still not built!"
- Does not fire: "very very good", "No, no!", "Wow!!!", "Ha ha ha ha ha", "Hmm...", "-----"
- Does not fire, after the comment "Well said, sir.": "Well said, sir."

Limits: the rule misses the same thought in other words. It compares the beginning of each of the
`most_recent` earlier comments.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: within a comment found in 0.5, 0.4, 0.5, 0.9 and 1.0 %,
sent to review at most 0.05 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import eq
from typing import NamedTuple

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text, Token

# A quick test: the patterns below run only if a sign is repeated five times, if there are eight
# marks of alarm, or a skin tone.
_HINT = re.compile(r"(\S)(?:\s?\1){4}|[?!](?:\s?[?!]){7}|[🏻-🏿]", re.IGNORECASE)
_LETTERS = regex.compile(r"(?i)(\p{L})\1{4,}+")
# Dots, dashes and the like draw lines between things. They are not emphasis.
_SIGNS = regex.compile(
    r"([^\p{L}\p{M}\p{N}\s.\-_=*~#|]\p{Emoji_Modifier}?)(?:\s?\1){5,}+|(?:[?!]\s?){8,}+"
)
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_LAUGHTER = frozenset("ha he hi ho hah heh haha hehe lol aha".split())
_LONGEST_PHRASE = 6  # words; longer repetitions are found as sentences
_SENTENCE_WORDS = 5  # shorter sentences may repeat, for emphasis
_QUOTED = 60  # characters of the author's words that a message quotes
_COMPARED = 2_000  # characters of each comment that are compared


class Settings(rules.Settings):
    """The settings in `[repetition]`."""

    most_words: int = Field(4, ge=1, description="How often a word may occur in a row.")
    most_phrases: int = Field(3, ge=1, description="How often a phrase may occur in a row.")
    alike: float = Field(
        0.9, gt=0, le=1, description="From this similarity on, a comment counts as posted before."
    )
    fewest_words: int = Field(6, ge=1, description="Comments with fewer words may be posted again.")
    most_recent: int = Field(
        50, ge=0, le=1_000, description="The number of earlier comments to compare."
    )


class Repeat(NamedTuple):
    """A stretch of the clean text with a repetition, which begins at `again`, and the message."""

    start: int
    again: int
    end: int
    message: str


def check(text: Text, settings: Settings) -> Finding | None:
    """Find a comment that was posted before, or else repetition within the comment."""
    similarity = _similarity(text, settings)
    if similarity:
        message = "You have posted this comment before; say something new."
        return Finding("repetition", similarity, message, (text.span(0, len(text.clean)),))
    repeats = _apart([*_stretched(text), *_words(text, settings), *_sentences(text)])
    if not repeats:
        return None
    extra = sum(_size(text.clean[repeat.again : repeat.end]) for repeat in repeats)
    spans = tuple(text.span(repeat.start, repeat.end) for repeat in repeats)
    score = extra / _size(text.clean)
    return Finding("repetition", score, repeats[0].message, spans)


def _size(part: str) -> int:
    """Return the number of characters without white space."""
    return sum(map(len, part.split()))


def _stretched(text: Text) -> Iterator[Repeat]:
    """Yield runs of one letter or sign. The repetition begins after the first."""
    if not _HINT.search(text.clean):
        return
    for match in _LETTERS.finditer(text.clean):
        message = f"Leave out the extra letters in “{match[0][:_QUOTED]}”."
        yield Repeat(match.start(), match.start() + 1, match.end(), message)
    for match in _SIGNS.finditer(text.clean):
        message = f"One “{match[1] or match[0][0]}” is enough."
        yield Repeat(match.start(), match.start() + 1, match.end(), message)


def _words(text: Text, settings: Settings) -> Iterator[Repeat]:
    """Yield runs of one word, or of one phrase of up to `_LONGEST_PHRASE` words."""
    words = [word.text.casefold() for word in text.words]
    for length in range(1, _LONGEST_PHRASE + 1):
        most = settings.most_words if length == 1 else settings.most_phrases
        if sum(map(eq, words, words[length:])) <= (most - 1) * length:
            continue
        for first, last in _runs(words, length):
            if last - first > most * length and not _LAUGHTER.issuperset(words[first:last]):
                yield _repeat(text, text.words[first:last], length)


def _runs(words: list[str], length: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each run of one phrase, which has `length` words."""
    first = 0
    for index in range(length, len(words) + 1):
        if index == len(words) or words[index] != words[index - length]:
            if index - first >= 2 * length:
                yield first, index - (index - first) % length
            first = index - length + 1


def _repeat(text: Text, words: list[Token], length: int) -> Repeat:
    phrase = text.clean[words[0].start : words[length - 1].end]
    message = f"Write “{phrase[:_QUOTED]}” once."
    return Repeat(words[0].start, words[length].start, words[-1].end, message)


def _sentences(text: Text) -> Iterator[Repeat]:
    """Yield sentences of some length that occurred in the comment before."""
    earlier: set[str] = set()
    for sentence in text.sentences if len(text.sentences) > 1 else ():
        if len(sentence.text) < _SENTENCE_WORDS * 2 - 1:
            continue
        normal = _normal(sentence.text)
        if normal in earlier:
            message = "This sentence stands in your comment twice; once is enough."
            yield Repeat(sentence.start, sentence.start, sentence.end, message)
        elif normal.count(" ") + 1 >= _SENTENCE_WORDS:
            earlier.add(normal)


def _apart(repeats: list[Repeat]) -> list[Repeat]:
    """Return the repeats in order. Of those that overlap, keep the first, then the longest."""
    ordered = sorted(repeats, key=lambda repeat: (repeat.start, -repeat.end))
    apart = ordered[:1]
    for repeat in ordered[1:]:
        if repeat.start >= apart[-1].end:
            apart.append(repeat)
    return apart


def _normal(text: str) -> str:
    """Return a text in the form that is compared: small letters, digits and single spaces."""
    return " ".join(_WORD.findall(text.casefold()))


def _similarity(text: Text, settings: Settings) -> float:
    """Return the similarity (0..1) of the closest recent comment, or 0 if it is below `alike`."""
    if not text.comment.recent or len(text.words) < settings.fewest_words:
        return 0.0
    from rapidfuzz import fuzz  # slow to load, and needed only here

    comment = _normal(text.clean[:_COMPARED])
    least = settings.alike * 100
    return max(
        (
            fuzz.ratio(comment, _normal(recent[:_COMPARED]), score_cutoff=least) / 100
            for recent in text.comment.recent[: settings.most_recent]
        ),
        default=0.0,
    )
