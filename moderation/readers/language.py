"""The language reader: is a comment in English, and if not, what is it in?

What carries no language is left out (links, mentions, hashtags, digits, emoji), the script is
judged, then the mean weight of the hashed n-grams, calibrated by length: ten letters say less
than a hundred. A comment that is not clearly English gets a second look without quotations and
without names (words with a capital inside a sentence), for they are nobody's language. Only
what is still doubtful then is named, which takes longer.

Files: `english.npy` and `romanised.npy` (2**bits x languages), both int8, with `scales.npy`
and `intercepts.npy` for the latter. The card holds the recipes and the calibration.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from moderation.languages import LATIN, Naming, latin_share
from moderation.models import Files, Probabilities
from moderation.ngrams import Recipe
from moderation.text import Text, Weight

FOREIGN_SCRIPT = 0.002  # the probability of English then (measured: see the card)
NO_LANGUAGE = "zxx"  # ISO 639-2 for what has no words
_NAMES_ONLY = 0.1  # the least probability for a text of little but words with capitals
_FEWEST, _SHARE = 3, 0.2  # words that must be left for a second look, and their share
_STRETCH, _AROUND = 0.4, 5  # the longest foreign stretch, in words of all; the words left beside
_QUOTING = 0.3  # the probability for English around a foreign stretch: a person decides
_CLEAR = 0.9  # from here on there is no second look
_MARKED = 0.8  # below this the foreign stretches are marked
_NAMED = 0.5  # below this the language is named
_LONGEST = 200  # letters; more do not make the answer surer

# Text without these signs holds no link, address, mention or hashtag, and needs no tokens.
_SIGNS = ("@", "#", "://", "www.", "WWW.", ".co", ".in", ".org", ".net", ".gov", "/")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_QUOTED = re.compile(r"\"[^\"\n]{2,200}\"|(?<!\w)'[^'\"\n]{2,200}'(?!\w)")
_CAPITAL = regex.compile(
    r"(?<=(?:[\p{L}\p{N},;:&)\"'\-]|\b\p{Lu}\.) ?)\p{Lu}(?:[\p{L}\p{M}]|['.\-](?=\p{L}))*+"
)
_LOWER = regex.compile(r"\p{Ll}")


def words_of(text: Text) -> list[str]:
    """The words that carry language.

    >>> from moderation.text import read
    >>> words_of(read("@ravi: 100 % right 🙏 see www.example.com #truth"))
    ['right', 'see']
    """
    if any(sign in text.clean for sign in _SIGNS):
        return [part for token in text.words for part in _WORD.findall(token.text)]
    return _WORD.findall(text.clean)


def own_words(clean: str) -> list[str]:
    """The words outside quotations, without those that have a capital inside a sentence.

    >>> own_words('Yesterday Amit Shah told them that "sab chalta hai" in Delhi.')
    ['Yesterday', 'told', 'them', 'that', 'in']
    """
    return _WORD.findall(_CAPITAL.sub(" ", _QUOTED.sub(" ", clean)))


@dataclass(frozen=True)
class LanguageReader:
    """The score `english`, and in the notes the language and the foreign stretches."""

    recipe: Recipe
    english: npt.NDArray[np.int8]
    calibration: tuple[float, float, float, float]
    naming: Naming
    heads: tuple[str, ...] = ("english",)

    def read(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """The probability that each text is in English. Notes: `language`, `foreign`."""
        found = []
        for text in texts:
            words = words_of(text)
            score = self._score(text, words)
            found.append(score)
            if score < _MARKED:
                text.notes["foreign"] = self._foreign(text)
            if score >= _NAMED:
                text.notes["language"] = "en" if words else NO_LANGUAGE
            else:
                text.notes["language"] = self.naming.name(text.clean, words)
        return {"english": np.array(found, np.float64)}

    def scores(self, texts: Sequence[Text]) -> Probabilities:
        """The probability that each text is in English, after a second look where needed."""
        return np.array([self._score(text, words_of(text)) for text in texts], np.float64)

    def _score(self, text: Text, words: Sequence[str]) -> float:
        found = self.probability(words)
        if found < _CLEAR:
            found = max(found, self._second(text, words))
        if found < _QUOTING:
            found = max(found, min(self._around(text), _QUOTING))
        return found

    def probability(self, words: Sequence[str]) -> float:
        """The probability that these words are English; 1 where there are none."""
        if not words:
            return 1.0
        if latin_share(words) < LATIN:
            return FOREIGN_SCRIPT
        joined = " ".join(words)
        slope, slope_by_length, start, start_by_length = self.calibration
        length = math.log(min(len(joined), _LONGEST))
        logit = (slope + slope_by_length * length) * self.logit(joined)
        logit += start + start_by_length * length
        return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))

    def _second(self, text: Text, words: Sequence[str]) -> float:
        """The probability for what is left without names and quotations.

        Where too little is left, nobody can tell: enough doubt to keep a person in between.
        """
        own = own_words(text.clean)
        if latin_share(own) < LATIN:
            return 0.0
        small = sum(word[0].islower() for word in own)
        if small < max(_FEWEST, _SHARE * len(words)):
            return _NAMES_ONLY if _LOWER.search(text.clean) else 0.0
        return self.probability(own) if len(own) < len(words) else 0.0

    def _around(self, text: Text) -> float:
        """The probability for what stands around one foreign stretch; 0 where that is too little.

        'Mere paas maa hai is the greatest line of Hindi cinema': people leave out the quotation
        marks. It may be a sentence of two tongues as well, so that this never makes it clear.
        """
        start = end = at = 0  # of the longest stretch
        for foreign, run in itertools.groupby(logit < 0 for logit in self._word_logits(text)):
            length = len(list(run))
            if foreign and length > end - start:
                start, end = at, at + length
            at += length
        if start == end:
            return 0.0
        if end - start > _STRETCH * len(text.words):
            return 0.0
        rest = text.words[:start] + text.words[end:]
        if len(rest) < _AROUND:
            return 0.0
        return self.probability([part for word in rest for part in _WORD.findall(word.text)])

    def logit(self, joined: str) -> float:
        """The mean weight of the n-grams, in steps of the stored integers."""
        buckets = self.recipe.buckets(self.recipe.hashes(joined))
        return int(self.english.take(buckets).sum(dtype=np.int64)) / len(buckets)

    def _word_logits(self, text: Text) -> list[float]:
        """How English each word looks, itself and its neighbours at half weight."""
        grams = self.recipe.ngrams([word.text for word in text.words])
        weights = self.english[self.recipe.buckets(grams.hashes)]
        found = np.bincount(grams.rows, weights) / np.bincount(grams.rows)
        spread = np.convolve(found, [0.5, 1.0, 0.5])[1:-1] if len(found) else found
        return [
            float(logit) if latin_share([word.text]) >= LATIN else -127.0
            for word, logit in zip(text.words, spread, strict=True)
        ]

    def _foreign(self, text: Text) -> list[tuple[int, int]]:
        """The stretches of the clean text that do not look English."""
        stretches: list[tuple[int, int]] = []
        after = False
        for word, logit in zip(text.words, self._word_logits(text), strict=True):
            if logit < 0:
                start = stretches.pop()[0] if after else word.start
                stretches.append((start, word.end))
            after = logit < 0
        return stretches

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - there is one head
        """The words that look most English, with their share of all that do."""
        if not text.words:
            return []
        logits = np.maximum(self._word_logits(text), 0)
        shares = logits / max(float(logits.sum()), 1.0)
        found = [
            Weight(word.start, word.end, float(share))
            for word, share in zip(text.words, shares, strict=True)
            if share > 0
        ]
        return sorted(found, key=lambda weight: -weight.share)


def _recipe(card: Mapping[str, Any]) -> Recipe:
    return Recipe(tuple(card["chars"]), tuple(card["words"]), card["bits"])


def load(files: Files) -> LanguageReader:
    """The reader of these files."""
    card = files.card
    naming = Naming(
        _recipe(card["naming_recipe"]),
        tuple(card["languages"]),
        np.asarray(files.array("romanised")),
        np.asarray(files.array("scales")),
        np.asarray(files.array("intercepts")),
    )
    slope, slope_by_length, start, start_by_length = card["calibration"]
    calibration = (slope, slope_by_length, start, start_by_length)
    english = np.asarray(files.array("english"))  # a view: a memmap is slow to index
    return LanguageReader(_recipe(card["recipe"]), english, calibration, naming)
