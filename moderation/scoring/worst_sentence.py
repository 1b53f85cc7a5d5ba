"""Score a comment by its worst sentence, so that civil sentences do not hide an abusive one.

A model's score is a mean over the words of a comment. One threat among ten civil sentences hardly
moves it. `WorstSentenceScorer` also scores sentences alone. Each score is then the higher of two:
the score of the whole comment, and that of its worst sentence, less a discount. A comment of one
sentence keeps its score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from moderation.scoring.calibration import log_odds
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.text.disguise import Deobfuscated
from moderation.text.reading import Piece, Text, Weight

NOTE = "worst sentence"  # in a text's notes, by head: the sentence whose score counts


class Discount(NamedTuple):
    """How much is taken off a sentence's log-odds, because the model may misread a lone sentence.

    It grows with the number of sentences: among many, it is likelier that one is misread.
    """

    least: float
    growth: float

    def of(self, sentences: int) -> float:
        """Return the discount in a comment of so many sentences. It grows from `_FEW` sentences on.

        >>> Discount(0.65, 0.45).of(2), round(Discount(0.65, 0.45).of(10), 2)
        (0.65, 0.96)
        """
        return self.least + self.growth * log(max(sentences, _FEW) / _FEW)


_FEW = 5
# Measured on natural comments of the validation split; see docs/experiments.md, "One bad sentence".
_ABUSE, _TARGETED, _THREAT = Discount(0.65, 0.45), Discount(2.0, 0.45), Discount(1.0, 0.2)
DISCOUNTS: Mapping[str, Discount] = {
    **dict.fromkeys(
        ("toxicity", "severe_toxicity", "insult", "profanity", "sexually_explicit"), _ABUSE
    ),
    **dict.fromkeys(("personal_attack", "identity_attack"), _TARGETED),
    "threat": _THREAT,
}


class Part(NamedTuple):
    """A sentence of a comment: the comment's row, the sentence's offset, and its text."""

    row: int
    start: int
    text: Text


@runtime_checkable
class SentenceAware(Scorer, Protocol):
    """A scorer that chooses the sentences that are worth scoring alone."""

    def suspects(
        self, texts: Sequence[Text], parts: Sequence[Part], scores: Mapping[str, Probabilities]
    ) -> list[int]:
        """Return the indices of the sentences (`parts`) to score alone.

        `texts` are the whole comments, and `scores` are the scores of these comments.
        """


@dataclass(frozen=True)
class WorstSentenceScorer:
    """Scores whole comments with `base`, and also each sentence alone that `base` suspects.

    `caution` is added to every discount of a sentence's log-odds, for a base that misreads
    sentences more often.
    """

    base: SentenceAware
    caution: float = 0.0

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores: those of `base`."""
        return self.base.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text."""
        scores = {head: np.array(values) for head, values in self.base.score(texts).items()}
        for text in texts:
            text.notes[NOTE] = {}
        parts = [part for row, text in enumerate(texts) for part in _parts(row, text)]
        if not parts:
            return scores
        parts = [parts[index] for index in self.base.suspects(texts, parts, scores)]
        if not parts:
            return scores
        counts = [len(texts[part.row].sentences) for part in parts]
        for head, values in self.base.score([part.text for part in parts]).items():
            if head not in DISCOUNTS:
                continue
            discounts = [self.caution + DISCOUNTS[head].of(count) for count in counts]
            odds = log_odds(values) - np.array(discounts)
            for part, value in zip(parts, 1 / (1 + np.exp(-odds)), strict=True):
                if value > scores[head][part.row]:
                    scores[head][part.row] = value
                    texts[part.row].notes[NOTE][head] = part
        return scores

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the words that contributed most to the score `head`, heaviest first.

        They are words of the worst sentence if its score counts, and otherwise of the whole text.
        """
        part: Part | None = text.notes.get(NOTE, {}).get(head)
        if part is None:
            return self.base.explain(text, head)
        return [
            Weight(start + part.start, end + part.start, share)
            for start, end, share in self.base.explain(part.text, head)
        ]


def _parts(row: int, text: Text) -> Iterator[Part]:
    """Yield the sentences of a text, or nothing if it has only one."""
    if len(text.sentences) > 1:
        for sentence in text.sentences:
            pieces = [Piece(0, 0, len(sentence.text), True)]
            part = Text(sentence.text, sentence.text, text.comment, pieces)
            if not text.deobfuscated.edits:  # so that no disguise is looked for again
                part.deobfuscated = Deobfuscated(sentence.text)
            yield Part(row, sentence.start, part)
