"""Find the score that corresponds to a threshold of Perspective.

    python -m benchmarks.perspective --data DIR

Perspective's TOXICITY is calibrated: about 8 in 10 readers would call comments at 0.80 toxic.
`civil_comments` (news sites) has the share of raters who called each comment toxic. On its
comments that no model was trained on, an isotonic curve gives the share of raters for each score
of this project. The threshold is where the curve reaches Perspective's. It is fitted on the
validation part and reported on the test part. All comments of this set were once suspected of
being toxic, so harmless ones are rarer than under a newspaper's articles, and at the lower
thresholds the true share is lower than reported here. Perspective's own scores of these comments
are not known.

`moderation/perspective.toml` has the part that is reliable: nothing below Perspective's own number
(see above), the measured score at 0.70, and from there a straight line to 1, because no score of
this project finds comments that much more than 3 in 4 of these raters call toxic.

Writes `results/perspective.md`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from moderation import Moderator
from moderation.moderator import BATCH
from moderation.text.reading import read
from moderation.training.corpora import splits

RESULTS = Path(__file__).parent / "results" / "perspective.md"
SHARES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SEED = 0
RESAMPLES = 500  # of the bootstrap
HEADS = ("toxicity", "severe_toxicity", "insult", "profanity", "sexually_explicit")

Floats = npt.NDArray[np.float64]


def comments(data: Path, part: splits.Part) -> tuple[list[str], Floats]:
    """Return the texts of a part, and the share of raters who called each toxic."""
    with gzip.open(data / "abuse" / "civil_comments.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if splits.part(row["text"]) == part]
    shares = [1 - float(row["says_not_toxic"]) for row in rows]
    return [row["text"] for row in rows], np.array(shares)


def scores(texts: list[str]) -> dict[str, Floats]:
    """Return the score for TOXICITY and the score that the rule `abuse` uses."""
    models = Moderator.load().models
    toxicity: list[float] = []
    abuse: list[float] = []
    for start in range(0, len(texts), BATCH):
        batch = [read(text) for text in texts[start : start + BATCH]]
        models.score(batch)
        toxicity += [text.scores["toxicity"] for text in batch]
        abuse += [max(text.scores[head] for head in HEADS) for text in batch]
    return {"toxicity": np.array(toxicity), "abuse": np.array(abuse)}


def threshold(score: Floats, share: Floats, target: float) -> float:
    """Return the lowest score at which the isotonic curve reaches `target`, or 1.0 if none does.

    >>> threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]), 0.5)
    0.8
    """
    curve = IsotonicRegression(out_of_bounds="clip").fit_transform(score, share)
    reached = score[curve >= target]
    return float(reached.min()) if len(reached) else 1.0


def interval(score: Floats, share: Floats, target: float) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the threshold."""
    rng = np.random.default_rng(SEED)
    rows = (rng.integers(0, len(score), len(score)) for _ in range(RESAMPLES))
    thresholds = [threshold(score[row], share[row], target) for row in rows]
    low, high = np.percentile(thresholds, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    fitted_on, shares = comments(data, "validation")
    tested_on, test_shares = comments(data, "test")
    fit, test = scores(fitted_on), scores(tested_on)
    versions = Moderator.load().models.versions
    lines = [
        "# Perspective's thresholds and ours\n",
        (__doc__ or "").split("\n\n", 2)[2].strip().rpartition("\n\nWrites")[0],
        f"\ncivil_comments: {len(shares):,} comments to fit (validation), {len(test_shares):,} to "
        f"report (test), seed {SEED}; models abuse {versions['abuse']} and careful "
        f"{versions['careful']}. The last three columns are about the test comments at or over "
        "`abuse`.\n",
        "| Perspective | `TOXICITY` here | 95 % interval | rule `abuse` | 95 % interval "
        "| over it | raters who call those toxic | found of those that so many call toxic |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for target in SHARES:
        cells = [f"{target:.2f}"]
        for name in ("toxicity", "abuse"):
            low, high = interval(fit[name], shares, target)
            cells += [f"{threshold(fit[name], shares, target):.3f}", f"{low:.3f} to {high:.3f}"]
        over = test["abuse"] >= threshold(fit["abuse"], shares, target)
        recall = over[test_shares >= target].mean()
        raters = f"{test_shares[over].mean():.2f}" if over.any() else ""
        cells += [f"{over.mean():.1%}", raters, f"{recall:.1%}"]
        lines.append(f"| {' | '.join(cells)} |")
    RESULTS.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
