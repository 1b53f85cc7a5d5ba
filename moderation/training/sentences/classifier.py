"""Fit the classifier of full sentences: a logistic regression on n-grams of roles and words.

A role is the function of a word in its sentence, such as subject or finite verb.
"""

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
    """Fit the classifier to sentences with known roles, and return its weights as int8.

    `full` holds the probability that each sentence is a full sentence. A sentence with a
    probability between 0 and 1 is trained on twice, as a full sentence and as a fragment, weighted
    by the probabilities. `weights` are the weights of the sentences. The scale of the int8 weights
    is not returned, because the calibration makes up for it.
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
    """Return the counts of hashed n-grams in each sentence (sentences x buckets).

    The counts are divided by the square root of the sentence's number of n-grams.
    """
    buckets, rows = ngram_features(sentences)
    shape = len(sentences), 1 << BITS
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, buckets)), shape)
    lengths = np.bincount(rows, minlength=len(sentences))
    return sparse.diags(SCALE / np.sqrt(lengths)) @ counts
