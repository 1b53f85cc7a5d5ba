"""The language scorer: the probability that a comment is in English, and the language if it is not.

Links, mentions, hashtags, digits and emoji are left out. If most letters are not Latin, the script
decides. Otherwise the mean weight of the text's hashed n-grams gives the probability. It is
calibrated by length, since ten letters say less than a hundred. A comment that is not clearly
English is scored a second time without quotations and names (words with a capital inside a
sentence), because they may be of any language. If it is still doubtful, its language is named.

Files: `english.npy` (2**bits, int8) has the weights for English. `naming.npy` (2**naming_bits x
languages, int8), `scales.npy` and `intercepts.npy` name other languages. The card holds the
settings of the n-grams and the calibration.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import regex

from moderation.scoring.card import LanguageCard
from moderation.scoring.languages import LATIN, Naming, latin_share, prior_log_odds
from moderation.scoring.ngrams import Floats, Ints, Recipe
from moderation.scoring.scorer import Probabilities
from moderation.scoring.store import Files
from moderation.text.reading import Text, Weight
from moderation.text.vocabulary import ENGLISH, WORKS, evidence, is_english, without_phrases

FOREIGN_SCRIPT = 0.002  # the probability of English in another script (measured: see the card)
NO_LANGUAGE = "zxx"  # the ISO 639-2 code for text without words
_NAMES_ONLY = 0.1  # the lowest probability if nearly all words have capitals
_MIN_WORDS, _MIN_SHARE = 3, 0.2  # the second look needs so many words, and this share of all words
_MAX_STRETCH = 0.4  # the longest foreign stretch with English around it, as a share of all words
_MIN_AROUND = 5  # words that must be around it
_MAX_AROUND_FOREIGN = 0.3  # the highest probability for English around it: a person decides
_CLEAR = 0.9  # no second look from this probability on
_MARKED = 0.8  # below this the foreign stretches are marked
_NAMED = 0.5  # below this the language is named
_MAX_LETTERS = 200  # letters; more do not make the probability more certain
_SPREAD = np.array([0.5, 1.0, 0.5], np.float32)  # the weights of a word and its two neighbours
_LOWEST = -127.0  # the lowest int8: the weight of a word in another script
_ENOUGH = 2  # English words that make a comment English if no foreign word is in it
_JUDGED = 5  # fewer words without names are no proof of a foreign sentence
_NAMES = 4  # unknown words that may be names if English words are with them
_SURELY_FOREIGN = 0.02  # below this, one frequent foreign word proves a short foreign sentence
_FRAME = 4  # English words to each foreign one, if some are words of foreign grammar
_FEW_WORDS = 0.06  # the least probability for few words: a person at most
_CERTAIN = 3  # foreign words that prove a foreign sentence however short it is
_SURE = 0.97  # the probability if the words alone prove English
_OBSERVED = 0.71  # the probability that keeps a finding just below review
_STRANGE = 0.5  # a word below this probability looks foreign
_CLAUSE_SCORE = 0.55  # the probability if one clause is foreign
_TITLE = 8  # the most words of a title of a film or song
_ENGLISH_SHARE = 0.35  # of the words of a foreign clause
_FOREIGN_CLAUSE = 0.1  # the highest probability of a foreign clause
_MOST_WORDS = 200  # to judge singly; more do not make the answer surer
_MOST_CLAUSES = 200  # to judge

# Text without these signs has no link, address, mention or hashtag, and needs no tokens.
_SIGNS = ("@", "#", "://", "www.", "WWW.", ".co", ".in", ".org", ".net", ".gov", "/")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_LINK = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+|\S+@\S+")
_QUOTED = re.compile(r"\"[^\"\n]{2,200}\"|(?<!\w)'[^'\"\n]{2,200}'(?!\w)")
_CLAUSE = re.compile(r"\w(?:[^.!?;:,()\n\u2026]|(?<=\w)[.:](?=\w))*\w")
_CAPITAL = regex.compile(
    r"(?<=(?:[\p{L}\p{N},;:&)\"'\-]|\b\p{Lu}\.) ?)\p{Lu}(?:[\p{L}\p{M}]|['.\-](?=\p{L}))*+"
)
_LOWER = regex.compile(r"\p{Ll}")
# A list of three or more items of one or two words: 'a, b c and d', 'a, b, c, '.
_ITEM = r"\w++(?: \w++)?+, ?+"
_LAST = r"\w++(?: \w++)??,? (?:and|or|&) \w++"
_LIST = regex.compile(rf"(?<!\w)(?:(?:{_ITEM}){{3,}}+(?:{_LAST})?+|(?:{_ITEM}){{2}}{_LAST})")


def words_of(text: Text) -> list[str]:
    """Return the words of a text, without links, mentions, hashtags and digits.

    >>> from moderation.text.reading import read
    >>> words_of(read("@ravi: 100 % right 🙏 see www.example.com #truth"))
    ['right', 'see']
    """
    if any(sign in text.clean for sign in _SIGNS):
        return [part for token in text.words for part in _WORD.findall(token.text)]
    return _WORD.findall(text.clean)


def core_words(clean: str) -> list[str]:
    """Return the words of a text without quotations, lists and names (capitals inside a sentence).

    >>> core_words('Yesterday Amit Shah told them that "sab chalta hai" in Delhi.')
    ['Yesterday', 'told', 'them', 'that', 'in']
    >>> core_words("dosa, idli, vada and pongal, who needs cereal")
    ['who', 'needs', 'cereal']
    """
    return _WORD.findall(_CAPITAL.sub(" ", _unquoted(clean)))


def _unquoted(clean: str) -> str:
    """Return a text without quotations and lists. A text all in capitals becomes small letters."""
    if not _LOWER.search(clean):
        clean = clean.lower()  # in a comment all in capitals they do not show names
    clean = _QUOTED.sub(" ", clean)
    if clean.count(",") > 1:
        clean = _LIST.sub(" ", clean)
    return clean


class Grams(NamedTuple):
    """The n-grams of some words: their hash buckets, and each bucket's weight for English."""

    words: Sequence[str]
    letters: int
    buckets: Ints
    weights: npt.NDArray[np.int8]

    @property
    def mean(self) -> float:
        """The mean weight of the n-grams, as stored (int8), before it is scaled."""
        return int(self.weights.sum(dtype=np.int64)) / len(self.weights)


@dataclass(frozen=True)
class LanguageScorer:
    """Gives the score `english`, and notes a comment's language and its foreign passages."""

    recipe: Recipe
    english: npt.NDArray[np.int8]
    calibration: tuple[float, float, float, float]
    naming: Naming
    heads: tuple[str, ...] = ("english",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return the probability that each text is in English.

        Adds the language's code (`language`) and the foreign passages (`foreign`) to the text's
        notes.
        """
        return {"english": np.array([self._score(text) for text in texts], np.float64)}

    def _score(self, text: Text) -> float:
        grams = self.grams(words_of(text))
        score = self._probability(grams)
        if score < _CLEAR:
            score = max(score, self._second_look(text, len(grams.words)))
        if score < _CLEAR:
            score = max(score, self._by_words(text, self._probability(grams)))
        if score >= _MAX_AROUND_FOREIGN and (clauses := self._foreign_clauses(text, grams)):
            text.notes["foreign"], text.notes["language"] = clauses, "en"
            return min(score, _CLAUSE_SCORE)
        if score < _MARKED:
            foreign = (self._word_logits(text, grams) < 0).tolist()
            text.notes["foreign"] = _stretches(text, foreign)
            if score < _MAX_AROUND_FOREIGN:
                score = max(score, min(self._around_foreign(text, foreign), _MAX_AROUND_FOREIGN))
        text.notes["language"] = self._language(text, grams, score)
        return score

    def _language(self, text: Text, grams: Grams, score: float) -> str:
        if score >= _NAMED:
            return "en" if grams.words else NO_LANGUAGE
        if latin_share(grams.words) < LATIN:
            return self.naming.by_script(text.clean, sum(map(len, grams.words)))
        return self.naming.by_ngrams(grams.buckets, self.recipe.bits)

    def probability(self, words: Sequence[str]) -> float:
        """Return the probability that these words are English, or 1 if there are no words."""
        return self._probability(self.grams(words))

    def grams(self, words: Sequence[str]) -> Grams:
        """Return the n-grams of these words, joined by spaces."""
        joined = " ".join(words)
        buckets = self.recipe.buckets(self.recipe.hashes(joined))
        return Grams(words, len(joined), buckets, self.english.take(buckets))

    def _probability(self, grams: Grams) -> float:
        if not grams.words:
            return 1.0
        if latin_share(grams.words) < LATIN:
            return FOREIGN_SCRIPT
        slope, slope_by_length, start, start_by_length = self.calibration
        length = math.log(min(grams.letters, _MAX_LETTERS))
        logit = (slope + slope_by_length * length) * grams.mean
        logit += start + start_by_length * length
        return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))

    def _second_look(self, text: Text, count: int) -> float:
        """Return the probability of English for a text without its names and quotations.

        `count` is the text's number of words. If too few words are left, the probability is so low
        that a person decides.
        """
        words = core_words(text.clean)
        if latin_share(words) < LATIN:
            return 0.0
        lower_case = sum(word[0].islower() for word in words)
        if lower_case < max(_MIN_WORDS, _MIN_SHARE * count):
            return _NAMES_ONLY if _LOWER.search(text.clean) else 0.0
        return self.probability(words) if len(words) < count else 0.0

    def _by_words(self, text: Text, score: float) -> float:
        """Return the probability of English that the text's words show by themselves.

        Words in quotations, lists, slogans and names do not count. A sentence takes its grammar
        words ('the') from one language, so English ones outweigh borrowed nouns. Few words do not
        prove that a sentence is foreign, and names and cheers prove nothing. `score` is the
        probability by n-grams.
        """
        clean = without_phrases(_LINK.sub(" ", text.clean))
        words, outside = _WORD.findall(clean), _WORD.findall(_unquoted(clean))
        words = outside if len(outside) * 2 >= len(words) else words
        words = words[:_MOST_WORDS]
        if latin_share(words or ["a"]) < LATIN:
            return 0.0
        counts = evidence(words, self._is_strange)
        against = counts.foreign + counts.strange
        if not against and counts.english >= _ENOUGH:
            return _SURE
        if counts.grammar >= _ENOUGH:
            if not counts.foreign and counts.english >= 3 * against:
                return _SURE
            if counts.english >= against * (_FRAME if counts.foreign else 1):
                return _OBSERVED
        borrowing = counts.grammar and not counts.foreign and counts.english >= _ENOUGH
        if borrowing and counts.english >= against:  # 'The babu wants bijli and sadak'
            return _OBSERVED
        titled = counts.works and counts.grammar and against <= _TITLE
        if titled and counts.english * 3 >= against * 2:
            return _OBSERVED
        predicate = any(is_english(word.lower()) for word in words[-_ENOUGH:])
        named = not counts.foreign and counts.strange <= _NAMES
        if named and predicate and counts.english >= _ENOUGH:  # 'virat kohli bats well'
            return _OBSERVED
        certain = counts.foreign >= max(_ENOUGH, counts.english)
        certain = certain or against >= max(_CERTAIN, counts.english + 1)
        certain = certain or (counts.foreign > 0 and score < _SURELY_FOREIGN)
        if counts.total >= _JUDGED or against > _CERTAIN:
            return 0.0
        return _FEW_WORDS if certain else _OBSERVED

    def _foreign_clauses(self, text: Text, grams: Grams) -> list[tuple[int, int]]:
        """Return the start and end of each foreign clause of a comment with several clauses.

        Quotations and slogans do not count. Nor does a title, if a word such as 'song' shows that
        it is one.
        """
        words = " ".join(grams.words).lower().split()
        if len(words) - sum(map(ENGLISH.__contains__, words)) < _CERTAIN:
            return []
        blank = text.clean
        if any(sign in blank for sign in _SIGNS):
            blank = _LINK.sub(_spaces, blank)
        if '"' in blank or "'" in blank:
            blank = _QUOTED.sub(_spaces, blank)
        clauses = [match.span() for match in islice(_CLAUSE.finditer(blank), _MOST_CLAUSES)]
        if len(clauses) < 2:
            return []
        foreign = [(start, end) for start, end in clauses if self._is_foreign(blank[start:end])]
        return [] if foreign and not WORKS.isdisjoint(words) else foreign

    def _is_foreign(self, clause: str) -> bool:
        """Whether a clause has hardly any English word, and is no slogan with names."""
        small = clause.lower().split()
        if sum(map(ENGLISH.__contains__, small)) > _ENGLISH_SHARE * len(small):
            return False
        words = _WORD.findall(clause)
        rest = evidence(_WORD.findall(without_phrases(clause)), self._is_strange)
        if rest.foreign + rest.strange < _ENOUGH:
            return False
        counts = evidence(words, self._is_strange)
        against = counts.foreign + counts.strange
        certain = against >= max(_CERTAIN, 3 * counts.english) and counts.foreign > 0
        return certain and self.probability(words) < _FOREIGN_CLAUSE

    def _is_strange(self, word: str) -> bool:
        return self.probability([word]) < _STRANGE

    def _around_foreign(self, text: Text, foreign: Sequence[bool]) -> float:
        """Return the probability of English for the words around the longest foreign passage.

        If too few words are around it, return 0. People leave out quotation marks: 'Mere paas maa
        hai is the greatest line of Hindi cinema'. But such a sentence may also be in two languages,
        so the caller caps the probability.
        """
        start = end = at = 0  # of the longest stretch
        for is_foreign, run in groupby(foreign):
            length = len(list(run))
            if is_foreign and length > end - start:
                start, end = at, at + length
            at += length
        left = len(foreign) - end + start
        if start == end or end - start > _MAX_STRETCH * len(foreign) or left < _MIN_AROUND:
            return 0.0
        rest = text.words[:start] + text.words[end:]
        return self.probability([part for word in rest for part in _WORD.findall(word.text)])

    def _word_logits(self, text: Text, grams: Grams) -> Floats:
        """Return how English each word looks, together with its neighbours, which count half."""
        tokens = [word.text for word in text.words]
        if not tokens:
            return np.zeros(0, np.float32)
        if tokens != grams.words:  # there are digits, links or hyphens
            grams = self.grams(tokens)
        means = self.recipe.word_means(grams.weights, [len(token) for token in tokens])
        if text.clean.isascii():
            return np.convolve(means, _SPREAD)[1:-1]
        other_script = [latin_share([token]) < LATIN for token in tokens]
        means[other_script] = 0  # it says nothing about the neighbours
        logits = np.convolve(means, _SPREAD)[1:-1]
        logits[other_script] = _LOWEST
        return logits

    def explain(self, text: Text, head: str) -> list[Weight]:  # noqa: ARG002 - there is one head
        """Return the words that look English, heaviest first, with their shares of the evidence."""
        if not text.words:
            return []
        logits = np.maximum(self._word_logits(text, self.grams(words_of(text))), 0)
        shares = logits / max(float(logits.sum()), 1.0)
        weights = [
            Weight(word.start, word.end, float(share))
            for word, share in zip(text.words, shares, strict=True)
            if share > 0
        ]
        return sorted(weights, key=lambda weight: -weight.share)


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _stretches(text: Text, foreign: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the start and end of each passage of foreign words. Neighbouring words are merged."""
    stretches: list[tuple[int, int]] = []
    after_foreign = False
    for word, is_foreign in zip(text.words, foreign, strict=True):
        if is_foreign:
            start = stretches.pop()[0] if after_foreign else word.start
            stretches.append((start, word.end))
        after_foreign = is_foreign
    return stretches


def load(files: Files) -> LanguageScorer:
    """Return the scorer that is stored in these files."""
    card = files.parsed_card(LanguageCard)
    naming = Naming(
        card.naming_bits,
        card.languages,
        np.ascontiguousarray(files.array("naming"), np.float32),
        files.array("scales"),
        files.array("intercepts") + prior_log_odds(card.languages),
    )
    english = files.array("english")
    return LanguageScorer(card.recipe.recipe(), english, card.calibration, naming)
