"""Compare the scores of Perspective and of House rules for the same comments.

While the setting MODERATION_PERSPECTIVE_UPSTREAM is set, the service asks Perspective too, and
writes a file with one line per comment: `{"at": …, "scores": {"TOXICITY": [our score, Perspective's
score]}}`. For each attribute, such as TOXICITY, the report says how much the two scores differ. For
some thresholds of Perspective, it also says which threshold for our scores flags as many comments.
These thresholds are measured on the newspaper's own comments, so they fit best.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
MIN_COMMENTS = 20  # comments that must reach a threshold of Perspective, to find the threshold here
FAR = 0.3  # scores that differ by more are counted

Scores = npt.NDArray[np.float64]


class DifferencesError(ValueError):
    """The service did not write this file of scores. The message names the line that shows it."""


def read(path: Path) -> dict[str, tuple[Scores, Scores]]:
    """Return two arrays for each attribute: our scores and Perspective's scores.

    An attribute is a score of Perspective, such as TOXICITY. Raises `DifferencesError` if a line is
    not in the format that the service writes.
    """
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                for name, (here, perspective) in json.loads(line)["scores"].items():
                    pairs[name].append((float(here), float(perspective)))
            except (ValueError, KeyError, TypeError, AttributeError):
                message = f"{path}: line {number}: not a line that the service wrote"
                raise DifferencesError(message) from None
    arrays = {name: np.array(scores) for name, scores in pairs.items()}
    return {name: (array[:, 0], array[:, 1]) for name, array in arrays.items()}


def same_share(here: Scores, perspective: Scores, threshold: float) -> float | None:
    """Return the threshold for our scores that flags as many comments as Perspective's `threshold`.

    `here` has our scores. Returns None if Perspective's threshold flags fewer than `MIN_COMMENTS`
    comments.

    >>> here = np.linspace(0, 1, 101)
    >>> round(same_share(here, here**2, 0.64), 2)
    0.8
    """
    count = int((perspective >= threshold).sum())
    return float(np.sort(here)[-count]) if count >= MIN_COMMENTS else None


def report(scores: dict[str, tuple[Scores, Scores]]) -> Iterator[str]:
    """Yield the lines of the report that compares the scores from `read`."""
    for name, (here, perspective) in sorted(scores.items()):
        yield f"{name}: {len(here):,} comments"
        yield f"  mean score: {here.mean():.3f} here, {perspective.mean():.3f} in Perspective"
        apart = np.abs(here - perspective)
        far = (apart > FAR).mean()
        yield f"  half differ by at most {np.median(apart):.3f}, {far:.1%} by more than {FAR}"
        if len(here) > 1 and here.std() and perspective.std():
            yield f"  correlation {np.corrcoef(here, perspective)[0, 1]:.2f}"
        for threshold in THRESHOLDS:
            counterpart = _counterpart(here, perspective, threshold)
            yield f"  Perspective from {threshold:.2f}: {counterpart}"


def _counterpart(here: Scores, perspective: Scores, threshold: float) -> str:
    """Describe in words which threshold for our scores corresponds to Perspective's `threshold`."""
    reached = perspective >= threshold
    comments = f"{int(reached.sum()):,} comments"
    score = same_share(here, perspective, threshold)
    if score is None:
        return f"{comments}, too few to find the threshold here"
    same = int((reached & (here >= score)).sum())
    return f"{comments}; as many have {score:.3f} or more here, {same:,} of them are the same"
