"""Train the fast abuse model on the careful model's scores (distillation, Hinton et al. 2015).

Each label covers only the rows of its own corpus. The careful model, which is the teacher, can
score the texts of all corpora. The teacher's probabilities carry more information than labels of 0
and 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from moderation.scoring.calibration import log_odds
from moderation.scoring.scorer import Scorer
from moderation.text.reading import read
from moderation.training.linear import fitting
from moderation.training.linear.fitting import Blocks, Fitted

BATCH = 256
TEMPERATURE = 2.0  # softens the soft labels, so that those of harmless texts differ as well
STRENGTH = 4.0  # inverse regularisation strength
TEACHER_WEIGHT = 1.5  # of the distilled log-odds; those learned from labels have weight 1

Floats = npt.NDArray[np.float64]


def soft_labels(teacher: Scorer, heads: Sequence[str], texts: Iterable[str]) -> Floats:
    """Return the teacher's scores of the texts, for use as labels (texts x names in `heads`).

    The log-odds of each score are shifted so that the median text has 0.5, and divided by a
    temperature, which moves the scores closer to 0.5.
    """
    stream, parts = iter(texts), [np.zeros((0, len(heads)))]
    while batch := [read(text) for text in islice(stream, BATCH)]:
        scores = teacher.score(batch)
        parts.append(np.column_stack([log_odds(scores[head]) for head in heads]))
    odds = np.vstack(parts)
    median = np.median(odds, axis=0) if len(odds) else 0.0
    return np.asarray(expit((odds - median) / TEMPERATURE), np.float64)


def distil(features: Blocks, labels: Floats, rarity: npt.NDArray[np.float32]) -> Fitted:
    """Fit a logistic regression to the teacher's probabilities (`labels`) for one score."""
    return fitting.fit(features, labels, STRENGTH, rarity)


def combine(labelled: Fitted, distilled: Fitted, natural: Blocks) -> Fitted:
    """Return the weighted sum of a regression on labels and a regression on the teacher's scores.

    First, the log-odds of both regressions are standardised on the rows `natural`, which were
    sampled at random.
    """
    members = {
        "labelled": fitting.standardised(labelled, natural),
        "distilled": fitting.standardised(distilled, natural),
    }
    return fitting.mixed(members, {"labelled": 1.0, "distilled": TEACHER_WEIGHT})
