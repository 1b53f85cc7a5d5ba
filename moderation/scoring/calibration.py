"""Turn log-odds into probabilities with the calibration curve that training has measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_EDGE = 1e-6  # probabilities nearer to 0 or 1 are clipped to this


def calibrated(
    logits: npt.NDArray[np.float64], knots: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return calibrated probabilities, rows x heads, for log-odds of the same shape.

    `knots` (2 x heads x knots) holds each head's curve: the log-odds of its points, and the
    probabilities there. Between two points the curve is straight; outside it is constant.

    >>> knots = np.array([[[-2.0, 2.0]], [[0.1, 0.9]]])
    >>> calibrated(np.array([[-9.0], [0.0], [9.0]]), knots).round(3).tolist()
    [[0.1], [0.5], [0.9]]
    """
    probabilities = np.empty(logits.shape)
    for head, (points, values) in enumerate(zip(knots[0], knots[1], strict=True)):
        probabilities[:, head] = np.interp(logits[:, head], points, values)
    return probabilities


def log_odds(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the log-odds of probabilities, at most about 14 in either direction.

    >>> log_odds(np.array([0.5]))
    array([0.])
    """
    inside = np.clip(probabilities, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)
