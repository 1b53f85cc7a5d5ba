"""Select slices of the comments, on which models are compared separately.

A slice is a part of the comments, by length or by the group of people that they mention. All data
sets that have a label for a score are pooled, so that even small slices have enough comments. The
labels of different sets mean different things. So each comment keeps the number of its set, and is
compared only with comments of the same set. Harmless sentences that mention identities count as
part of Wikipedia's set, because they are from Wikipedia.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import bias
from moderation.training.evaluation.evaluate import NEUTRAL, Question, binary_labels, length_masks
from moderation.training.metrics import Bools

Ints = npt.NDArray[np.int64]

MIN_ROWS = 20  # positive and negative rows each that a slice needs
BY_LENGTH = ("toxicity", "spam")
BY_GROUP = "toxicity"
_SAME_SET = {"identity": "jigsaw"}


class Slice(NamedTuple):
    """A part of the comments, such as short ones, and the name of the score (`head`) to measure.

    `rows` are the indices of the comments, `y_true` their labels, and `sets` the numbers of the
    data sets that they are from.
    """

    name: str
    head: str
    rows: Ints
    y_true: Bools
    sets: Ints

    def subset(self, name: str, part: Bools) -> Slice:
        """Return the comments of this slice that the mask `part` selects, as a new slice.

        `name` is the name of the new slice.
        """
        return Slice(name, self.head, self.rows[part], self.y_true[part], self.sets[part])

    @property
    def large_enough(self) -> bool:
        """Whether the slice has at least `MIN_ROWS` positive and `MIN_ROWS` negative rows."""
        return min(int(self.y_true.sum()), int((~self.y_true).sum())) >= MIN_ROWS


def slices(rows: Sequence[Row], questions: Sequence[Question]) -> Iterator[Slice]:
    """Yield slices (parts of the comments, by length or by group) that have enough comments."""
    for head in BY_LENGTH:
        pooled = pool(rows, questions, head)
        texts = [rows[index].text for index in pooled.rows]
        parts = [
            pooled.subset(f"{head}, {name}", mask) for name, mask in length_masks(texts).items()
        ]
        if head == BY_GROUP:
            parts += _by_group(pooled, texts)
        yield from (part for part in parts if part.large_enough)


def _by_group(pooled: Slice, texts: Sequence[str]) -> Iterator[Slice]:
    by_group = bias.mentions(texts)
    no_group = ~np.any(list(by_group.values()), axis=0)
    for group, mentioned in by_group.items():
        for kind, part in bias.subsets(mentioned, no_group, pooled.y_true).items():
            labels = pooled.y_true[mentioned & part]
            if max(int(labels.sum()), int((~labels).sum())) >= MIN_ROWS:
                yield pooled.subset(f"{group}: {kind}", part)


def pool(rows: Sequence[Row], questions: Iterable[Question], head: str) -> Slice:
    """Return a slice of all rows, from all data sets, that have a label for the score `head`.

    Each row occurs once. Rows that were not sampled at random are included.
    """
    labels: dict[int, bool] = {}
    for question in questions:
        if question.head == head:
            indices, y_true = binary_labels(question._replace(natural=False), rows)
            for index, label in zip(indices, y_true.tolist(), strict=True):
                labels.setdefault(index, label)
    if head == BY_GROUP:
        labels |= {index: False for index, row in enumerate(rows) if NEUTRAL in row.labels}
    names = [_SAME_SET.get(rows[index].source, rows[index].source) for index in labels]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return Slice(
        head,
        head,
        np.array([*labels], np.int64),
        np.array([*labels.values()], bool),
        np.array([numbers[name] for name in names], np.int64),
    )
