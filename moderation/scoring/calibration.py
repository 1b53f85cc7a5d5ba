"""Turn log-odds into probabilities with the calibration curve that training has measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
