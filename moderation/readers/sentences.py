"""The sentences reader: is each sentence full, and is the comment as a whole in full sentences?

A tagger gives each word its role: a finite verb of a main clause, a subject, a subordinator …
A logistic regression on n-grams of roles and words then judges the sentence. Neither looks at
capitals or at the full stop at the end alone.

Files: `tagger.crfsuite`, `classes.txt` (the words of one class a line), `weights.npy` (2**bits,
int8), `knots.npy` (2 x knots: log-odds and the calibrated probabilities there).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation import tagging
from moderation.models import Files, Probabilities
from moderation.splitting import Judged, Missing
from moderation.tagging import Tagger
from moderation.text import Text, Token, Weight

HEAD = "full_sentences"
BITS = 17  # of the judge's buckets
SCALE = 3.0  # of its features: the squares of a sentence's values sum up to SCALE ** 2
_LONGEST_PIECE = 200  # tokens of one sentence; what is longer is read in pieces
_MOST_TOKENS = 5_000  # of one comment, 20 kB of ordinary text; what comes after is not judged
_MOST_SENTENCES = 1_500  # of one comment, too: each costs more than its tokens
_LONE = 0.05  # the chance that 'Which is why nobody came.' is full
_LONGEST = 12  # longer sentences are all of one length to the judge
_BONES = str.maketrans("", "", "ADJPTXC")  # what a sentence can do without
_RELATIVE = frozenset("which who whom whose that".split())

# Large odd numbers that spread pairs of hashes over the buckets (after Steele et al. 2014).
_FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9
_SPREAD = 0x94D049BB133111EB
_MASK = (1 << BITS) - 1
_EDGES = 1, 2  # stand for the start and the end of a sentence


class Tagged(NamedTuple):
    """A sentence's tokens and what each does."""

    tokens: Sequence[Token]
    roles: Sequence[str]


@lru_cache(1 << 14)
def _number(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace"))


def _word(token: Token) -> str:
    """Signs are all alike, so that a missing full stop or question mark changes little."""
    return token.text.lower() if token.kind == "word" else token.kind


def evidence(sentence: Tagged) -> set[int]:
    """The buckets of what the judge sees: n-grams of roles and words, with the sentence's edges.

    Also its bones (the roles that matter most, in their order) and its length.

    >>> len(evidence(Tagged([Token("word", "Run", 0, 3)], ["I"])))
    12
    """
    start, end = _EDGES
    roles = [start, *map(_number, sentence.roles), end]
    words = [start, *map(_number, map(_word, sentence.tokens)), end]
    frame = "".join(sentence.roles).translate(_BONES)
    pairs = [_pair(one, other, 1) for one, other in pairwise(roles)]
    return {
        *(_pair(role, 0, 2) for role in roles[1:-1]),
        *pairs,
        *(_pair(pair, role, 3) for pair, role in zip(pairs, roles[2:], strict=False)),
        *(_pair(word, 0, 4) for word in words[1:-1]),
        *(_pair(one, other, 5) for one, other in pairwise(words)),
        *(_pair(word, role, 6) for word, role in zip(words[1:-1], roles[1:-1], strict=True)),
        _pair(words[1], roles[2], 7),
        _pair(_number(frame[:3]), 0, 8),
        _pair(_number(frame[:6]), 0, 9),
        _pair(min(len(words) - 2, _LONGEST), 0, 10),
    }


def _pair(one: int, other: int, kind: int) -> int:
    """The bucket of two hashes and the kind of evidence they are."""
    return ((one * _FIRST + other * _SECOND + kind * _SPREAD) >> 40) & _MASK


def missing(sentence: Tagged) -> Missing:
    """What a sentence lacks if it is a fragment."""
    joined = "".join(sentence.roles)
    if any(role in joined for role in "FIEf"):
        opening = _opening(sentence)
        relative = sentence.tokens[opening].text.lower() in _RELATIVE
        if sentence.roles[opening] == "M" or (relative and sentence.tokens[-1].text != "?"):
            return "main clause"
        if "S" not in joined and any(role in joined for role in "FIE"):
            return "subject"
    return "verb"


def lone_relative(sentence: Tagged) -> bool:
    """Whether it is a relative clause that hangs on the sentence before: 'Which is why I came.'

    The treebank calls those full, for 'which' is a subject; a reader of a newspaper does not.
    Questions ('Which is better?', 'Which party won?') are none.
    """
    after = _opening(sentence) + 1
    return (
        sentence.tokens[after - 1].text.lower() == "which"
        and after < len(sentence.roles)
        and sentence.roles[after] in ("F", "E", "f")
        and sentence.tokens[-1].text != "?"
    )


def _opening(sentence: Tagged) -> int:
    """The place of the first word."""
    return next((at for at, one in enumerate(sentence.tokens) if one.kind == "word"), 0)


@dataclass(frozen=True)
class SentenceReader:
    """Judges each sentence of a text, and the text by the share of words in full ones."""

    tagger: Tagger
    weights: Sequence[int] = field(repr=False)
    knots: npt.NDArray[np.float64] = field(repr=False)
    heads: tuple[str, ...] = (HEAD,)

    def logit(self, sentence: Tagged) -> float:
        """The judge's log-odds that a sentence is full, before calibration."""
        buckets = evidence(sentence)
        return sum(map(self.weights.__getitem__, buckets)) * SCALE / math.sqrt(len(buckets))

    def judge(self, texts: Sequence[Text]) -> list[list[Judged]]:
        """Every sentence of each text that has words."""
        found: list[list[Judged]] = [[] for _ in texts]
        pieces = [(row, piece) for row, text in enumerate(texts) for piece in _pieces(text)]
        if not pieces:
            return found
        tagged = [Tagged(piece, self.tagger.roles(piece)) for _, piece in pieces]
        probabilities = np.interp([*map(self.logit, tagged)], *self.knots).tolist()
        for (row, piece), sentence, chance in zip(pieces, tagged, probabilities, strict=True):
            words = sum(token.kind == "word" for token in piece)
            place = piece[0].start, piece[-1].end
            chance = min(chance, _LONE) if lone_relative(sentence) else chance
            found[row].append(Judged(*place, words, chance, missing(sentence)))
        return found

    def read(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """The expected share of words in full sentences (0 without words); notes each sentence."""
        scores = []
        for text, judged in zip(texts, self.judge(texts), strict=True):
            text.notes["sentences"] = judged
            words = sum(sentence.words for sentence in judged)
            full = sum(sentence.words * sentence.probability for sentence in judged)
            scores.append(full / words if words else 0.0)
        return {HEAD: np.array(scores, np.float64)}

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - one head only
        """The sentences, by their share of the words in full ones."""
        (judged,) = self.judge([text])
        total = sum(sentence.words * sentence.probability for sentence in judged)
        found = [
            Weight(
                sentence.start,
                sentence.end,
                sentence.words * sentence.probability / total,
            )
            for sentence in judged
        ]
        return sorted(found, key=lambda weight: -weight.share)


def _pieces(text: Text) -> Iterator[Sequence[Token]]:
    """The tokens of each sentence that has words."""
    tokens, at = text.tokens[:_MOST_TOKENS], 0
    for sentence in text.sentences[:_MOST_SENTENCES]:
        while at < len(tokens) and tokens[at].start < sentence.start:
            at += 1
        first = at
        while at < len(tokens) and tokens[at].start < sentence.end:
            at += 1
        for begin in range(first, at, _LONGEST_PIECE):
            piece = tokens[begin : min(begin + _LONGEST_PIECE, at)]
            if any(token.kind == "word" for token in piece):
                yield piece


def load(files: Files) -> SentenceReader:
    """The reader of these files."""
    tagger = tagging.load(files.path("tagger.crfsuite"), files.path("classes.txt"))
    # A list: a sentence needs a hundred single numbers, and numpy is slow at those.
    return SentenceReader(tagger, files.array("weights").tolist(), files.array("knots"))
