"""Measure the slowest comments: twenty kilobytes of every shape in `tests/shapes.py`.

    OMP_NUM_THREADS=1 python -m benchmarks.hostile [--output benchmarks/results/hostile.md]

Each shape is decided completely (reading, models, all checks), as plain text and as HTML, three
times. The table has the best time, in milliseconds of processor time, so that other programs on
the machine matter little. It also names the two checks that took longest.
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

BOUND = 200.0  # milliseconds within which every comment must be decided
FORMATS: tuple[Format, ...] = ("plain", "html")


class Timing(NamedTuple):
    """Milliseconds of one decision, and of each of its checks."""

    total: float
    checks: dict[str, float]


def timed(moderator: Moderator, comment: Comment) -> Timing:
    """Time one decision."""
    checks: dict[str, float] = {}
    observed = moderator.observed(lambda rule, seconds: checks.update({rule: seconds * 1000}))
    start = time.process_time()
    observed.moderate(comment)
    return Timing((time.process_time() - start) * 1000, checks)


def rows(moderator: Moderator, runs: int) -> Iterator[tuple[str, list[Timing]]]:
    """Yield each shape with the best of its runs in every format."""
    for name, text in shapes():
        yield (
            name,
            [
                min(timed(moderator, Comment(text, format=form)) for _ in range(runs))
                for form in FORMATS
            ],
        )


def table(results: list[tuple[str, list[Timing]]]) -> Iterator[str]:
    """Yield the report line by line, the slowest shape first."""
    totals = [timing.total for _, timings in results for timing in timings]
    worst, late = max(totals), sum(total > BOUND for total in totals)
    yield "# Hostile comments"
    yield ""
    yield f"{len(results)} shapes of {MAX_BYTES:,} bytes, each as plain text and as HTML: the"
    yield f"slowest takes {worst:.0f} ms of processor time, {late} take more than {BOUND:.0f} ms."
    yield f"One thread, {platform.machine()}, Python {platform.python_version()}, shipped policy"
    yield "and models."
    yield ""
    yield "| shape | plain, ms | HTML, ms | slowest checks (plain, ms) |"
    yield "|---|--:|--:|---|"
    for name, (plain, html) in sorted(results, key=lambda row: -max(row[1]).total):
        slowest = sorted(plain.checks, key=lambda rule: -plain.checks[rule])[:2]
        checks = ", ".join(f"{rule} {plain.checks[rule]:.0f}" for rule in slowest)
        label = name.replace("|", "\\|")
        yield f"| {label} | {plain.total:.0f} | {html.total:.0f} | {checks} |"


def main() -> None:
    """Print the table, and write it to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    moderator = Moderator.load()
    moderator.moderate("The first comment loads what is loaded on first use.")
    report = "\n".join(table(list(rows(moderator, options.runs)))) + "\n"
    print(report, end="")
    if options.output:
        options.output.write_text(report, "utf-8")


if __name__ == "__main__":
    main()
