"""What each word does in its sentence: a conditional random field (CRFsuite) over tokens.

It sees words without their case, their endings, and to which of some hundred classes of words
with like neighbours they belong, so that a word it was never shown ('supports') is read like
its cluster ('provides'). Of the words far off it sees the landmarks: what opened the clause, what
will open the next, and how many verbs that are surely finite stand before and after. By them it
knows that 'came' is no main verb in 'the man who, they say, came home'.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pycrfsuite

from moderation.text.reading import Token

_CACHED = 1 << 14  # words whose description is kept
_START, _END = "<s>", "</s>"
_EDGES = {_START: "^", _END: "$"}
_COMMAS = frozenset(",;")
# These open a dependent clause or a question.
_OPENERS = frozenset(
    "because cause which who whom whose that if when whenever while although though even since "
    "once unless until as so where whereas after before than how what whatever whoever why "
    "whether".split()
)
# These are finite verbs wherever they stand, or end in one.
_FINITE = frozenset(
    "am is are was were has have had do does did will would can could shall should may might must "
    "'s 're isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't "
    "can't couldn't shouldn't dont doesnt didnt cant wont isnt i'm i've i'll i'd im ive you're "
    "you've you'll you'd he's she's it's that's there's what's who's we're we've we'll we'd "
    "they're they've they'll".split()
)


class _Described(NamedTuple):
    """What is said of a word in its own place, and in its neighbours'."""

    cluster: str
    here: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    long_before: str
    long_after: str
    opener: bool
    finite: bool
    comma: bool


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

    def __init__(self, cluster: Mapping[str, str]) -> None:
        """`cluster` names the class of a word, where it has one."""
        self._clusters = cluster
        self._described = lru_cache(_CACHED)(self._describe)

    def _describe(self, word: str) -> _Described:
        cluster, tail = _EDGES.get(word) or self._clusters.get(word, "?"), word[-3:]
        return _Described(
            cluster,
            (f"w={word}", f"t={tail}", f"u={word[-2:]}", f"h={word[:3]}", f"k={cluster}"),
            (f"<w={word}", f"<k={cluster}"),
            (f">w={word}", f">k={cluster}"),
            f"<<k={cluster}",
            f">>k={cluster}",
            word in _OPENERS,
            word in _FINITE,
            word in _COMMAS,
        )

    def observe(self, tokens: Sequence[Token]) -> list[list[str]]:
        """What the field sees of each token.

        >>> Observer({"run": "7"}).observe([Token("word", "Run", 0, 3)])[0][-7:-4]
        ['^|7', '7|$', 'C^']
        """
        words = [self._described(word) for word in (_START, _START, *map(seen, tokens), _END, _END)]
        far = _landmarks(tokens, words[2:-2])
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
                    f"{before.cluster}|{word.cluster}",
                    f"{word.cluster}|{after.cluster}",
                    shape if at else shape + "^",
                    *next(far),
                ]
            )
        return found


def _landmarks(
    tokens: Sequence[Token], words: Sequence[_Described]
) -> Iterator[tuple[str, str, str, str]]:
    """What each word can know of those far off.

    What opened the clause, with the finite verbs and commas since; the first word of all; the
    finite verbs on either side; and what will open the next clause, with those until then.
    """
    first = next((token.text.lower() for token in tokens if token.kind == "word"), "")
    question = "?" if tokens and tokens[-1].text == "?" else ""
    coming, total = _coming(words)
    opener, since, comma, left = "", 0, "", 0
    for at, (word, after) in enumerate(zip(words, reversed(coming), strict=True)):
        right = min(total - left - word.finite, 2)
        yield (
            f"o={opener}|{min(since, 2)}{comma}",
            f"1={first}|{min(left, 1)}",
            f"n={min(left, 2)}{right}{question}",
            after,
        )
        if word.opener:
            # Where it opens the sentence too, it may well ask: 'Which party won?'
            opener, since, comma = word.here[0] if at else f"^{word.here[0]}", 0, ""
        since += word.finite
        left += word.finite
        comma = "," if word.comma else comma


def _coming(words: Sequence[_Described]) -> tuple[list[str], int]:
    """For each word, from the last on, what opens the next clause; and all finite verbs."""
    found, opener, until, comma, total = [], "", 0, "", 0
    for word in reversed(words):
        found.append(f"r={opener}|{min(until, 2)}{comma}")
        if word.opener:
            opener, until, comma = word.here[0], 0, ""
        until += word.finite
        total += word.finite
        comma = "," if word.comma else comma
    return found, total


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


def cluster(lines: Iterable[str]) -> dict[str, str]:
    """Words to classes, from lines that each hold the words of one class.

    >>> cluster(["he she", "runs goes"])
    {'he': '0', 'she': '0', 'runs': '1', 'goes': '1'}
    """
    return {word: str(at) for at, line in enumerate(lines) for word in line.split()}


def load(field: Path, classes: Path) -> Tagger:
    """A tagger from its two files."""
    opened = pycrfsuite.Tagger()
    opened.open(str(field))
    return Tagger(opened, Observer(cluster(classes.read_text("utf-8").splitlines())))
