"""Read a text's sentences as plain words, for the patterns of `phrases.py`.

A sentence becomes words in small letters, with contractions, text speak and common misspellings
written out: "im gonna" becomes "i am going to". What is in quotation marks is left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_WRITTEN_OUT: dict[str, str] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text("utf-8")
)["written_out"]


class Sentence(NamedTuple):
    """A sentence: its words in one string, and where each word stands in the text."""

    words: str
    title: bool  # most of its words begin with a capital
    places: list[tuple[int, int, int]]  # offset in `words`, start and end in the text

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the text of `words[start:end]`."""
        inside = [row for row in self.places if start <= row[0] < end] or self.places[-1:]
        return inside[0][1], inside[-1][2]


_TOKEN = re.compile(r"(?P<word>[^\W_]+(?:['\-][^\W_]+)*)|(?P<stop>[.!?\n]+)|(?P<sign>[,;:()])")
_QUOTED = re.compile(
    r"\"[^\"\n]{2,400}\"|(?<!\w)'[^\n]{2,200}?'(?!\w)|^[ \t]*>[^\n]*", re.MULTILINE
)
_MOST_WORDS = 80  # longer stretches without a stop are cut

_CLITICS = (("n't", " not"), ("'m", " am"), ("'ve", " have"), ("'ll", " will"), ("'d", " would"),
            ("'re", " are"), ("'s", " is"))  # fmt: skip
_AFTER_ILL = frozenset("be kill hang shoot end jump die take do just not never slit drink".split())


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences that are not in quotation marks or quoted lines."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    if any(end - start > 0.9 * len(text.strip()) for start, end in quoted):
        quoted = []  # the whole comment is in quotation marks
    tokens = [*_TOKEN.finditer(text)]
    if quoted:
        inside = bytearray(len(text))  # one search for each token would take too long
        for start, end in quoted:
            inside[start:end] = b"\1" * (end - start)
        tokens = [token for token in tokens if not inside[token.start()]]
    rows: list[tuple[str, int, int]] = []
    capitals = 0
    for index, token in enumerate(tokens):
        if token["stop"] or len(rows) >= _MOST_WORDS:
            if rows:
                yield _sentence(rows, capitals)
            rows, capitals = [], 0
        if token["stop"]:
            continue
        following = tokens[index + 1][0].lower() if index + 1 < len(tokens) else ""
        rows.append((_plain(token[0], following), token.start(), token.end()))
        capitals += token[0][0].isupper() and not token[0].isupper()
    if rows:
        yield _sentence(rows, capitals)


def _sentence(rows: list[tuple[str, int, int]], capitals: int) -> Sentence:
    words, places = " ", []
    for word, start, end in rows:
        places.append((len(words), start, end))
        words += word + " "
    return Sentence(words, capitals > 2 and capitals * 2 > len(rows), places)


def _plain(token: str, following: str) -> str:
    """Return a word in small letters, with contractions and text speak written out.

    `following` is the next word.

    >>> _plain("can't", ""), _plain("Ill", "be"), _plain("2", "die"), _plain("self-harm", "")
    ('can not', 'i will', 'to', 'self harm')
    """
    word = token.lower()
    if word == "my" and following == "self":
        return "myself"
    if word == "ill" and following in _AFTER_ILL:
        return "i will"
    if word == "2" and following in ("die", "kill", "end", "live", "b", "be", "hang"):
        return "to"
    if word == "4" and not following[:1].isalnum():
        return "for"
    if word in ("can't", "won't"):
        return {"can't": "can not", "won't": "will not"}[word]
    if word in _WRITTEN_OUT:
        return _WRITTEN_OUT[word]
    if "'" in word:
        for ending, written in _CLITICS:
            if word.endswith(ending):
                return word.removesuffix(ending) + written
    return word.replace("-", " ")
