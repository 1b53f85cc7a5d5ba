"""The sentences scorer: the probability that a comment is in full sentences.

A tagger gives each word its role: a finite verb of a main clause, a subject, a subordinator and so
on. A classifier, a logistic regression on n-grams of roles and words, then scores each sentence.
Neither depends on capitals or on the final full stop alone.

Files: `tagger.crfsuite`, `classes.txt` (one cluster of similar words a line), `weights.npy`
(2**bits, int8), `knots.npy` (calibration curve: row 0 has log-odds, row 1 the probabilities at
them).
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
from moderation.text.sentences import Missing, SentenceScore

HEAD = "full_sentences"
BITS = 17  # the classifier has 2**BITS buckets
SCALE = 3.0  # the Euclidean norm of a sentence's features
_MAX_PIECE = 200  # tokens; longer sentences are scored in pieces
_MAX_TOKENS = 5_000  # of a comment (20 kB of ordinary text); later tokens are not scored
_MAX_SENTENCES = 1_500  # of a comment; later sentences are not scored
_MAX_LONE_RELATIVE = 0.05  # the highest probability that 'Which is why nobody came.' is full
_MIN_COMMAND = 0.9  # the lowest probability of an imperative that the tagger does not know
_FIRST_TOKENS = 12  # these decide whether a sentence is an imperative
_MAX_LENGTH = 14  # tokens and edges; longer sentences count as this long
_MAX_CHAIN = 5  # roles
_CORE_ROLES = frozenset("F I E f V S M N R SF SE Sf SI".split())  # the roles that matter most
_RELATIVE = frozenset("which who whom whose that".split())

# Large odd numbers that spread pairs of hashes over the buckets (after Steele et al. 2014).
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SPREAD = np.uint64(0x94D049BB133111EB)
_KINDS = (np.arange(1, 17, dtype=np.uint64) * _SPREAD)[:, None]  # one number per kind of feature
_SHIFT = np.uint64(64 - BITS)
_EDGES = 1, 2  # the numbers of the start and the end of a sentence

Numbers = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


class Tagged(NamedTuple):
    """A sentence's tokens and the role of each in the sentence."""

    tokens: Sequence[Token]
    roles: Sequence[str]


@lru_cache(1 << 14)
def _number(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace"))


def _word(token: Token) -> str:
    """Return a token's word, or its kind if it is no word.

    Signs count by their kind only, so that a missing full stop changes little.
    """
    return token.text.lower() if token.kind == "word" else token.kind


class NgramFeatures(NamedTuple):
    """Features of some sentences: each feature's hash bucket, and the row of its sentence."""

    buckets: Ints
    rows: Ints


def ngram_features(sentences: Sequence[Tagged]) -> NgramFeatures:
    """Return the classifier's features: n-grams of the sentences' roles and words, edges included.

    Other features are chains of core roles (with other roles left out) and the sentence's length.
    All sentences are in one array, so a few vector operations compute all features.

    >>> len(ngram_features([Tagged([Token("word", "Run", 0, 3)], ["I"])]).buckets)
    16
    """
    start, end = _EDGES
    roles: list[int] = []
    words: list[int] = []
    is_core: list[bool] = []
    lengths: list[int] = []
    for tokens, tags in sentences:
        roles += (start, *map(_number, tags), end)
        words += (start, *map(_number, map(_word, tokens)), end)
        is_core += (True, *map(_CORE_ROLES.__contains__, tags), True)
        lengths.append(len(tags) + 2)
    sizes, sentence_rows = np.array(lengths), np.arange(len(lengths))
    rows = sentence_rows.repeat(sizes)
    role, word = np.array([roles, words], np.uint64)
    core = np.flatnonzero(is_core)
    ngrams, ngram_rows = _ngrams(role, word, rows)
    chains, chain_rows = _chains(role.take(core), rows.take(core))
    length = np.minimum(sizes, _MAX_LENGTH).astype(np.uint64) * _SECOND
    buckets = np.concatenate((ngrams, chains, length)) >> _SHIFT
    return NgramFeatures(
        buckets.astype(np.int64), np.concatenate((ngram_rows, chain_rows, sentence_rows))
    )


def _ngrams(role: Numbers, word: Numbers, rows: Ints) -> tuple[Numbers, Ints]:
    """Return hashes of each token's role and word, alone and with the next token's.

    The second value has the row of each hash's sentence.
    """
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
    inside = np.zeros(hashes.shape, bool)  # whether the n-gram stays within its sentence
    inside[3:7, :-1] = rows[1:] == rows[:-1]
    inside[7, :-2] = rows[2:] == rows[:-2]
    inside[:3, 1:] = inside[3, :-1]  # single tokens: not the sentence's edges
    inside[:3] &= inside[3]
    chosen = np.flatnonzero(inside)
    return hashes.ravel().take(chosen), rows.take(chosen % len(rows))


def _chains(role: Numbers, rows: Ints) -> tuple[Numbers, Ints]:
    """Return the hashes of two to five consecutive roles, and the rows of their sentences."""
    hashes = np.zeros((_MAX_CHAIN - 1, len(rows)), np.uint64)
    inside = np.zeros(hashes.shape, bool)
    chain, second = role, role * _SECOND
    for n in range(1, min(_MAX_CHAIN, len(rows))):
        chain = np.add(chain[:-1] * _FIRST, second[n:], out=hashes[n - 1, :-n])
        inside[n - 1, :-n] = rows[n:] == rows[:-n]
    hashes += _KINDS[8 : 8 + len(hashes)]
    chosen = np.flatnonzero(inside)
    return hashes.ravel().take(chosen), rows.take(chosen % len(rows))


def missing(sentence: Tagged) -> Missing:
    """Return what the sentence lacks if it is a fragment, such as a verb or a subject."""
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
    """Whether a sentence is a relative clause of the previous one: 'Which is why I came.'

    The treebank (training data) calls such sentences full, because 'which' is a subject. Newspapers
    do not. Questions ('Which is better?', 'Which party won?') do not count.
    """
    after = _opening(sentence) + 1
    return (
        sentence.tokens[after - 1].text.lower() == "which"
        and after < len(sentence.roles)
        and sentence.roles[after] in ("F", "E", "f")
        and sentence.tokens[-1].text != "?"
    )


def _opening(sentence: Tagged) -> int:
    """Return the index of the sentence's first word."""
    return next((at for at, token in enumerate(sentence.tokens) if token.kind == "word"), 0)


@dataclass(frozen=True)
class SentenceScorer:
    """Scores each sentence, and each text by the share of its words in full sentences."""

    tagger: Tagger
    weights: npt.NDArray[np.int8] = field(repr=False)
    knots: npt.NDArray[np.float64] = field(repr=False)
    heads: tuple[str, ...] = (HEAD,)

    def logits(self, sentences: Sequence[Tagged]) -> Probabilities:
        """Return the classifier's log-odds that each sentence is full, before calibration."""
        buckets, rows = ngram_features(sentences)
        sums = np.bincount(rows, self.weights[buckets], len(sentences))
        return sums * SCALE / np.sqrt(np.bincount(rows, minlength=len(sentences)))

    def score_sentences(self, texts: Sequence[Text]) -> list[list[SentenceScore]]:
        """Return, for each text, the results for its sentences that have words."""
        scored: list[list[SentenceScore]] = [[] for _ in texts]
        pieces = [(row, piece) for row, text in enumerate(texts) for piece in _pieces(text)]
        if not pieces:
            return scored
        tagged = [Tagged(piece, self.tagger.roles(piece)) for _, piece in pieces]
        probabilities = np.interp(self.logits(tagged), *self.knots).tolist()
        for (row, piece), sentence, probability in zip(pieces, tagged, probabilities, strict=True):
            words = sum(token.kind == "word" for token in piece)
            span = piece[0].start, piece[-1].end
            if lone_relative(sentence):
                probability = min(probability, _MAX_LONE_RELATIVE)
            elif probability < _MIN_COMMAND and is_command(
                [token.text.lower() for token in piece[:_FIRST_TOKENS]]
            ):
                probability = _MIN_COMMAND
            scored[row].append(SentenceScore(*span, words, probability, missing(sentence)))
        return scored

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return each text's expected share of words in full sentences; 0 if it has no words.

        Adds the scored sentences to the texts' notes as `sentences`.
        """
        scores = []
        for text, sentences in zip(texts, self.score_sentences(texts), strict=True):
            text.notes["sentences"] = sentences
            words = sum(sentence.words for sentence in sentences)
            full = sum(sentence.words * sentence.probability for sentence in sentences)
            scores.append(full / words if words else 0.0)
        return {HEAD: np.array(scores, np.float64)}

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - one head only
        """Return each sentence with its share of the words in full sentences, heaviest first."""
        (sentences,) = self.score_sentences([text])
        total = sum(sentence.words * sentence.probability for sentence in sentences)
        weights = [
            Weight(
                sentence.start,
                sentence.end,
                sentence.words * sentence.probability / total,
            )
            for sentence in sentences
        ]
        return sorted(weights, key=lambda weight: -weight.share)


def _pieces(text: Text) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each sentence that has words, in pieces if it is long."""
    tokens, at = text.tokens[:_MAX_TOKENS], 0
    for sentence in text.sentences[:_MAX_SENTENCES]:
        while at < len(tokens) and tokens[at].start < sentence.start:
            at += 1
        first = at
        while at < len(tokens) and tokens[at].start < sentence.end:
            at += 1
        for start in range(first, at, _MAX_PIECE):
            piece = tokens[start : min(start + _MAX_PIECE, at)]
            if any(token.kind == "word" for token in piece):
                yield piece


def load(files: Files) -> SentenceScorer:
    """Return the scorer that is stored in these files."""
    role_tagger = tagger.load(files.read("tagger.crfsuite"), files.read("classes.txt"))
    return SentenceScorer(role_tagger, files.array("weights"), files.array("knots"))
