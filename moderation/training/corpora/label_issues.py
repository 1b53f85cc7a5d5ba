"""Find rows of a corpus whose labels are probably wrong, or whose language is not English.

Labels are checked by confident learning (Northcutt, Jiang, Chuang: Confident Learning: Estimating
Uncertainty in Dataset Labels, JAIR 2021). A row labelled negative is an issue if its score is at
least the mean score of the rows labelled positive. A row labelled positive is an issue if its score
is at most the mean score of the negative rows. A very high or very low score that contradicts the
label is always an issue. A label with few rows has no reliable mean, so only very high or low
scores make an issue there. The scores are those of the models in use. These rarely contradict the
rows that they were trained on.

Rows are read in batches. All issues are counted. Only the issues where label and score differ most
are kept.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from moderation.scoring.language import words_of
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import AnyStore, ModelStore
from moderation.text.reading import Text, read
from moderation.training.corpora.importing import ImportedRow, too_long

Why = Literal["label", "language", "long"]

MAX_ISSUES = 10_000  # to keep
BATCH = 256
# Always an issue: a positive row with a score up to the first, a negative row from the second.
CERTAIN = 0.02, 0.95
POSITIVE = 0.5  # labels and scores from here up are positive
MIN_ROWS = 10  # positive or negative rows for a meaningful mean
ENGLISH, WORDS = 0.5, 4  # not English: a score below this in a text of at least so many words

# The labels that each score is compared with, besides the label of the same name.
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


class LabelIssue(NamedTuple):
    """A suspicious row: why it is suspicious, the label, its value in the file, and the score.

    A row that is suspicious because it is too long has no label, value or score.
    """

    line: int
    why: Why
    label: str
    given: float | None
    score: float | None
    text: str


class LabelScores(NamedTuple):
    """A model's scores of the rows that are positive (`yes`) and negative (`no`) for one label."""

    yes: array[float]
    no: array[float]

    @property
    def bounds(self) -> tuple[float, float]:
        """The two scores at which a row's label begins to be doubted.

        A row labelled positive is doubted if its score is at most the first number. A row labelled
        negative is doubted if its score is at least the second number.

        >>> LabelScores(array("d", [0.8] * 10), array("d", [0.1] * 10)).bounds
        (0.1, 0.8)
        >>> LabelScores(array("d", [0.8]), array("d")).bounds
        (0.02, 0.95)
        """
        low, high = CERTAIN
        if len(self.no) >= MIN_ROWS:
            low = max(low, min(_mean(self.no), 0.5))
        if len(self.yes) >= MIN_ROWS:
            high = min(high, max(_mean(self.yes), 0.5))
        return low, high


def _mean(scores: array[float]) -> float:
    return round(sum(scores) / len(scores), 4)


class LabelIssues:
    """Collects rows whose labels are probably wrong. Keeps the `most` most suspicious ones."""

    def __init__(self, models: Models, most: int = MAX_ISSUES) -> None:
        self._models, self._most = models, most
        self._scores: dict[str, LabelScores] = {}
        self._strongest: list[tuple[float, int, LabelIssue]] = []  # a heap, the weakest first
        self._foreign = self._count = 0

    def over(self, rows: Iterable[ImportedRow]) -> Iterator[ImportedRow]:
        """Check the label of each row against the models' scores, and yield all rows unchanged."""
        stream = iter(rows)
        while batch := list(islice(stream, BATCH)):
            texts = [read(imported.row.text) for imported in batch]
            self._models.score(texts)
            for imported, text in zip(batch, texts, strict=True):
                self._check(imported, text)
            yield from batch

    def listed(self) -> list[LabelIssue]:
        """Return the suspicious rows that were kept, the most suspicious first, each row once."""
        issues: dict[tuple[int, str], LabelIssue] = {}
        for _, _, issue in sorted(self._strongest, reverse=True):
            if issue.why != "label" or self._is_issue(issue):
                issues.setdefault((issue.line, issue.text), issue)
        return [*issues.values()]

    def counts(self) -> dict[str, Any]:
        """Return how many rows are not in English, and how many rows have a doubtful label.

        The doubtful rows are counted for each label, together with the bounds: the scores at which
        the label begins to be doubted.
        """
        labels = {}
        for label, scores in self._scores.items():
            low, high = scores.bounds
            labels[label] = {
                "score": _BY_LABEL[label],
                "yes": {"doubted to": low, "rows": sum(score <= low for score in scores.yes)},
                "no": {"doubted from": high, "rows": sum(score >= high for score in scores.no)},
            }
        return {"language": self._foreign, "labels": labels}

    def _check(self, imported: ImportedRow, text: Text) -> None:
        labels = {name.partition(".")[2]: value for name, value in imported.row.labels.items()}
        for label, value in labels.items():
            score = text.scores.get(_BY_LABEL.get(label, ""))
            if score is None:
                continue
            scores = self._scores.setdefault(label, LabelScores(array("d"), array("d")))
            (scores.yes if value >= POSITIVE else scores.no).append(score)
            if (value >= POSITIVE) != (score >= POSITIVE):
                self._add(imported, abs(value - score), "label", label, value, score)
        english = text.scores.get("english", 1.0)
        if "english" not in labels and english < ENGLISH and len(words_of(text)) >= WORDS:
            self._foreign += 1
            self._add(imported, 1 - english, "language", "english", None, english)
        if too_long(imported.row.text):
            self._add(imported, 1.0, "long")

    def _add(
        self,
        imported: ImportedRow,
        strength: float,
        why: Why,
        label: str = "",
        given: float | None = None,
        score: float | None = None,
    ) -> None:
        self._count += 1
        issue = LabelIssue(imported.line, why, label, given, score, imported.row.text)
        heapq.heappush(self._strongest, (strength, -self._count, issue))
        if len(self._strongest) > self._most:
            heapq.heappop(self._strongest)

    def _is_issue(self, issue: LabelIssue) -> bool:
        low, high = self._scores[issue.label].bounds
        score = issue.score or 0.0
        return score <= low if (issue.given or 0.0) >= POSITIVE else score >= high


def load_models(reader: str, folder: AnyStore | None = None) -> Models:
    """Load the models in use whose scores show which labels are probably wrong.

    Abuse is scored by the fast model alone if `reader` is 'fast', and by the fast and the careful
    model if `reader` is 'careful'.
    """
    store = ModelStore.of(folder)
    wanted = {FAST, "language", "spam"} | ({CAREFUL} if reader == CAREFUL else set())
    versions = {name: version for name, version in store.champions().items() if name in wanted}
    return Models.load(store, versions)
