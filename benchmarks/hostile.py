"""How long the worst comments take: twenty kilobytes of every shape in `tests/shapes.py`.

    OMP_NUM_THREADS=1 python -m benchmarks.hostile [--output benchmarks/results/hostile.md]

Each shape goes the whole journey (read, models, every check), as plain text and as HTML, three
times; the table has the best of them in milliseconds of processor time, so that what else runs
on the machine counts little, and the two checks that took longest.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from moderation import Comment, Moderator
from moderation.comment import MAX_BYTES, Format
from tests.shapes import shapes

BOUND = 200.0  # ms, in which every comment must be decided
FORMATS: tuple[Format, ...] = ("plain", "html")


class Taken(NamedTuple):
    """Milliseconds of one decision, and of its checks."""

    whole: float
    checks: dict[str, float]


def taken(moderator: Moderator, comment: Comment) -> Taken:
    """One decision, timed."""
    checks: dict[str, float] = {}
    observed = moderator.observed(lambda rule, seconds: checks.update({rule: seconds * 1000}))
    began = time.process_time()
    observed.moderate(comment)
    return Taken((time.process_time() - began) * 1000, checks)


def rows(moderator: Moderator, runs: int) -> Iterator[tuple[str, list[Taken]]]:
    """Each shape and the best of its runs in every format."""
    for name, text in shapes():
        yield (
            name,
            [
                min(taken(moderator, Comment(text, format=form)) for _ in range(runs))
                for form in FORMATS
            ],
        )


def table(found: list[tuple[str, list[Taken]]]) -> Iterator[str]:
    """The report, line by line, the slowest shape first."""
    worst = max(each.whole for _, all_of in found for each in all_of)
    late = sum(each.whole > BOUND for _, all_of in found for each in all_of)
    yield "# Hostile comments"
    yield ""
    yield f"{len(found)} shapes of {MAX_BYTES:,} bytes, each as plain text and as HTML: the slowest"
    yield f"takes {worst:.0f} ms of processor time, {late} take more than {BOUND:.0f} ms."
    yield f"One thread, {platform.machine()}, Python {platform.python_version()}, shipped policy"
    yield "and models."
    yield ""
    yield "| shape | plain, ms | HTML, ms | slowest checks (plain, ms) |"
    yield "|---|--:|--:|---|"
    for name, (plain, marked) in sorted(found, key=lambda row: -max(row[1]).whole):
        slowest = sorted(plain.checks, key=lambda rule: -plain.checks[rule])[:2]
        said = ", ".join(f"{rule} {plain.checks[rule]:.0f}" for rule in slowest)
        shown = name.replace("|", "\\|")
        yield f"| {shown} | {plain.whole:.0f} | {marked.whole:.0f} | {said} |"


def main() -> None:
    """Print the table, and write it to a file where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    moderator = Moderator.load()
    moderator.moderate("The first comment pays for what is loaded late.")
    report = "\n".join(table(list(rows(moderator, options.runs)))) + "\n"
    print(report, end="")
    if options.output:
        options.output.write_text(report, "utf-8")


if __name__ == "__main__":
    main()
