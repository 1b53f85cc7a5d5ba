"""Fit the tagger of roles: a conditional random field (CRFsuite).

A role is the function of a word in its sentence, such as subject or finite verb. The classifier of
full sentences is trained on the tagger's output. So the module also predicts the roles in each
training sentence, with a CRF that was not trained on this sentence.
"""

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
    """Fit a CRF to the examples' roles of words. Return the content of CRFsuite's model file.

    Each of `lines` has the words of one word cluster (words that occur between similar words).
    Examples without roles are left out.
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


def tagger(crf: bytes, lines: Sequence[str]) -> Tagger:
    """Return a tagger of roles with this CRF and these lines of word clusters."""
    return Tagger(crf, Observer(read_clusters(lines)))


def tag(tagger: Tagger, examples: Sequence[Example]) -> list[Tagged]:
    """Return the sentences of the examples, with the roles of words that the tagger predicts."""
    return [Tagged(example.tokens, tagger.roles(example.tokens)) for example in examples]


def in_fold_order(groups: Sequence[Sequence[T]]) -> list[T]:
    """Return the members of all groups, in the order of the sentences from `fit_and_cross_tag`."""
    return [member for fold in range(_FOLDS) for member in _fold(fold, groups)]


def fit_and_cross_tag(
    groups: Sequence[Group], lines: Sequence[str], jobs: int
) -> tuple[bytes, list[Tagged]]:
    """Fit a CRF to all examples, and predict each example's roles with a CRF fitted without it.

    All examples of a group are in the same fold. A CRF predicts the roles of a fold that it was not
    fitted to. Returns the content of the model file of the CRF that was fitted to all examples, and
    the sentences with the predicted roles, fold by fold.
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
    """Return the sentences of one fold with roles that a CRF predicted.

    The CRF was fitted to the other folds.
    """
    others = [
        example
        for number, group in enumerate(groups)
        if number % _FOLDS != fold
        for example in group
    ]
    return tag(tagger(fit(others, lines), lines), _fold(fold, groups))


def _fold(fold: int, groups: Sequence[Sequence[T]]) -> list[T]:
    return [
        member for number, group in enumerate(groups) if number % _FOLDS == fold for member in group
    ]
