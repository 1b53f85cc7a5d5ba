"""What the desk would see: the share of each action, and how often each rule speaks and acts.

    python -m benchmarks.desk --data DIR fox_news ucc ruddit [--show 60 --seed 0]

Reads whole labelled sets (their labels split each into clean and unclean comments) and decides
about them by the shipped policy. `--show` prints that many decisions that were not 'approve', to
be read by a person: what is silly shows there and in no average.
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
# When a row counts as clean, and when as clearly unclean; the others are neither.
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


def rows(data: Path, name: str) -> list[Row]:
    """The rows of a set that hold a text."""
    with gzip.open(data / "abuse" / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["text"].strip()]


def decide(moderator: Moderator, found: list[Row], name: str) -> list[Decision]:
    """The decision about each row."""
    article = ARTICLE.get(name)
    comments = (
        Comment(row["text"].replace("\0", "")[:5000], article=(article and row[article]) or None)
        for row in found
    )
    return list(moderator.moderate_many(comments))


def table(name: str, found: list[Row], decisions: list[Decision]) -> str:
    """Shares in percent: actions over all, clean and unclean comments; rules seen and acting."""
    clean, unclean = SETS[name]
    lines = [
        f"## {name}: {len(found):,} comments",
        "",
        "| | comments | approve | review | reject |",
    ]
    lines.append("|---|---:|---:|---:|---:|")
    for label, chosen in (("all", lambda _: True), ("clean", clean), ("unclean", unclean)):
        part = [one for row, one in zip(found, decisions, strict=True) if chosen(row)]
        counts = Counter(one.action for one in part)
        shares = " | ".join(f"{100 * counts[action] / len(part):.1f}" for action in Action)
        lines.append(f"| {label} | {len(part):,} | {shares} |")
    acting = Counter(reason.rule for one in decisions for reason in one.reasons)
    seen = acting + Counter(reason.rule for one in decisions for reason in one.observed)
    harmless = [one for row, one in zip(found, decisions, strict=True) if clean(row)]
    on_clean = Counter(reason.rule for one in harmless for reason in one.reasons)
    lines += ["", "| rule | speaks % | acts % | acts on clean % |", "|---|---:|---:|---:|"]
    lines += [
        f"| {rule} | {100 * count / len(found):.2f} | {100 * acting[rule] / len(found):.2f} "
        f"| {100 * on_clean[rule] / len(harmless):.2f} |"
        for rule, count in seen.most_common()
    ]
    return "\n".join(lines) + "\n"


def show(found: list[Row], decisions: list[Decision], most: int, seed: int) -> str:
    """Some decisions that were not 'approve', one a paragraph."""
    pairs = [
        (row, one) for row, one in zip(found, decisions, strict=True) if one.action > Action.APPROVE
    ]
    picked = random.Random(seed).sample(pairs, min(most, len(pairs)))  # noqa: S311 - no secret
    return "\n".join(
        f"[{one.action}] {' '.join(row['text'].split())[:300]}\n"
        + "".join(
            f"      {reason.rule} {reason.finding.score:.2f} {reason.action}: "
            f"{', '.join(repr(span.text[:40]) for span in reason.finding.spans[:4])}\n"
            for reason in one.reasons
        )
        for row, one in picked
    )


def main() -> None:
    """Print the table of each set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("sets", nargs="*", default=["fox_news", "ucc", "ruddit"], choices=SETS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moderator = Moderator.load(arguments.policy)
    for name in arguments.sets:
        found = rows(arguments.data, name)
        decisions = decide(moderator, found, name)
        print(table(name, found, decisions))
        if arguments.show:
            print(show(found, decisions, arguments.show, arguments.seed))


if __name__ == "__main__":
    main()
