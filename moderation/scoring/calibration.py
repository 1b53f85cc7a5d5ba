"""Turn log-odds into probabilities with the calibration curve that training has measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_EDGE = 1e-6  # probabilities nearer to 0 or 1 are clipped to this


def calibrated(
    logits: npt.NDArray[np.float64], knots: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Turn log-odds into calibrated probabilities. Both have the shape rows x scores.

    `knots` (2 x scores x points) has each score's calibration curve: `knots[0]` has the log-odds of
    its points, `knots[1]` the probabilities at them. Between two points the curve is a straight
    line; beyond the first and the last point it is constant.

    >>> knots = np.array([[[-2.0, 2.0]], [[0.1, 0.9]]])
    >>> calibrated(np.array([[-9.0], [0.0], [9.0]]), knots).round(3).tolist()
    [[0.1], [0.5], [0.9]]
    """
    probabilities = np.empty(logits.shape)
    for head, (points, values) in enumerate(zip(knots[0], knots[1], strict=True)):
        probabilities[:, head] = np.interp(logits[:, head], points, values)
    return probabilities


def log_odds(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the log-odds of probabilities, limited to about -14 and 14.

    >>> log_odds(np.array([0.5]))
    array([0.])
    """
    inside = np.clip(probabilities, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)
