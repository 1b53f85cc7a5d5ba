"""Measure the rule `spam` on comments that nothing was trained on.

    python -m benchmarks.spam --data DIR [--output FILE]

`DIR` is the folder with the corpora. `data/spam_test.csv` has advertising and lures, and harmless
comments with the same words and figures. They were written apart from the in-house comments. The
other comments are those of public sets that only measure, nearly all of them harmless.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

from scipy.stats import binomtest

from moderation import Comment, Policy
from moderation.scoring.models import Models
from moderation.scoring.scorer import Scorer
from moderation.text.reading import read

WRITTEN = Path(__file__).parents[1] / "data" / "spam_test.csv"
SOURCES = ("fox_news", "ucc", "insults", "trac")
BATCH = 256


def written() -> Iterator[tuple[str, str, bool]]:
    """Yield text, region and label of the comments that were written for this measurement."""
    with WRITTEN.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"], row["area"], row["spam"] == "1"


def public(data: Path, source: str) -> list[str]:
    """Return each different comment of a public set."""
    with gzip.open(data / "abuse" / f"{source}.csv.gz", "rt", encoding="utf-8") as file:
        texts = dict.fromkeys(row["text"] for row in csv.DictReader(file))
    return [text for text in texts if text.strip()]


def held(scorer: Scorer, texts: Sequence[str], threshold: float) -> list[bool]:
    """Return for each comment whether `spam` sends it to a person."""
    results = []
    for start in range(0, len(texts), BATCH):
        batch = [read(Comment(text)) for text in texts[start : start + BATCH]]
        results += [bool(score >= threshold) for score in scorer.score(batch)["spam"]]
    return results


def share(hits: Sequence[bool]) -> str:
    """Return how many are true, as a share with Wilson's 95 % interval."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{sum(hits)} of {len(hits):,} | {sum(hits) / len(hits):.2%} ({low:.2%} to {high:.2%})"


def report(data: Path) -> Iterator[str]:
    """Yield the lines of the report."""
    models = Models.load()
    scorer = models.scorers["spam"]
    threshold = float(Policy.load().rules["spam"].thresholds.review)
    yield "# Advertising, lures and scams\n"
    yield (
        f"How many comments `spam` {models.versions['spam']} sends to a person, with Wilson's 95 %"
        " intervals. The written\ncomments are in `data/spam_test.csv`, and nothing was trained on"
        " them. The public sets hold a few\nadvertisements too.\n"
    )
    yield "| comments | held | share |\n|---|---|---|"
    rows = list(written())
    for label, kind in ((True, "advertising and lures"), (False, "harmless")):
        for area, region in (("IN", "India"), ("XX", "elsewhere")):
            texts = [text for text, where, spam in rows if spam == label and where == area]
            yield f"| written, {kind}, {region} | {share(held(scorer, texts, threshold))} |"
    for source in SOURCES:
        yield f"| {source} | {share(held(scorer, public(data, source), threshold))} |"


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description="Measure the rule spam on comments.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--output", type=Path, help="write the report to this file")
    options = parser.parse_args()
    text = "\n".join(report(options.data)) + "\n"
    if options.output:
        options.output.write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
