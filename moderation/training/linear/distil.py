"""What the fast reader learns from the careful one: its answers about every text.

A label speaks of the rows of its own set, and a bag of n-grams takes from it what stands in them.
The careful reader answers about all texts of all sets, in probabilities, which say more than yes
and no (distillation, Hinton et al. 2015).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from moderation.scoring.adapted import log_odds
from moderation.scoring.scorer import Scorer
from moderation.text.reading import read
from moderation.training.linear import fitting
from moderation.training.linear.fitting import Blocks, Fitted

BATCH = 256
TEMPERATURE = 2.0  # softens the answers, so that those about harmless texts differ as well
STRENGTH = 4.0  # what the answers may say against the prior
SHARE = 1.5  # of the taught log-odds beside those learned from labels

Floats = npt.NDArray[np.float64]


def answers(teacher: Scorer, heads: Sequence[str], texts: Iterable[str]) -> Floats:
    """What `teacher` says of the texts, texts x heads, softened to values around one half."""
    stream, found = iter(texts), [np.zeros((0, len(heads)))]
    while batch := [read(text) for text in islice(stream, BATCH)]:
        said = teacher.score(batch)
        found.append(np.column_stack([log_odds(said[head]) for head in heads]))
    odds = np.vstack(found)
    middle = np.median(odds, axis=0) if len(odds) else 0.0
    return np.asarray(expit((odds - middle) / TEMPERATURE), np.float64)


def taught(features: Blocks, said: Floats, rare: npt.NDArray[np.float32]) -> Fitted:
    """The teacher's answers for one head as a weight vector over the texts' n-grams."""
    return fitting.fit(features, said, STRENGTH, rare)


def combine(own: Fitted, learned: Fitted, natural: Blocks) -> Fitted:
    """What was learned from labels and what from the teacher, as one; both of deviation 1."""
    members = {
        "own": fitting.standardised(own, natural),
        "taught": fitting.standardised(learned, natural),
    }
    return fitting.mixed(members, {"own": 1.0, "taught": SHARE})
