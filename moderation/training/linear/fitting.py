"""Logistic regressions over hashed n-grams: fitted, mixed, calibrated, quantised.

What is learned per source and label is one weight vector each; adding them up (after bringing
their log-odds to one scale) gives one weight vector per head, so mixing costs nothing in
service.
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
"""Features in blocks of rows: a list of matrices, or what reads them from disk."""

STEPS = {"maxiter": 300, "ftol": 1e-4, "maxcor": 6}  # further than that teaches nothing

KNOTS = 33  # points of a calibration curve
_LEVELS = 127  # of an int8


class Fitted(NamedTuple):
    """One logistic regression: its log-odds are `features @ weights + intercept`."""

    weights: npt.NDArray[np.float32]
    intercept: float

    def logits(self, blocks: Blocks) -> Floats:
        """The log-odds of every row."""
        found = [np.asarray(block @ self.weights, np.float64) for block in blocks]
        return np.concatenate([np.zeros(0), *found]) + self.intercept


def rarity(blocks: Blocks) -> npt.NDArray[np.float32]:
    """1 for the commonest n-gram up to about 3 for one never seen (smoothed log idf).

    Given to `fit`, it regularises rare n-grams less.
    """
    seen: Any = 0
    rows = 0
    for block in blocks:
        seen = seen + np.bincount(block.indices, minlength=block.shape[1])
        rows += block.shape[0]
    return np.asarray((np.log((rows + 1) / (seen + 1)) + 1) / 4, np.float32)


def fit(
    blocks: Blocks, values: Floats, strength: float, rare: npt.NDArray[np.float32] | None = None
) -> Fitted:
    """A logistic regression on values 0..1; a value between counts for both sides.

    `strength` is how much the data may say against the prior (scikit-learn's C), and features are
    multiplied by `rare`. The blocks are read once for each step of L-BFGS, one after the other, so
    that of features on disk only one is in memory; the problem is convex and the order is the
    same each time, so that the same rows give the same weights.
    """
    seen = _seen(blocks)  # the others stay 0
    scale = np.float32(1.0) if rare is None else rare[seen]
    weights = np.zeros(len(seen), np.float32)

    def loss(at: Floats) -> tuple[float, Floats]:
        weights[seen] = at[:-1] * scale
        value = 0.5 * float(at @ at)
        slopes, total, place = np.zeros(len(seen), np.float32), 0.0, 0
        for block in blocks:
            said = values[place : place + block.shape[0]]
            place += block.shape[0]
            odds = (block @ weights).astype(np.float64) + at[-1]
            more, missed = cross_entropy(odds, said)
            value += strength * more
            missed = strength * missed
            slopes += block.T @ missed.astype(np.float32)
            total += float(missed.sum())
        return value, at + np.append(slopes[seen] * scale, total)

    # One thread: how many share a sum would show in its last bits.
    with threadpool_limits(1):
        first = np.zeros(np.count_nonzero(seen) + 1)
        found = minimize(loss, first, jac=True, method="L-BFGS-B", options=STEPS).x
    weights[seen] = found[:-1] * scale
    return Fitted(weights, float(found[-1]))


def cross_entropy(odds: Floats, values: Floats) -> tuple[float, Floats]:
    """The loss of log-odds beside values 0..1, summed up, and its slope by each of them.

    >>> cross_entropy(np.zeros(2), np.array([0.0, 1.0]))
    (1.3862943611198906, array([ 0.5, -0.5]))
    """
    return float(np.logaddexp(0, odds).sum() - values @ odds), expit(odds) - values


def _seen(blocks: Blocks) -> npt.NDArray[np.bool_]:
    """Which features any row has."""
    seen = np.zeros(0, np.bool_)
    for block in blocks:
        seen = seen if len(seen) else np.zeros(block.shape[1], np.bool_)
        seen[block.indices] = True
    return seen


def standardised(fitted: Fitted, natural: Blocks) -> Fitted:
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
