"""Measure what a moderation desk would see: how often each action is taken and each rule acts.

    python -m benchmarks.desk --data DIR fox_news ucc ruddit [--show 60 --seed 0]

Decides all comments of labelled sets by the shipped policy. The labels of a set divide its
comments into clean and unclean ones. `--show` prints that many decisions that were not 'approve',
for a person to read, because averages hide silly decisions.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from moderation import Action, Comment, Decision, Moderator

csv.field_size_limit(sys.maxsize)

Row = Mapping[str, str]
# Whether a row is clean, and whether it is clearly unclean. The other rows are neither.
SETS: dict[str, tuple[Callable[[Row], bool], Callable[[Row], bool]]] = {
    "fox_news": (lambda row: row["label"] == "0", lambda row: row["label"] == "1"),
    "ucc": (lambda row: row["healthy"] == "1", lambda row: row["hostile"] == "1"),
    "ruddit": (
        lambda row: float(row["offensiveness_score"]) < -0.2,
        lambda row: float(row["offensiveness_score"]) > 0.4,
    ),
    "trac": (lambda row: row["level"] == "NAG", lambda row: row["level"] == "OAG"),
    "civil_comments": (
        lambda row: float(row["says_not_toxic"]) > 0.5,
        lambda row: float(row["says_not_toxic"]) == 0,
    ),
}
ARTICLE = {"fox_news": "title", "ruddit": "post_title"}


def load(data: Path, name: str) -> list[Row]:
    """Return the rows of a set that have a text."""
    with gzip.open(data / "abuse" / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["text"].strip()]


def decide(moderator: Moderator, rows: list[Row], name: str) -> list[Decision]:
    """Return the decision about each row."""
    article = ARTICLE.get(name)
    comments = (
        Comment(row["text"].replace("\0", "")[:5000], article=(article and row[article]) or None)
        for row in rows
    )
    return list(moderator.moderate_many(comments))


def table(name: str, rows: list[Row], decisions: list[Decision]) -> str:
    """Return the table: percentages of actions, and of rules that find something and that act."""
    clean, unclean = SETS[name]
    lines = [
        f"## {name}: {len(rows):,} comments",
        "",
        "| | comments | approve | review | reject |",
    ]
    lines.append("|---|---:|---:|---:|---:|")
    for label, selects in (("all", lambda _: True), ("clean", clean), ("unclean", unclean)):
        part = [decision for row, decision in zip(rows, decisions, strict=True) if selects(row)]
        counts = Counter(decision.action for decision in part)
        shares = " | ".join(f"{100 * counts[action] / len(part):.1f}" for action in Action)
        lines.append(f"| {label} | {len(part):,} | {shares} |")
    acting = Counter(reason.rule for decision in decisions for reason in decision.reasons)
    observed = Counter(reason.rule for decision in decisions for reason in decision.observed)
    harmless = [decision for row, decision in zip(rows, decisions, strict=True) if clean(row)]
    on_clean = Counter(reason.rule for decision in harmless for reason in decision.reasons)
    lines += ["", "| rule | speaks % | acts % | acts on clean % |", "|---|---:|---:|---:|"]
    lines += [
        f"| {rule} | {100 * count / len(rows):.2f} | {100 * acting[rule] / len(rows):.2f} "
        f"| {100 * on_clean[rule] / len(harmless):.2f} |"
        for rule, count in (acting + observed).most_common()
    ]
    return "\n".join(lines) + "\n"


def show(rows: list[Row], decisions: list[Decision], most: int, seed: int) -> str:
    """Return a sample of the decisions that were not 'approve', one per paragraph."""
    pairs = [
        (row, decision)
        for row, decision in zip(rows, decisions, strict=True)
        if decision.action > Action.APPROVE
    ]
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    sample = rng.sample(pairs, min(most, len(pairs)))
    return "\n".join(
        f"[{decision.action}] {' '.join(row['text'].split())[:300]}\n"
        + "".join(
            f"      {reason.rule} {reason.finding.score:.2f} {reason.action}: "
            f"{', '.join(repr(span.text[:40]) for span in reason.finding.spans[:4])}\n"
            for reason in decision.reasons
        )
        for row, decision in sample
    )


def main() -> None:
    """Print the table of each set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("sets", nargs="*", default=["fox_news", "ucc", "ruddit"], choices=SETS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moderator = Moderator.load(options.policy)
    for name in options.sets:
        rows = load(options.data, name)
        decisions = decide(moderator, rows, name)
        print(table(name, rows, decisions))
        if options.show:
            print(show(rows, decisions, options.show, options.seed))


if __name__ == "__main__":
    main()
