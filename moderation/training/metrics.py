"""Compute metrics of scores against labels, with bootstrap confidence intervals.

In all functions, `y_true` holds a boolean label for each row, and `scores` a probability.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Metric = Callable[[Bools, Floats], float]

BINS = 15
RESAMPLES = 200


def calibration_error(y_true: Bools, scores: Floats) -> float:
    """Return the expected calibration error over 15 bins of equal width.

    This is the mean distance between a bin's mean score and its share of positives, weighted by the
    number of rows in the bin. Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities
    Using Bayesian Binning, AAAI 2015.

    >>> calibration_error(np.array([True, False]), np.array([0.5, 0.5]))
    0.0
    """
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, scores, BINS) - np.bincount(bins, y_true, BINS)
    return float(np.abs(gaps).sum() / len(y_true))


def precision(y_true: Bools, flagged: Bools) -> float:
    """Return the share of positives among the flagged rows; 1 if no row is flagged."""
    return float(y_true[flagged].mean()) if flagged.any() else 1.0


def measure(y_true: Bools, scores: Floats, seed: int = 0) -> dict[str, Any]:
    """Return ROC AUC (`auc`), average precision (`ap`) and expected calibration error (`ece`).

    Each metric has a 95 % interval: percentiles of 200 bootstrap resamples (Efron 1979) that are
    drawn with `seed`. If all rows have the same label, `auc` and `ap` are left out.

    >>> measure(np.array([True, False] * 9), np.array([0.9, 0.1] * 9))["auc"]
    {'value': 1.0, 'interval': [1.0, 1.0]}
    """
    measures: dict[str, Metric] = {"ece": calibration_error}
    if 0 < y_true.sum() < len(y_true):
        measures |= {"auc": roc_auc_score, "ap": average_precision_score}
    results: dict[str, Any] = {"rows": len(y_true), "positive": int(y_true.sum())}
    rng = np.random.default_rng(seed)
    samples = [rng.integers(0, len(y_true), len(y_true)) for _ in range(RESAMPLES)]
    samples = [rows for rows in samples if 0 < y_true[rows].sum() < len(rows) or len(measures) == 1]
    for name, metric in measures.items():
        resampled = [metric(y_true[rows], scores[rows]) for rows in samples]
        results[name] = {
            "value": round(float(metric(y_true, scores)), 4),
            "interval": [round(float(edge), 4) for edge in np.quantile(resampled, [0.025, 0.975])],
        }
    return results


def at_threshold(y_true: Bools, scores: Floats, threshold: float) -> dict[str, float]:
    """Return the share of rows flagged at `threshold`, and the precision and recall at it.

    A row is flagged if its score is at least the threshold.
    """
    flagged = scores >= threshold
    return {
        "threshold": threshold,
        "flagged": round(float(flagged.mean()), 4),
        "precision": round(precision(y_true, flagged), 4),
        "recall": round(float(flagged[y_true].mean()), 4) if y_true.any() else 0.0,
    }


POINTS = 60  # points of a curve


def curves(y_true: Bools, scores: Floats) -> dict[str, list[list[float]]]:
    """Return the points of three curves, by name: `roc`, `pr` and `reliability`.

    The points of `roc` are (false positive rate, true positive rate). Those of `pr` are (recall,
    precision). Those of `reliability` are (mean score, share of positive rows, number of rows), one
    for each of 15 bins of equal width. The result is empty if all rows have the same label.

    >>> curves(np.array([True, False]), np.array([0.9, 0.1]))["reliability"]
    [[0.1, 0.0, 1.0], [0.9, 1.0, 1.0]]
    """
    if not 0 < y_true.sum() < len(y_true):
        return {}
    false_rates, true_rates, _ = roc_curve(y_true, scores)
    precisions, recalls, _ = precision_recall_curve(y_true, scores)
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    used = count > 0
    means = np.bincount(bins, scores, BINS)[used] / count[used]
    shares = np.bincount(bins, y_true, BINS)[used] / count[used]
    return {
        "roc": _thinned(false_rates, true_rates),
        "pr": _thinned(recalls[::-1], precisions[::-1]),
        "reliability": np.column_stack([means, shares, count[used]]).round(4).tolist(),
    }


def _thinned(x: Floats, y: Floats) -> list[list[float]]:
    """Return about `POINTS` points of a curve, which are evenly spaced along the curve."""
    length = np.cumsum(np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0])))
    steps = np.linspace(0, length[-1], POINTS)
    rows = np.unique(np.minimum(np.searchsorted(length, steps), len(length) - 1))
    points: list[list[float]] = np.column_stack([x[rows], y[rows]]).round(4).tolist()
    return points
