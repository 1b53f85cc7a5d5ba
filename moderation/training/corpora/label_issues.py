"""Rows of a corpus that a person should look at: labels that the models doubt, other languages.

A label is doubted as in confident learning (Northcutt, Jiang, Chuang: Confident Learning:
Estimating Uncertainty in Dataset Labels, JAIR 2021): a row labelled no whose score is at least the
mean score of the rows labelled yes, and the other way round. What is very sure is doubted whatever
the means are; where a label has few rows of a kind, nothing else is. Scores count as the
champion's opinion: what it learned from itself it will hardly doubt.

Rows are read batch by batch. Of the doubtful the strongest are kept, all are counted.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from moderation.scoring.language import words_of
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import SHIPPED, champions
from moderation.text.reading import Text, read
from moderation.training.corpora.importing import Found, too_long

Why = Literal["label", "language", "long"]

MOST = 10_000  # rows that are kept to be looked at
BATCH = 256
SURE = 0.02, 0.95  # doubted in any case: yes up to here, no from here on
YES = 0.5  # labels and scores from here on say yes
FEW = 10  # rows of a kind whose mean says nothing
ENGLISH, WORDS = 0.5, 4  # not in English below this score, from so many words on

# Which score speaks of a label; a label with a score's own name is spoken of by that.
HEADS = {
    "toxicity": "toxic abusive offensive uncivil aggressive overt hostile unhealthy rude".split(),
    "severe_toxicity": ["severe"],
    "profanity": ["obscene"],
    "insult": ["insult"],
    "threat": ["threat"],
    "identity_attack": "identity hate hateful".split(),
    "sexually_explicit": ["sexual"],
    "personal_attack": "attack person recipient".split(),
    "spam": ["spam"],
    "english": ["english"],
}
_BY_LABEL = {label: head for head, labels in HEADS.items() for label in (head, *labels)}


class Suspect(NamedTuple):
    """A row to look at: why, and where it is for a label, what the corpus says and the score."""

    line: int
    why: Why
    label: str
    given: float | None
    score: float | None
    text: str


class Judged(NamedTuple):
    """The scores of the rows that one label calls yes, and of those that it calls no."""

    yes: array[float]
    no: array[float]

    @property
    def bounds(self) -> tuple[float, float]:
        """Up to which score a yes is doubted, and from which on a no.

        >>> Judged(array("d", [0.8] * 10), array("d", [0.1] * 10)).bounds
        (0.1, 0.8)
        >>> Judged(array("d", [0.8]), array("d")).bounds
        (0.02, 0.95)
        """
        low, high = SURE
        if len(self.no) >= FEW:
            low = max(low, min(_mean(self.no), 0.5))
        if len(self.yes) >= FEW:
            high = min(high, max(_mean(self.yes), 0.5))
        return low, high


def _mean(scores: array[float]) -> float:
    return round(sum(scores) / len(scores), 4)


class Suspects:
    """Watches rows go by; says afterwards which of them to look at."""

    def __init__(self, models: Models, most: int = MOST) -> None:
        self._models, self._most = models, most
        self._judged: dict[str, Judged] = {}
        self._kept: list[tuple[float, int, Suspect]] = []  # a heap, the weakest first
        self._foreign = self._seen = 0

    def over(self, rows: Iterable[Found]) -> Iterator[Found]:
        """The same rows, while the models read them."""
        stream = iter(rows)
        while batch := list(islice(stream, BATCH)):
            texts = [read(found.row.text) for found in batch]
            self._models.score(texts)
            for found, text in zip(batch, texts, strict=True):
                self._watch(found, text)
            yield from batch

    def listed(self) -> list[Suspect]:
        """Those to look at, the strongest first, each row once. Of very many, the first."""
        found: dict[tuple[int, str], Suspect] = {}
        for _, _, suspect in sorted(self._kept, reverse=True):
            if suspect.why != "label" or self._doubted(suspect):
                found.setdefault((suspect.line, suspect.text), suspect)
        return [*found.values()]

    def counts(self) -> dict[str, Any]:
        """How many rows are not in English, and how many labels are doubted, each from where on."""
        labels = {}
        for label, judged in self._judged.items():
            low, high = judged.bounds
            labels[label] = {
                "score": _BY_LABEL[label],
                "yes": {"doubted to": low, "rows": sum(it <= low for it in judged.yes)},
                "no": {"doubted from": high, "rows": sum(it >= high for it in judged.no)},
            }
        return {"language": self._foreign, "labels": labels}

    def _watch(self, found: Found, text: Text) -> None:
        labels = {name.partition(".")[2]: value for name, value in found.row.labels.items()}
        for label, given in labels.items():
            score = text.scores.get(_BY_LABEL.get(label, ""))
            if score is None:
                continue
            judged = self._judged.setdefault(label, Judged(array("d"), array("d")))
            (judged.yes if given >= YES else judged.no).append(score)
            if (given >= YES) != (score >= YES):
                self._keep(found, abs(given - score), "label", label, given, score)
        english = text.scores.get("english", 1.0)
        if "english" not in labels and english < ENGLISH and len(words_of(text)) >= WORDS:
            self._foreign += 1
            self._keep(found, 1 - english, "language", "english", None, english)
        if too_long(found.row.text):
            self._keep(found, 1.0, "long")

    def _keep(
        self,
        found: Found,
        strength: float,
        why: Why,
        label: str = "",
        given: float | None = None,
        score: float | None = None,
    ) -> None:
        self._seen += 1
        made = Suspect(found.line, why, label, given, score, found.row.text)
        heapq.heappush(self._kept, (strength, -self._seen, made))
        if len(self._kept) > self._most:
            heapq.heappop(self._kept)

    def _doubted(self, suspect: Suspect) -> bool:
        low, high = self._judged[suspect.label].bounds
        score = suspect.score or 0.0
        return score <= low if (suspect.given or 0.0) >= YES else score >= high


def readers(reader: str, folder: Path | None = None) -> Models:
    """The models that look: of the two that judge abuse the `fast` one, or the `careful` too."""
    root = folder or SHIPPED
    looking = {FAST, "language", "spam"} | ({CAREFUL} if reader == CAREFUL else set())
    used = {name: version for name, version in champions(root).items() if name in looking}
    return Models.load(root, used)
