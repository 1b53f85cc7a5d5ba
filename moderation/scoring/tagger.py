"""Tag each word with its role in the sentence, with a conditional random field (CRF) over tokens.

Its features are words without their case, their endings, and their cluster. A cluster holds words
that have similar neighbours, so a word that was not in the training data ('supports') is tagged
like its cluster ('provides'). Features of distant words are landmarks: the word that opened the
clause, the word that opens the next one, and the number of certainly finite verbs before and after.
They show that 'came' is not the main verb in 'the man who, they say, came home'.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import pycrfsuite

from moderation.text.reading import Token

_CACHED = 1 << 14  # words whose features are cached
_START, _END = "<s>", "</s>"
_EDGES = {_START: "^", _END: "$"}
_COMMAS = frozenset(",;")
# These open a dependent clause or a question.
_OPENERS = frozenset(
    "because cause which who whom whose that if when whenever while although though even since "
    "once unless until as so where whereas after before than how what whatever whoever why "
    "whether".split()
)
# These are always finite verbs, or end in one.
_FINITE = frozenset(
    "am is are was were has have had do does did will would can could shall should may might must "
    "'s 're isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't "
    "can't couldn't shouldn't dont doesnt didnt cant wont isnt i'm i've i'll i'd im ive you're "
    "you've you'll you'd he's she's it's that's there's what's who's we're we've we'll we'd "
    "they're they've they'll".split()
)


class _WordFeatures(NamedTuple):
    """The features that a word gives to its own tagging (`here`) and to that of its neighbours.

    The next word gets `before`, because this word stands before it, and the second next word gets
    `long_before`. The previous word gets `after`, and the second previous word `long_after`.
    """

    cluster_id: str
    here: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    long_before: str
    long_after: str
    opener: bool
    finite: bool
    comma: bool


def token_form(token: Token) -> str:
    """Return a word in lower case, a sign as it is, and the kind of any other token.

    >>> token_form(Token("word", "Delhi", 0, 5)), token_form(Token("link", "www.a.example", 0, 13))
    ('delhi', '<link>')
    """
    if token.kind == "word":
        return token.text.lower()
    return token.text if token.kind == "other" else f"<{token.kind}>"


class Observer:
    """Computes the tagger's features of tokens, in training and in service alike."""

    def __init__(self, clusters: Mapping[str, str]) -> None:
        """`clusters` maps words to the number of their cluster."""
        self._clusters = clusters
        self._features = lru_cache(_CACHED)(self._word_features)

    def _word_features(self, word: str) -> _WordFeatures:
        cluster_id, tail = _EDGES.get(word) or self._clusters.get(word, "?"), word[-3:]
        return _WordFeatures(
            cluster_id,
            (f"w={word}", f"t={tail}", f"u={word[-2:]}", f"h={word[:3]}", f"k={cluster_id}"),
            (f"<w={word}", f"<k={cluster_id}"),
            (f">w={word}", f">k={cluster_id}"),
            f"<<k={cluster_id}",
            f">>k={cluster_id}",
            word in _OPENERS,
            word in _FINITE,
            word in _COMMAS,
        )

    def observe(self, tokens: Sequence[Token]) -> list[list[str]]:
        """Return the features of each token of a sentence.

        >>> Observer({"run": "7"}).observe([Token("word", "Run", 0, 3)])[0][-7:-4]
        ['^|7', '7|$', 'C^']
        """
        forms = (_START, _START, *map(token_form, tokens), _END, _END)
        words = [self._features(form) for form in forms]
        landmarks = _landmarks(tokens, words[2:-2])
        features = []
        for at, token in enumerate(tokens):
            long_before, before, word, after, long_after = words[at : at + 5]
            text = token.text
            shape = "U" if text.isupper() else "C" if text[:1].isupper() else "l"
            features.append(
                [
                    *word.here,
                    *before.before,
                    *after.after,
                    long_before.long_before,
                    long_after.long_after,
                    f"{before.cluster_id}|{word.cluster_id}",
                    f"{word.cluster_id}|{after.cluster_id}",
                    shape if at else shape + "^",
                    *next(landmarks),
                ]
            )
        return features


def _landmarks(
    tokens: Sequence[Token], words: Sequence[_WordFeatures]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield each word's features of distant words.

    They are the word that opened the clause, with the finite verbs and commas since; the first
    word of the sentence; the finite verbs on either side; and the word that opens the next clause,
    with the finite verbs and commas until then.
    """
    first = next((token.text.lower() for token in tokens if token.kind == "word"), "")
    question = "?" if tokens and tokens[-1].text == "?" else ""
    next_clauses, total = _next_clauses(words)
    opener, since, comma, left = "", 0, "", 0
    for at, (word, next_clause) in enumerate(zip(words, reversed(next_clauses), strict=True)):
        right = min(total - left - word.finite, 2)
        yield (
            f"o={opener}|{min(since, 2)}{comma}",
            f"1={first}|{min(left, 1)}",
            f"n={min(left, 2)}{right}{question}",
            next_clause,
        )
        if word.opener:
            # The first word of a sentence may also open a question: 'Which party won?'
            opener, since, comma = word.here[0] if at else f"^{word.here[0]}", 0, ""
        since += word.finite
        left += word.finite
        comma = "," if word.comma else comma


def _next_clauses(words: Sequence[_WordFeatures]) -> tuple[list[str], int]:
    """Return, for each word from the last to the first, the word that opens the next clause.

    The second value is the number of finite verbs in the sentence.
    """
    features, opener, until, comma, total = [], "", 0, "", 0
    for word in reversed(words):
        features.append(f"r={opener}|{min(until, 2)}{comma}")
        if word.opener:
            opener, until, comma = word.here[0], 0, ""
        until += word.finite
        total += word.finite
        comma = "," if word.comma else comma
    return features, total


class Tagger:
    """Tags tokens with their roles in the sentence: one letter each, but two for "he's".

    `training/sentences/treebank.py` lists the roles.
    """

    def __init__(self, crf_file: bytes, observer: Observer) -> None:
        self._crf = pycrfsuite.Tagger()
        self._crf.open_inmemory(crf_file)
        self._file = crf_file  # CRFsuite reads it as long as it tags
        self._observer = observer
        self._lock = threading.Lock()  # CRFsuite holds one sentence at a time

    def roles(self, tokens: Sequence[Token]) -> list[str]:
        """Return the most probable roles of a sentence's tokens."""
        features = self._observer.observe(tokens)
        with self._lock:
            return list(self._crf.tag(features))


def read_clusters(lines: Iterable[str]) -> dict[str, str]:
    """Return each word's cluster of similar words. Each line has the words of one cluster.

    >>> read_clusters(["he she", "runs goes"])
    {'he': '0', 'she': '0', 'runs': '1', 'goes': '1'}
    """
    return {word: str(at) for at, line in enumerate(lines) for word in line.split()}


def load(crf_file: bytes, clusters_file: bytes) -> Tagger:
    """Load a tagger from the contents of its two files."""
    observer = Observer(read_clusters(clusters_file.decode("utf-8").splitlines()))
    return Tagger(crf_file, observer)
