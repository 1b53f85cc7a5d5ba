"""The tagger of roles: a conditional random field (CRFsuite), fitted and cross-validated."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pycrfsuite
from joblib import Parallel, delayed

from moderation.scoring.sentences import Tagged
from moderation.scoring.tagger import Observer, Tagger, read_clusters
from moderation.training.sentences.dataset import Group
from moderation.training.sentences.fragments import Example

T = TypeVar("T")

_FOLDS = 2
_CRF = {"c1": 0.4, "c2": 0.02, "max_iterations": 60, "feature.minfreq": 2}


def fit(examples: Sequence[Example], lines: Sequence[str]) -> bytes:
    """Fit a CRF to the roles of the examples and return CRFsuite's model file.

    `lines` are the word clusters, one a line. Examples without roles are left out.
    """
    observer = Observer(read_clusters(lines))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tagger.crfsuite")
        trainer = pycrfsuite.Trainer("lbfgs", _CRF, verbose=False)
        for tokens, roles, _ in examples:
            if roles:
                trainer.append(observer.observe(tokens), roles)
        trainer.train(str(path))
        return path.read_bytes()


class InMemoryTagger(Tagger):
    """A tagger whose CRF is in memory. It holds the bytes, because pycrfsuite does not."""

    def __init__(self, crf: bytes, lines: Sequence[str]) -> None:
        tagger = pycrfsuite.Tagger()
        tagger.open_inmemory(crf)
        super().__init__(tagger, Observer(read_clusters(lines)))
        self._bytes = crf


def tag(tagger: Tagger, examples: Sequence[Example]) -> list[Tagged]:
    """Return the examples' sentences with predicted roles."""
    return [Tagged(example.tokens, tagger.roles(example.tokens)) for example in examples]


def in_fold_order(groups: Sequence[Sequence[T]]) -> list[T]:
    """Return the members of all groups, fold by fold: the order of `fit_and_cross_tag`."""
    return [member for fold in range(_FOLDS) for member in _fold(fold, groups)]


def fit_and_cross_tag(
    groups: Sequence[Group], lines: Sequence[str], jobs: int
) -> tuple[bytes, list[Tagged]]:
    """Fit a CRF to all examples, and tag each one with a CRF fitted to the other folds.

    All examples of a group are in one fold. Return the CRF's model file, and the tagged sentences
    in the order of `in_fold_order`.
    """
    examples = [example for group in groups for example in group]
    *folds, crf = Parallel(n_jobs=jobs)(
        [
            *(delayed(_tag_fold)(fold, groups, lines) for fold in range(_FOLDS)),
            delayed(fit)(examples, lines),
        ]
    )
    return crf, [sentence for fold in folds for sentence in fold]


def _tag_fold(fold: int, groups: Sequence[Group], lines: Sequence[str]) -> list[Tagged]:
    """Tag the sentences of one fold with a CRF fitted to the other folds."""
    others = [
        example
        for number, group in enumerate(groups)
        if number % _FOLDS != fold
        for example in group
    ]
    return tag(InMemoryTagger(fit(others, lines), lines), _fold(fold, groups))


def _fold(fold: int, groups: Sequence[Sequence[T]]) -> list[T]:
    return [
        member for number, group in enumerate(groups) if number % _FOLDS == fold for member in group
    ]
