"""The field of roles as it learns (CRFsuite), and what fields say of sentences they never saw."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pycrfsuite
from joblib import Parallel, delayed

from moderation.scoring.sentences import Tagged
from moderation.scoring.tagger import Observer, Tagger, cluster
from moderation.training.sentences.dataset import Group
from moderation.training.sentences.fragments import Example

T = TypeVar("T")

_FOLDS = 2
_CRF = {"c1": 0.4, "c2": 0.02, "max_iterations": 60, "feature.minfreq": 2}


def fit(examples: Sequence[Example], lines: Sequence[str]) -> bytes:
    """CRFsuite's model of the roles; `lines` are the classes of words."""
    observer = Observer(cluster(lines))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tagger.crfsuite")
        trainer = pycrfsuite.Trainer("lbfgs", _CRF, verbose=False)
        for tokens, roles, _ in examples:
            if roles:
                trainer.append(observer.observe(tokens), roles)
        trainer.train(str(path))
        return path.read_bytes()


class InMemory(Tagger):
    """A tagger that reads a field in memory, and keeps it: pycrfsuite does not."""

    def __init__(self, field: bytes, lines: Sequence[str]) -> None:
        opened = pycrfsuite.Tagger()
        opened.open_inmemory(field)
        super().__init__(opened, Observer(cluster(lines)))
        self._bytes = field


def tagged(reader: Tagger, examples: Sequence[Example]) -> list[Tagged]:
    """The examples' sentences with their roles."""
    return [Tagged(one.tokens, reader.roles(one.tokens)) for one in examples]


def folded(groups: Sequence[Sequence[T]]) -> list[T]:
    """All examples, or what belongs to them, fold by fold."""
    return [one for number in range(_FOLDS) for one in _of_fold(number, groups)]


def fields(groups: Sequence[Group], lines: Sequence[str], jobs: int) -> tuple[bytes, list[Tagged]]:
    """The field, and the sentences of `folded` as fields say that have not seen them."""
    everything = [one for group in groups for one in group]
    *folds, field = Parallel(n_jobs=jobs)(
        [
            *(delayed(_fold)(number, groups, lines) for number in range(_FOLDS)),
            delayed(fit)(everything, lines),
        ]
    )
    return field, [one for fold in folds for one in fold]


def _fold(number: int, groups: Sequence[Group], lines: Sequence[str]) -> list[Tagged]:
    """The sentences of one fold, tagged by what was learned from the others."""
    others = [one for at, group in enumerate(groups) if at % _FOLDS != number for one in group]
    return tagged(InMemory(fit(others, lines), lines), _of_fold(number, groups))


def _of_fold(number: int, groups: Sequence[Sequence[T]]) -> list[T]:
    return [one for at, group in enumerate(groups) if at % _FOLDS == number for one in group]
