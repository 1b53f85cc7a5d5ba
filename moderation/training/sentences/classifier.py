"""The classifier of full sentences: a logistic regression on n-grams of roles and words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from moderation.scoring.scorer import Probabilities
from moderation.scoring.sentences import BITS, SCALE, Tagged, ngram_features
from moderation.training.linear import fitting

_C = 0.3  # scikit-learn's inverse of the regularisation strength
_CERTAIN = 0.02  # probabilities this close to 0 or 1 are rounded to it


def fit(
    sentences: Sequence[Tagged], full: Probabilities, weights: Probabilities
) -> npt.NDArray[np.int8]:
    """Return the classifier's weights as int8; the calibration absorbs their scale.

    `full` holds the probability that each sentence is full. A sentence with a probability between
    0 and 1 is trained on twice, as full and as a fragment, and weighted by the probabilities.
    """
    features = _features(sentences)
    rounded = np.where(full < _CERTAIN, 0.0, np.where(full > 1 - _CERTAIN, 1.0, full))
    uncertain = (rounded > 0) & (rounded < 1)
    model = LogisticRegression(C=_C, max_iter=500)
    model.fit(
        sparse.vstack([features, features[uncertain]], format="csr"),
        np.concatenate([rounded > 0, np.zeros(int(uncertain.sum()), bool)]),
        np.concatenate(
            [weights * np.where(uncertain, rounded, 1.0), (weights * (1 - rounded))[uncertain]]
        ),
    )
    return fitting.quantised(model.coef_.T)[0][:, 0]


def _features(sentences: Sequence[Tagged]) -> sparse.csr_matrix:
    """Return the feature counts (sentences x buckets), divided by the root of their number."""
    buckets, rows = ngram_features(sentences)
    shape = len(sentences), 1 << BITS
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, buckets)), shape)
    lengths = np.bincount(rows, minlength=len(sentences))
    return sparse.diags(SCALE / np.sqrt(lengths)) @ counts
