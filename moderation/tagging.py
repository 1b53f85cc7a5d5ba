"""What each word does in its sentence: a conditional random field (CRFsuite) over tokens.

It sees words without their case, their endings, and to which of some hundred classes of words
with like neighbours they belong, so that a word it was never shown ('supports') is read like
its kin ('provides').
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pycrfsuite

from moderation.text import Token

_CACHED = 1 << 14  # words whose description is kept
_START, _END = "<s>", "</s>"
_EDGES = {_START: "^", _END: "$"}


class _Described(NamedTuple):
    """What is said of a word in its own place, and in its neighbours'."""

    kin: str
    here: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    long_before: str
    long_after: str


def seen(token: Token) -> str:
    """A word in small letters, a sign as it is, the kind of all else.

    >>> seen(Token("word", "Delhi", 0, 5)), seen(Token("link", "www.example.com", 0, 15))
    ('delhi', '<link>')
    """
    if token.kind == "word":
        return token.text.lower()
    return token.text if token.kind == "other" else f"<{token.kind}>"


class Observer:
    """Describes tokens for the field, in training and in service alike."""

    def __init__(self, kin: Mapping[str, str]) -> None:
        """`kin` names the class of a word, where it has one."""
        self._kin = kin
        self._described = lru_cache(_CACHED)(self._describe)

    def _describe(self, word: str) -> _Described:
        kin, tail = _EDGES.get(word) or self._kin.get(word, "?"), word[-3:]
        return _Described(
            kin,
            ("b", f"w={word}", f"t={tail}", f"u={word[-2:]}", f"h={word[:3]}", f"k={kin}"),
            (f"<w={word}", f"<t={tail}", f"<k={kin}"),
            (f">w={word}", f">t={tail}", f">k={kin}"),
            f"<<k={kin}",
            f">>k={kin}",
        )

    def observe(self, tokens: Sequence[Token]) -> list[list[str]]:
        """What the field sees of each token.

        >>> Observer({"run": "7"}).observe([Token("word", "Run", 0, 3)])[0][-3:]
        ['^|7', '7|$', 'C^']
        """
        words = [self._described(word) for word in (_START, _START, *map(seen, tokens), _END, _END)]
        found = []
        for at, token in enumerate(tokens):
            long_before, before, word, after, long_after = words[at : at + 5]
            text = token.text
            shape = "U" if text.isupper() else "C" if text[:1].isupper() else "l"
            found.append(
                [
                    *word.here,
                    *before.before,
                    *after.after,
                    long_before.long_before,
                    long_after.long_after,
                    f"{before.kin}|{word.kin}",
                    f"{word.kin}|{after.kin}",
                    shape if at else shape + "^",
                ]
            )
        return found


class Tagger:
    """Gives tokens their roles: one letter, or two for "he's"; see `training/treebank.py`."""

    def __init__(self, field: pycrfsuite.Tagger, observer: Observer) -> None:
        self._field = field
        self._observer = observer
        self._turn = threading.Lock()  # the field holds one sentence at a time

    def roles(self, tokens: Sequence[Token]) -> list[str]:
        """The likeliest roles of a sentence's tokens."""
        observed = self._observer.observe(tokens)
        with self._turn:
            return list(self._field.tag(observed))


def kin(lines: Iterable[str]) -> dict[str, str]:
    """Words to classes, from lines that each hold the words of one class.

    >>> kin(["he she", "runs goes"])
    {'he': '0', 'she': '0', 'runs': '1', 'goes': '1'}
    """
    return {word: str(at) for at, line in enumerate(lines) for word in line.split()}


def load(field: Path, classes: Path) -> Tagger:
    """A tagger from its two files."""
    opened = pycrfsuite.Tagger()
    opened.open(str(field))
    return Tagger(opened, Observer(kin(classes.read_text("utf-8").splitlines())))
