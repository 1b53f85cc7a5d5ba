"""Distil the careful model into the fast one (Hinton et al. 2015).

A label covers only the rows of its own corpus. The teacher, the careful model, scores the texts of
all corpora, and its probabilities carry more information than labels of 0 and 1.
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
    """Return the teacher's softened scores, texts x heads; the median text of a head gets 0.5."""
    stream, parts = iter(texts), [np.zeros((0, len(heads)))]
    while batch := [read(text) for text in islice(stream, BATCH)]:
        scores = teacher.score(batch)
        parts.append(np.column_stack([log_odds(scores[head]) for head in heads]))
    odds = np.vstack(parts)
    median = np.median(odds, axis=0) if len(odds) else 0.0
    return np.asarray(expit((odds - median) / TEMPERATURE), np.float64)


def distil(features: Blocks, labels: Floats, rarity: npt.NDArray[np.float32]) -> Fitted:
    """Fit a head to the teacher's soft labels."""
    return fitting.fit(features, labels, STRENGTH, rarity)


def combine(labelled: Fitted, distilled: Fitted, natural: Blocks) -> Fitted:
    """Return the weighted sum of the head fitted to labels and the distilled head.

    Both are first standardised on `natural` rows.
    """
    members = {
        "labelled": fitting.standardised(labelled, natural),
        "distilled": fitting.standardised(distilled, natural),
    }
    return fitting.mixed(members, {"labelled": 1.0, "distilled": TEACHER_WEIGHT})
