"""The judge of full sentences as it learns: a logistic regression on n-grams of roles and words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from moderation.scoring.scorer import Probabilities
from moderation.scoring.sentences import BITS, SCALE, Tagged, evidence
from moderation.training.linear import fitting

_STRENGTH = 0.3  # scikit-learn's C
_SURE = 0.02  # a chance as near to 0 or 1 as this is taken for that


def fit(
    sentences: Sequence[Tagged], chances: Probabilities, weights: Probabilities
) -> npt.NDArray[np.int8]:
    """The judge's weights, in steps that the calibration takes account of.

    A chance between 0 and 1 counts for both sides.
    """
    features = _features(sentences)
    sure = np.where(chances < _SURE, 0.0, np.where(chances > 1 - _SURE, 1.0, chances))
    both = (sure > 0) & (sure < 1)
    model = LogisticRegression(C=_STRENGTH, max_iter=500)
    model.fit(
        sparse.vstack([features, features[both]], format="csr"),
        np.concatenate([sure > 0, np.zeros(int(both.sum()), bool)]),
        np.concatenate([weights * np.where(both, sure, 1.0), (weights * (1 - sure))[both]]),
    )
    return fitting.quantised(model.coef_.T)[0][:, 0]


def _features(sentences: Sequence[Tagged]) -> sparse.csr_matrix:
    """One row of the judge's features per sentence: counts, by the root of their number."""
    buckets, rows = evidence(sentences)
    shape = len(sentences), 1 << BITS
    found = sparse.csr_matrix((np.ones(len(rows)), (rows, buckets)), shape)
    lengths = np.bincount(rows, minlength=len(sentences))
    return sparse.diags(SCALE / np.sqrt(lengths)) @ found
