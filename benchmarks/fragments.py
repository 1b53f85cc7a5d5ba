"""Measure the rule `full_sentences` on whole comments that were labelled by hand.

    python -m benchmarks.fragments --data DIR [--output FILE]

`DIR` is the folder with the corpora. `data/fragment_labels.csv` holds the labels: the SHA-256 of a
comment, its source, how many comments of the source it stands for, and whether it has a full
sentence. A comment is held if it scores at least the rule's `review` threshold.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from moderation import Moderator, Policy
from moderation.scoring.models import Models

LABELS = Path(__file__).parents[1] / "data" / "fragment_labels.csv"
SOURCES = ("fox_news", "ucc", "trac", "ruddit")
RULE = "full_sentences"
DRAWS = 2_000  # of the bootstrap

Scores = dict[tuple[str, str], float]


class Judged(NamedTuple):
    """A labelled comment: how many it stands for, whether it is a fragment, and if it was held."""

    weight: float
    is_fragment: bool
    is_held: bool


def texts(data: Path) -> Iterator[tuple[str, str]]:
    """Yield each different comment with its source."""
    for source in SOURCES:
        with gzip.open(data / "abuse" / f"{source}.csv.gz", "rt", encoding="utf-8") as file:
            rows = dict.fromkeys(row["text"] for row in csv.DictReader(file) if row["text"].strip())
        yield from ((source, text) for text in rows)


def scores(moderator: Moderator, comments: Sequence[tuple[str, str]]) -> Scores:
    """Return the rule's score of each comment by source and SHA-256, -1 without a finding."""
    return {
        (source, hashlib.sha256(text.encode()).hexdigest()): max(
            (hint.score for hint in moderator.hints(text)), default=-1.0
        )
        for source, text in comments
    }


def judged(by_comment: Scores, threshold: float, half: str) -> list[Judged]:
    """Return the labelled comments of one half, without those that are not English."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return [
            Judged(
                float(row["weight"]),
                row["label"] == "fragment",
                by_comment[row["source"], row["sha256"]] >= threshold,
            )
            for row in csv.DictReader(file)
            if row["half"] == half and row["label"] != "other"
        ]


def precision(comments: Sequence[Judged]) -> float:
    """Return the share of fragments among the comments that were held."""
    held = sum(comment.weight for comment in comments if comment.is_held)
    return sum(
        comment.weight for comment in comments if comment.is_held and comment.is_fragment
    ) / (held or 1.0)


def recall(comments: Sequence[Judged]) -> float:
    """Return the share of fragments that were held."""
    return precision(
        [
            comment._replace(is_fragment=comment.is_held, is_held=comment.is_fragment)
            for comment in comments
        ]
    )


def interval(comments: Sequence[Judged], metric: str, seed: int) -> str:
    """Return a metric with its bootstrapped 95 % interval."""
    measure = {"precision": precision, "recall": recall}[metric]
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    draws = sorted(measure(rng.choices(comments, k=len(comments))) for _ in range(DRAWS))
    low, high = draws[DRAWS // 40], draws[-DRAWS // 40]
    return f"{measure(comments):.1%} ({low:.1%} to {high:.1%})"


def shares(by_comment: Scores, threshold: float) -> Mapping[str, float]:
    """Return the share of comments of each source that score at least the threshold."""
    total = Counter(source for source, _ in by_comment)
    held = Counter(source for (source, _), score in by_comment.items() if score >= threshold)
    return {source: held[source] / total[source] for source in SOURCES}


def report(data: Path, seed: int) -> Iterator[str]:
    """Yield the lines of the report."""
    comments, models = list(texts(data)), Models.load()
    yield "# Comments without a full sentence\n"
    yield (
        "550 comments of three sets (220 of ucc, 110 of fox_news, 220 of trac) were drawn by their"
        " length,\nshort ones more often, and labelled by one reader before the rule judged them:"
        " 119 have no full\nsentence and are no courtesy. Half of them served to tune the rule. The"
        " figures are of the other half,\neach comment weighted by how many it stands for, with"
        " bootstrapped 95 % intervals.\n"
    )
    yield "| | precision | recall | " + " | ".join(f"of {name}" for name in SOURCES) + " |"
    yield "|---" * (len(SOURCES) + 3) + "|"
    for name, strict in (("as shipped", False), ("`strict = true`", True)):
        policy = Policy.load({RULE: {"strict": strict}})
        by_comment = scores(Moderator(policy, models), comments)
        review = float(policy.rules[RULE].thresholds.review)
        rows = {f"held, {name}": review, **({} if strict else {"held or observed": 0.0})}
        for title, threshold in rows.items():
            half = judged(by_comment, threshold, "report")
            cells = [interval(half, metric, seed) for metric in ("precision", "recall")]
            cells += [f"{share:.1%}" for share in shares(by_comment, threshold).values()]
            yield f"| {title} | " + " | ".join(cells) + " |"


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description="Measure the rule full_sentences on comments.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--output", type=Path, help="write the report to this file")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = "\n".join(report(options.data, options.seed)) + "\n"
    if options.output:
        options.output.write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
