"""The sentences reader: is each sentence full, and is the comment as a whole in full sentences?

A conditional random field (CRFsuite) gives each word its role: a finite verb of a main clause, a
subject, a subordinator … A logistic regression on n-grams of roles and words then judges the
sentence. Neither looks at capitals or at the full stop at the end alone.

Files: `tagger.crfsuite`, `weights.npy` (2**bits, int8), `knots.npy` (2 x knots: log-odds and
the calibrated probabilities there).
"""

from __future__ import annotations

import math
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pycrfsuite

from moderation.models import Files, Probabilities
from moderation.splitting import Judged, Missing
from moderation.text import Text, Token, Weight

HEAD = "full_sentences"
BITS = 16  # of the judge's buckets
SCALE = 3.0  # of its features, whose squares sum up to SCALE ** 2
_MOST_TOKENS = 200  # of one sentence; what is longer is read in pieces
_MOST_SENTENCES = 500  # of one comment; what comes after is not judged


def observations(tokens: Sequence[Token]) -> list[list[str]]:
    """What the tagger sees of each token: words around it, endings, and the shape of letters.

    >>> observations([Token("word", "Run", 0, 3)])[0][:4]
    ['b', 'w=run', 'p=^', 'q=$']
    """
    words = ["^", "^", *map(_seen, tokens), "$", "$"]
    tails = ["=" + word[-3:] for word in words]
    found = []
    for at, token in enumerate(tokens, 2):
        before, word, after = words[at - 1], words[at], words[at + 1]
        text = token.text
        shape = "U" if text.isupper() else "C" if text[:1].isupper() else "l"
        found.append(
            [
                "b",
                "w=" + word,
                "p=" + before,
                "q=" + after,
                "P=" + words[at - 2],
                "Q=" + words[at + 2],
                f"pw={before}|{word}",
                f"wq={word}|{after}",
                f"pq={before}|{after}",
                "s3" + tails[at],
                "s2=" + word[-2:],
                "h3=" + word[:3],
                "ps3" + tails[at - 1],
                "qs3" + tails[at + 1],
                shape if at > 2 else shape + "^",
            ]
        )
    return found


def _seen(token: Token) -> str:
    """A word in small letters, a sign as it is, the kind of all else."""
    if token.kind == "word":
        return token.text.lower()
    return token.text if token.kind == "other" else f"<{token.kind}>"


def evidence(tokens: Sequence[Token], roles: Sequence[str]) -> list[int]:
    """The buckets of what the judge sees of a sentence, each once: n-grams of roles and words."""
    words = [token.text.lower() if token.kind == "word" else token.kind for token in tokens]
    tags = ["<", *roles, ">"]
    found = {
        *tags,
        *map("2{}_{}".format, tags, tags[1:]),
        *map("3{}_{}_{}".format, tags, tags[1:], tags[2:]),
        *map("w{}".format, words),
        *map("w{}_{}".format, words, words[1:]),
        *map("t{}_{}".format, words, roles),
        "f" + words[0],
        "f" + " ".join(words[:2]),
        f"f{words[0]}_{tags[2]}",
        "l" + words[-1],
        f"n{min(len(words), 12)}",
    }
    mask = (1 << BITS) - 1
    return [zlib.crc32(gram.encode("utf-8", "replace")) & mask for gram in found]


def missing(tokens: Sequence[Token], roles: Sequence[str]) -> Missing:
    """What a sentence lacks if it is a fragment."""
    joined = "".join(roles)
    finite = any(role in "FIEf" for role in joined)
    opening = next((role for token, role in zip(tokens, roles, strict=True) if _is_word(token)), "")
    if finite and opening == "M":
        return "main clause"
    if "S" not in joined and any(role in "FIE" for role in joined):
        return "subject"
    return "verb"


def _is_word(token: Token) -> bool:
    return token.kind == "word"


@dataclass
class SentenceReader:
    """Judges each sentence of a text, and the text by the share of words in full ones."""

    tagger: Any  # pycrfsuite has no types
    weights: npt.NDArray[np.int8]
    knots: npt.NDArray[np.float64]
    heads: tuple[str, ...] = (HEAD,)
    # The tagger holds one sentence at a time, so threads take turns.
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def roles(self, tokens: Sequence[Token]) -> list[str]:
        """The role of each token, in one letter or two; see `training/treebank.py`."""
        seen = observations(tokens)
        with self._turn:
            return list(self.tagger.tag(seen))

    def logit(self, tokens: Sequence[Token], roles: Sequence[str]) -> float:
        """The judge's log-odds that a sentence is full, before calibration."""
        buckets = evidence(tokens, roles)
        total = int(self.weights[buckets].sum(dtype=np.int64))
        return total * SCALE / math.sqrt(len(buckets))

    def judge(self, text: Text) -> list[Judged]:
        """Every sentence that has words."""
        found, tokens, at = [], text.tokens, 0
        for sentence in text.sentences[:_MOST_SENTENCES]:
            while at < len(tokens) and tokens[at].start < sentence.start:
                at += 1
            first = at
            while at < len(tokens) and tokens[at].start < sentence.end:
                at += 1
            for begin in range(first, at, _MOST_TOKENS):
                piece = tokens[begin : min(begin + _MOST_TOKENS, at)]
                words = sum(map(_is_word, piece))
                if words:
                    found.append(self._judged(piece, words))
        return found

    def _judged(self, tokens: Sequence[Token], words: int) -> Judged:
        roles = self.roles(tokens)
        logit = self.logit(tokens, roles)
        probability = float(np.interp(logit, self.knots[0], self.knots[1]))
        lack = missing(tokens, roles)
        return Judged(tokens[0].start, tokens[-1].end, words, probability, lack)

    def read(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """The expected share of words in full sentences (1 without words); notes each sentence."""
        scores = []
        for text in texts:
            judged = self.judge(text)
            text.notes["sentences"] = judged
            words = sum(sentence.words for sentence in judged)
            full = sum(sentence.words * sentence.probability for sentence in judged)
            scores.append(full / words if words else 1.0)
        return {HEAD: np.array(scores, np.float64)}

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - one head only
        """The sentences that are full, with their share of the words in full ones."""
        judged = self.judge(text)
        total = sum(sentence.words * sentence.probability for sentence in judged)
        found = [
            Weight(sentence.start, sentence.end, sentence.words * sentence.probability / total)
            for sentence in judged
        ]
        return sorted(found, key=lambda weight: -weight.share)


def load(files: Files) -> SentenceReader:
    """The reader of these files."""
    tagger = pycrfsuite.Tagger()
    tagger.open(str(files.path("tagger.crfsuite")))
    return SentenceReader(tagger, files.array("weights"), files.array("knots").astype(np.float64))
