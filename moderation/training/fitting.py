"""Logistic regressions over hashed n-grams: fitted, mixed, calibrated, quantised.

What is learned per source and label is one weight vector each; adding them up (after bringing
their log-odds to one scale) gives one weight vector per head, so mixing costs nothing in
service.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

KNOTS = 33  # points of a calibration curve
_LEVELS = 127  # of an int8


class Fitted(NamedTuple):
    """One logistic regression: its log-odds are `features @ weights + intercept`."""

    weights: npt.NDArray[np.float32]
    intercept: float

    def logits(self, features: sparse.csr_matrix) -> Floats:
        """The log-odds of every row."""
        return np.asarray(features @ self.weights, np.float64) + self.intercept


def rarity(features: sparse.csr_matrix) -> npt.NDArray[np.float32]:
    """1 for the commonest n-gram up to about 3 for one never seen (smoothed log idf).

    Multiplying features by it regularises rare n-grams less. It is folded into the weights.
    """
    seen = np.bincount(features.indices, minlength=features.shape[1])
    idf = np.log((features.shape[0] + 1) / (seen + 1)) + 1
    return np.asarray(idf / 4, np.float32)


def fit(features: sparse.csr_matrix, values: Floats, strength: float, seed: int = 0) -> Fitted:
    """A logistic regression on values 0..1; a value between counts for both sides.

    `strength` is scikit-learn's C: how much the data may say against the prior.
    """
    between = (values > 0) & (values < 1)
    if between.any():
        features = sparse.vstack([features, features[between]], format="csr")
    weights = np.concatenate([np.where(between, values, 1.0), 1 - values[between]])
    sides = np.concatenate([values > 0, np.zeros(between.sum(), bool)])
    model = LogisticRegression(
        C=strength, solver="liblinear", dual=True, tol=0.01, max_iter=300, random_state=seed
    )
    model.fit(features, sides, sample_weight=weights)
    return Fitted(model.coef_[0].astype(np.float32), float(model.intercept_[0]))


def standardised(fitted: Fitted, natural: sparse.csr_matrix) -> Fitted:
    """The same, with log-odds of mean 0 and deviation 1 on natural rows."""
    logits = fitted.logits(natural)
    deviation = float(logits.std()) or 1.0
    weights = fitted.weights / np.float32(deviation)
    return Fitted(weights, (fitted.intercept - float(logits.mean())) / deviation)


def mixed(members: dict[str, Fitted], shares: dict[str, float]) -> Fitted:
    """The weighted sum of several."""
    weights = sum(share * members[name].weights for name, share in shares.items())
    intercept = sum(share * members[name].intercept for name, share in shares.items())
    return Fitted(np.asarray(weights, np.float32), float(intercept))


def calibration(logits: Floats, values: Floats, rate: float) -> npt.NDArray[np.float32]:
    """2 x KNOTS: log-odds, and the probabilities that they mean where `rate` is the share of yes.

    Platt's scaling (1999) on rows weighted so that `rate` of them are positive.
    """
    positive = values >= 0.5
    weights = np.where(positive, rate / positive.mean(), (1 - rate) / (1 - positive.mean()))
    model = LogisticRegression(C=1e6).fit(logits[:, None], positive, sample_weight=weights)
    slope = max(float(model.coef_[0, 0]), 1e-3)
    start = float(model.intercept_[0])
    # Knots evenly spaced in calibrated log-odds from .0001 to .9999.
    wanted = np.linspace(-9.2, 9.2, KNOTS)
    return np.stack([(wanted - start) / slope, 1 / (1 + np.exp(-wanted))]).astype(np.float32)


def quantised(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """int8 columns and what one step of each is worth."""
    steps = np.maximum(np.abs(weights).max(axis=0), 1e-9) / _LEVELS
    return np.round(weights / steps).astype(np.int8), steps.astype(np.float32)
