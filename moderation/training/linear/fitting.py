"""Fit, mix, calibrate and quantise logistic regressions on hashed n-grams.

A model has several heads, which are the scores that it gives. Each label of each corpus gets its
own weight vector. A head's weight vector is the weighted sum of the standardised vectors of several
labels. So a comment is scored with one vector for each head, however many labels are mixed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
Blocks = Iterable[sparse.csr_matrix]
"""Features in blocks of rows: a list of matrices, or an iterable that reads them from disk."""

OPTIONS = {"maxiter": 300, "ftol": 1e-4, "maxcor": 6}  # more iterations do not help

KNOTS = 33  # points of a calibration curve
_LEVELS = 127  # the maximum of an int8


class Fitted(NamedTuple):
    """A fitted logistic regression. Its log-odds are `features @ weights + intercept`."""

    weights: npt.NDArray[np.float32]
    intercept: float

    def logits(self, blocks: Blocks) -> Floats:
        """Return the log-odds of every row."""
        parts = [np.asarray(block @ self.weights, np.float64) for block in blocks]
        return np.concatenate([np.zeros(0), *parts]) + self.intercept


def rarity(blocks: Blocks) -> npt.NDArray[np.float32]:
    """Return a factor for each n-gram that is larger for rare n-grams.

    The factor is a smoothed log idf, divided by four. It is 1/4 for an n-gram in every row. `fit`
    multiplies features by it, and so regularises rare n-grams less.
    """
    counts: Any = 0
    rows = 0
    for block in blocks:
        counts = counts + np.bincount(block.indices, minlength=block.shape[1])
        rows += block.shape[0]
    return np.asarray((np.log((rows + 1) / (counts + 1)) + 1) / 4, np.float32)


def fit(
    blocks: Blocks, values: Floats, strength: float, rarity: npt.NDArray[np.float32] | None = None
) -> Fitted:
    """Fit a logistic regression to `values`, which are labels from 0 to 1.

    A value between 0 and 1 counts partly as positive and partly as negative. `strength` is the
    inverse regularisation strength (scikit-learn's C). Features are multiplied by `rarity`. Each
    step of L-BFGS reads the blocks of rows one after the other, so that only one block is in
    memory. The problem is convex and the order is fixed, so the same rows give the same weights.
    """
    used = _used(blocks)  # the weights of other features stay 0
    scale = np.float32(1.0) if rarity is None else rarity[used]
    weights = np.zeros(len(used), np.float32)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights[used] = parameters[:-1] * scale
        value = 0.5 * float(parameters @ parameters)
        gradient, intercept_gradient, start = np.zeros(len(used), np.float32), 0.0, 0
        for block in blocks:
            y_true = values[start : start + block.shape[0]]
            start += block.shape[0]
            odds = (block @ weights).astype(np.float64) + parameters[-1]
            block_loss, residuals = cross_entropy(odds, y_true)
            value += strength * block_loss
            residuals = strength * residuals
            gradient += block.T @ residuals.astype(np.float32)
            intercept_gradient += float(residuals.sum())
        return value, parameters + np.append(gradient[used] * scale, intercept_gradient)

    # One thread: the number of threads would change the last bits of a sum.
    with threadpool_limits(1):
        initial = np.zeros(np.count_nonzero(used) + 1)
        solution = minimize(loss, initial, jac=True, method="L-BFGS-B", options=OPTIONS).x
    weights[used] = solution[:-1] * scale
    return Fitted(weights, float(solution[-1]))


def cross_entropy(odds: Floats, values: Floats) -> tuple[float, Floats]:
    """Return the sum of cross-entropies of log-odds against values from 0 to 1, and its gradient.

    >>> cross_entropy(np.zeros(2), np.array([0.0, 1.0]))
    (1.3862943611198906, array([ 0.5, -0.5]))
    """
    return float(np.logaddexp(0, odds).sum() - values @ odds), expit(odds) - values


def _used(blocks: Blocks) -> npt.NDArray[np.bool_]:
    """Return a mask of the features that occur in any row."""
    used = np.zeros(0, np.bool_)
    for block in blocks:
        used = used if len(used) else np.zeros(block.shape[1], np.bool_)
        used[block.indices] = True
    return used


def standardised(fitted: Fitted, natural: Blocks) -> Fitted:
    """Scale a regression so that its log-odds have mean 0 and standard deviation 1 on `natural`.

    `natural` are the n-grams of comments that were sampled at random.
    """
    logits = fitted.logits(natural)
    deviation = float(logits.std()) or 1.0
    weights = fitted.weights / np.float32(deviation)
    return Fitted(weights, (fitted.intercept - float(logits.mean())) / deviation)


def mixed(members: dict[str, Fitted], mixture: dict[str, float]) -> Fitted:
    """Return the weighted sum of several regressions, as one regression.

    `members` has the regressions by name, and `mixture` their weights by the same names.
    """
    weights = sum(weight * members[name].weights for name, weight in mixture.items())
    intercept = sum(weight * members[name].intercept for name, weight in mixture.items())
    return Fitted(np.asarray(weights, np.float32), float(intercept))


def calibration(logits: Floats, values: Floats, rate: float) -> npt.NDArray[np.float32]:
    """Return a calibration curve (2 x KNOTS): log-odds, and the probabilities they stand for.

    The curve has `KNOTS` points. It is Platt's scaling (1999), fitted on rows that are weighted so
    that the share of positives is `rate`.
    """
    positive = values >= 0.5
    weights = np.where(positive, rate / positive.mean(), (1 - rate) / (1 - positive.mean()))
    model = LogisticRegression(C=1e6).fit(logits[:, None], positive, sample_weight=weights)
    slope = max(float(model.coef_[0, 0]), 1e-3)
    offset = float(model.intercept_[0])
    # The knots are evenly spaced in calibrated log-odds, from probability .0001 to .9999.
    odds = np.linspace(-9.2, 9.2, KNOTS)
    return np.stack([(odds - offset) / slope, 1 / (1 + np.exp(-odds))]).astype(np.float32)


def quantised(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantise a matrix of weights to int8. Return it, and the step size of each column."""
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-9) / _LEVELS
    return np.round(weights / scales).astype(np.int8), scales.astype(np.float32)
