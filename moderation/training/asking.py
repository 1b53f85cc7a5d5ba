"""Which comments to ask a moderator about: doubtful ones, and no two alike.

A verdict teaches most where the score is near one half, and little where a comment like it was
just judged. So the most doubtful are looked at, and one after another is taken: the one whose
doubt, times its distance to all taken before, is greatest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

WIDTH = 5  # candidates for each comment that is asked about

Floats = npt.NDArray[np.float64]


def choose(probabilities: Floats, features: sparse.csr_matrix, most: int) -> npt.NDArray[np.int64]:
    """The rows to ask about, at most `most` of them, the best first.

    `features` has rows of length 1 (`HashedNgrams`); doubt is `4 p (1 - p)`, distance 1 less the
    cosine.

    >>> alike = sparse.csr_matrix(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    >>> choose(np.array([0.5, 0.5, 0.4, 0.01]), alike, 2).tolist()
    [0, 2]
    """
    doubt = 4 * probabilities * (1 - probabilities)
    candidates = np.argsort(-doubt, kind="stable")[: most * WIDTH]
    near, worth = features[candidates], doubt[candidates]
    distance = np.ones(len(candidates))
    chosen = []
    for _ in range(min(most, len(candidates))):
        best = int(np.argmax(worth * distance))
        chosen.append(best)
        alike = np.asarray((near @ near[best].T).todense()).ravel()
        distance = np.minimum(distance, np.maximum(1 - alike, 0))
        distance[best] = -1.0  # not again
    return np.asarray(candidates[chosen], np.int64)
