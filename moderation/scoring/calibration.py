"""Log-odds to probabilities, by the curve that a model's training has measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def calibrated(
    logits: npt.NDArray[np.float64], knots: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Rows x heads, as the log-odds are. `knots`: 2 x heads x knots, the curves' corners.

    A curve is straight between two corners and level before the first and after the last.

    >>> knots = np.array([[[-2.0, 2.0]], [[0.1, 0.9]]])
    >>> calibrated(np.array([[-9.0], [0.0], [9.0]]), knots).round(3).tolist()
    [[0.1], [0.5], [0.9]]
    """
    found = np.empty(logits.shape)
    for head, (places, values) in enumerate(zip(knots[0], knots[1], strict=True)):
        found[:, head] = np.interp(logits[:, head], places, values)
    return found
