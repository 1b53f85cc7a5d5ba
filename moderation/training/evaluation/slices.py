"""Parts of the measured comments that are guarded apart: short and long ones, groups of people.

The sets that speak of a score are taken together, so that even small parts have comments enough.
They mean different things by their labels, so each comment has its set beside it and is compared
with comments of its own set alone. Neutral mentions of identities are sentences of Wikipedia and
count with its comments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation import bias, evaluate
from moderation.training.evaluation.evaluate import Question
from moderation.training.metrics import Bools

Ints = npt.NDArray[np.int64]

ENOUGH = 20  # rows of either kind without which a part says too little to refuse by
BY_LENGTH = ("toxicity", "spam")
BY_GROUP = "toxicity"
_WITH = {"identity": "jigsaw"}


class Slice(NamedTuple):
    """A part: its name, the score it is measured by, its rows, their answers and their sets."""

    name: str
    head: str
    rows: Ints
    said: Bools
    sets: Ints

    def of(self, name: str, part: Bools) -> Slice:
        """A part of this part."""
        return Slice(name, self.head, self.rows[part], self.said[part], self.sets[part])

    @property
    def enough(self) -> bool:
        """Whether there are rows enough of either kind."""
        return min(int(self.said.sum()), int((~self.said).sum())) >= ENOUGH


def slices(rows: Sequence[Row], questions: Sequence[Question]) -> Iterator[Slice]:
    """Every part that has rows enough."""
    for head in BY_LENGTH:
        whole = together(rows, questions, head)
        texts = [rows[at].text for at in whole.rows]
        for name, part in evaluate.lengths(texts).items():
            yield from _enough(whole.of(f"{head}, {name}", part))
        if head == BY_GROUP:
            yield from _groups(whole, texts)


def _groups(whole: Slice, texts: Sequence[str]) -> Iterator[Slice]:
    found = bias.mentions(texts)
    nobody = ~np.any(list(found.values()), axis=0)
    for group, mentioned in found.items():
        for kind, part in bias.kinds(mentioned, nobody, whole.said).items():
            own = whole.said[mentioned & part]
            if max(int(own.sum()), int((~own).sum())) >= ENOUGH:
                yield from _enough(whole.of(f"{group}: {kind}", part))


def _enough(part: Slice) -> Iterator[Slice]:
    if part.enough:
        yield part


def together(rows: Sequence[Row], questions: Iterable[Question], head: str) -> Slice:
    """All rows that say something of a score, each once, natural or not."""
    said: dict[int, bool] = {}
    for question in questions:
        if question.head == head:
            chosen, answers = evaluate.answers(question._replace(natural=False), rows)
            for at, yes in zip(chosen, answers.tolist(), strict=True):
                said.setdefault(at, yes)
    if head == BY_GROUP:
        said |= {at: False for at, row in enumerate(rows) if evaluate.NEUTRAL in row.labels}
    names = [_WITH.get(rows[at].source, rows[at].source) for at in said]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return Slice(
        head,
        head,
        np.array([*said], np.int64),
        np.array([*said.values()], bool),
        np.array([numbers[name] for name in names], np.int64),
    )
