"""The sentences scorer: is each sentence full, and is the comment as a whole in full sentences?

A tagger gives each word its role: a finite verb of a main clause, a subject, a subordinator …
A logistic regression on n-grams of roles and words then judges the sentence. Neither looks at
capitals or at the full stop at the end alone.

Files: `tagger.crfsuite`, `classes.txt` (the words of one class a line), `weights.npy` (2**bits,
int8), `knots.npy` (2 x knots: log-odds and the calibrated probabilities there).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.scoring import tagger
from moderation.scoring.commands import is_command
from moderation.scoring.scorer import Probabilities
from moderation.scoring.store import Files
from moderation.scoring.tagger import Tagger
from moderation.text.reading import Text, Token, Weight
from moderation.text.sentences import Judged, Missing

HEAD = "full_sentences"
BITS = 17  # of the judge's buckets
SCALE = 3.0  # of its features: the squares of a sentence's values sum up to SCALE ** 2
_LONGEST_PIECE = 200  # tokens of one sentence; what is longer is read in pieces
_MOST_TOKENS = 5_000  # of one comment, 20 kB of ordinary text; what comes after is not judged
_MOST_SENTENCES = 1_500  # of one comment, too: each costs more than its tokens
_LONE = 0.05  # the chance that 'Which is why nobody came.' is full
_COMMAND = 0.9  # the least probability of an imperative that the tagger does not know
_FIRST_TOKENS = 12  # these decide whether a sentence is an imperative
_LONGEST = 14  # tokens and edges; longer sentences are all of one length to the judge
_LONGEST_CHAIN = 5  # roles in a row
_BONES = frozenset("F I E f V S M N R SF SE Sf SI".split())  # the roles that matter most
_RELATIVE = frozenset("which who whom whose that".split())

# Large odd numbers that spread pairs of hashes over the buckets (after Steele et al. 2014).
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SPREAD = np.uint64(0x94D049BB133111EB)
_KINDS = (np.arange(1, 17, dtype=np.uint64) * _SPREAD)[:, None]  # of evidence
_SHIFT = np.uint64(64 - BITS)
_EDGES = 1, 2  # stand for the start and the end of a sentence

Numbers = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


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


class Evidence(NamedTuple):
    """What the judge sees of some sentences: buckets, and the sentence each is of."""

    buckets: Ints
    rows: Ints


def evidence(sentences: Sequence[Tagged]) -> Evidence:
    """The buckets of what the judge sees: n-grams of roles and words, with the sentence's edges.

    Also of its bones (the roles that matter most, in their order) and its length. All sentences
    stand in one array, so that the numbers of all n-grams come from a handful of operations.

    >>> len(evidence([Tagged([Token("word", "Run", 0, 3)], ["I"])]).buckets)
    16
    """
    start, end = _EDGES
    roles: list[int] = []
    words: list[int] = []
    kept: list[bool] = []
    lengths: list[int] = []
    for tokens, said in sentences:
        roles += (start, *map(_number, said), end)
        words += (start, *map(_number, map(_word, tokens)), end)
        kept += (True, *map(_BONES.__contains__, said), True)
        lengths.append(len(said) + 2)
    sizes, each = np.array(lengths), np.arange(len(lengths))
    rows = each.repeat(sizes)
    role, word = np.array([roles, words], np.uint64)
    bones = np.flatnonzero(kept)
    around, near = _around(role, word, rows)
    chains, far = _chains(role.take(bones), rows.take(bones))
    size = np.minimum(sizes, _LONGEST).astype(np.uint64) * _SECOND
    buckets = np.concatenate((around, chains, size)) >> _SHIFT
    return Evidence(buckets.astype(np.int64), np.concatenate((near, far, each)))


def _around(role: Numbers, word: Numbers, rows: Ints) -> tuple[Numbers, Ints]:
    """The hashes of each place's role and word, alone and with what follows, and their rows."""
    role_first, role_second = role * _FIRST, role * _SECOND
    word_first, word_second = word * _FIRST, word * _SECOND
    hashes = np.zeros((8, len(rows)), np.uint64)
    hashes[0], hashes[1] = role_first, word_first
    np.add(word_first, role_second, out=hashes[2])
    np.add(role_first[:-1], role_second[1:], out=hashes[3, :-1])
    np.add(word_first[:-1], word_second[1:], out=hashes[4, :-1])
    np.add(word_first[:-1], role_second[1:], out=hashes[5, :-1])
    np.add(role_first[:-1], word_second[1:], out=hashes[6, :-1])
    np.add(hashes[3, :-2] * _FIRST, role_second[2:], out=hashes[7, :-2])
    hashes += _KINDS[:8]
    whole = np.zeros(hashes.shape, bool)  # whether it stays within its sentence
    whole[3:7, :-1] = rows[1:] == rows[:-1]
    whole[7, :-2] = rows[2:] == rows[:-2]
    whole[:3, 1:] = whole[3, :-1]  # no edge: a place with one of its sentence on either side
    whole[:3] &= whole[3]
    kept = np.flatnonzero(whole)
    return hashes.ravel().take(kept), rows.take(kept % len(rows))


def _chains(role: Numbers, rows: Ints) -> tuple[Numbers, Ints]:
    """The hashes of two to five roles in a row, and the sentence each is of."""
    hashes = np.zeros((_LONGEST_CHAIN - 1, len(rows)), np.uint64)
    whole = np.zeros(hashes.shape, bool)
    chain, second = role, role * _SECOND
    for n in range(1, min(_LONGEST_CHAIN, len(rows))):
        chain = np.add(chain[:-1] * _FIRST, second[n:], out=hashes[n - 1, :-n])
        whole[n - 1, :-n] = rows[n:] == rows[:-n]
    hashes += _KINDS[8 : 8 + len(hashes)]
    kept = np.flatnonzero(whole)
    return hashes.ravel().take(kept), rows.take(kept % len(rows))


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

    The treebank calls those full, for 'which' is a subject; a scorer of a newspaper does not.
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
class SentenceScorer:
    """Judges each sentence of a text, and the text by the share of words in full ones."""

    tagger: Tagger
    weights: npt.NDArray[np.int8] = field(repr=False)
    knots: npt.NDArray[np.float64] = field(repr=False)
    heads: tuple[str, ...] = (HEAD,)

    def logits(self, sentences: Sequence[Tagged]) -> Probabilities:
        """The judge's log-odds that each sentence is full, before calibration."""
        buckets, rows = evidence(sentences)
        sums = np.bincount(rows, self.weights[buckets], len(sentences))
        return sums * SCALE / np.sqrt(np.bincount(rows, minlength=len(sentences)))

    def judge(self, texts: Sequence[Text]) -> list[list[Judged]]:
        """Every sentence of each text that has words."""
        found: list[list[Judged]] = [[] for _ in texts]
        pieces = [(row, piece) for row, text in enumerate(texts) for piece in _pieces(text)]
        if not pieces:
            return found
        tagged = [Tagged(piece, self.tagger.roles(piece)) for _, piece in pieces]
        probabilities = np.interp(self.logits(tagged), *self.knots).tolist()
        for (row, piece), sentence, chance in zip(pieces, tagged, probabilities, strict=True):
            words = sum(token.kind == "word" for token in piece)
            place = piece[0].start, piece[-1].end
            if lone_relative(sentence):
                chance = min(chance, _LONE)
            elif chance < _COMMAND and is_command(
                [token.text.lower() for token in piece[:_FIRST_TOKENS]]
            ):
                chance = _COMMAND
            found[row].append(Judged(*place, words, chance, missing(sentence)))
        return found

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
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


def load(files: Files) -> SentenceScorer:
    """The scorer of these files."""
    roles = tagger.load(files.path("tagger.crfsuite"), files.path("classes.txt"))
    weights = files.array("weights")
    return SentenceScorer(roles, weights, files.array("knots"))
