"""What Perspective and the house rules said of the same comments, as the service noted it.

A line of the file is `{"at": …, "scores": {"TOXICITY": [ours, theirs]}}`. The report tells for
each attribute how near both are, and which score of ours speaks as often as each of theirs: on a
newspaper's own comments the best map of thresholds there is, while Perspective lives.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
FEWEST = 20  # comments over a threshold of theirs; fewer tell no score of ours

Scores = npt.NDArray[np.float64]


class DifferencesError(ValueError):
    """A file that the service did not write; says which line."""


def read(path: Path) -> dict[str, tuple[Scores, Scores]]:
    """For each attribute our scores and theirs. Raises `DifferencesError`."""
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                for name, (ours, theirs) in json.loads(line)["scores"].items():
                    pairs[name].append((float(ours), float(theirs)))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise DifferencesError(f"{path}: line {number}: not one of ours") from None
    both = {name: np.array(found) for name, found in pairs.items()}
    return {name: (array[:, 0], array[:, 1]) for name, array in both.items()}


def same_share(ours: Scores, theirs: Scores, threshold: float) -> float | None:
    """The score of ours that as many comments reach as reach `threshold` of theirs.

    None where too few do to tell.

    >>> ours = np.linspace(0, 1, 101)
    >>> round(same_share(ours, ours**2, 0.64), 2)
    0.8
    """
    over = int((theirs >= threshold).sum())
    return float(np.sort(ours)[-over]) if over >= FEWEST else None


def report(found: dict[str, tuple[Scores, Scores]]) -> Iterator[str]:
    """The differences in words and tables, line by line."""
    for name, (ours, theirs) in sorted(found.items()):
        yield f"{name}: {len(ours):,} comments"
        near = np.abs(ours - theirs)
        yield f"  ours {ours.mean():.3f} and theirs {theirs.mean():.3f} on average"
        far = (near > 0.3).mean()
        yield f"  half are within {np.median(near):.3f}, {far:.1%} are more than 0.3 apart"
        if len(ours) > 1 and ours.std() and theirs.std():
            yield f"  correlation {np.corrcoef(ours, theirs)[0, 1]:.2f}"
        for threshold in THRESHOLDS:
            own = same_share(ours, theirs, threshold)
            over = int((theirs >= threshold).sum())
            if own is None:
                yield f"  theirs from {threshold:.2f}: {over:,} comments, too few to tell"
                continue
            both = int(((theirs >= threshold) & (ours >= own)).sum())
            yield (
                f"  theirs from {threshold:.2f}: {over:,} comments; as many are ours from "
                f"{own:.3f}, of them {both:,} the same"
            )
