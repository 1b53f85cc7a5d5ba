"""Figures of a score against what readers said, each with a bootstrap confidence interval."""

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
Figure = Callable[[Bools, Floats], float]

BINS = 15
RESAMPLES = 200


def calibration_error(said: Bools, scores: Floats) -> float:
    """Expected calibration error: how far score and share of yes lie apart, by 15 equal bins.

    Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities Using Bayesian Binning,
    AAAI 2015.

    >>> calibration_error(np.array([True, False]), np.array([0.5, 0.5]))
    0.0
    """
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, scores, BINS) - np.bincount(bins, said, BINS)
    return float(np.abs(gaps).sum() / len(said))


def precision(said: Bools, flagged: Bools) -> float:
    """The share of the flagged that readers found so; 1 where nothing is flagged."""
    return float(said[flagged].mean()) if flagged.any() else 1.0


def measure(said: Bools, scores: Floats, seed: int = 0) -> dict[str, Any]:
    """Area under the ROC curve, average precision and calibration error, with 95 % intervals.

    The intervals are percentiles of 200 bootstrap resamples (Efron 1979) drawn by `seed`.
    Areas are left out where all rows are of one kind.

    >>> measure(np.array([True, False] * 9), np.array([0.9, 0.1] * 9))["auc"]
    {'value': 1.0, 'interval': [1.0, 1.0]}
    """
    measures: dict[str, Figure] = {"ece": calibration_error}
    if 0 < said.sum() < len(said):
        measures |= {"auc": roc_auc_score, "ap": average_precision_score}
    found: dict[str, Any] = {"rows": len(said), "positive": int(said.sum())}
    draw = np.random.default_rng(seed)
    samples = [draw.integers(0, len(said), len(said)) for _ in range(RESAMPLES)]
    samples = [rows for rows in samples if 0 < said[rows].sum() < len(rows) or len(measures) == 1]
    for name, figure in measures.items():
        drawn = [figure(said[rows], scores[rows]) for rows in samples]
        found[name] = {
            "value": round(float(figure(said, scores)), 4),
            "interval": [round(float(edge), 4) for edge in np.quantile(drawn, [0.025, 0.975])],
        }
    return found


def at(said: Bools, scores: Floats, threshold: float) -> dict[str, float]:
    """Share flagged, precision and recall from a threshold on."""
    flagged = scores >= threshold
    return {
        "threshold": threshold,
        "flagged": round(float(flagged.mean()), 4),
        "precision": round(precision(said, flagged), 4),
        "recall": round(float(flagged[said].mean()), 4) if said.any() else 0.0,
    }


POINTS = 60  # of a curve, enough to draw it


def curves(said: Bools, scores: Floats) -> dict[str, list[list[float]]]:
    """What a plot needs: ROC (false, true positive rate), PR (recall, precision), reliability.

    Reliability is mean score and share of yes in 15 equal bins, with the rows in each. Empty
    where all rows are of one kind.

    >>> curves(np.array([True, False]), np.array([0.9, 0.1]))["reliability"]
    [[0.1, 0.0, 1.0], [0.9, 1.0, 1.0]]
    """
    if not 0 < said.sum() < len(said):
        return {}
    false, true, _ = roc_curve(said, scores)
    precisions, recalls, _ = precision_recall_curve(said, scores)
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    used = count > 0
    means = np.bincount(bins, scores, BINS)[used] / count[used]
    shares = np.bincount(bins, said, BINS)[used] / count[used]
    return {
        "roc": _thinned(false, true),
        "pr": _thinned(recalls[::-1], precisions[::-1]),
        "reliability": np.column_stack([means, shares, count[used]]).round(4).tolist(),
    }


def _thinned(across: Floats, up: Floats) -> list[list[float]]:
    """Points of a curve, evenly spaced along it both ways."""
    along = np.cumsum(np.hypot(np.diff(across, prepend=across[0]), np.diff(up, prepend=up[0])))
    wanted = np.linspace(0, along[-1], POINTS)
    rows = np.unique(np.minimum(np.searchsorted(along, wanted), len(along) - 1))
    points: list[list[float]] = np.column_stack([across[rows], up[rows]]).round(4).tolist()
    return points
