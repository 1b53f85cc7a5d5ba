"""What an ordinary comment costs: the whole journey, singly and in batch, and stage by stage.

    OMP_NUM_THREADS=1 python -m benchmarks.speed [--output benchmarks/results/speed.md]

The comments are the harmless ones of `data/guideline_suite.csv`, three joined to one so that they
are as long as comments under news articles are. The time is the processor's; of each comment and
stage the best of several runs counts, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from moderation import Comment, Moderator
from moderation.text.reading import Text, read

SUITE = Path(__file__).parents[1] / "data" / "guideline_suite.csv"
COMMENTS, RUNS = 120, 4

Stages = dict[str, float]


def comments() -> list[str]:
    """Harmless comments of some hundred characters."""
    with SUITE.open(encoding="utf-8", newline="") as file:
        said = [row["text"] for row in csv.DictReader(file) if row["harmful"] == "0"]
    return [" ".join(said[at : at + 3]) for at in range(0, len(said) - 2, 3)][:COMMENTS]


def stages(moderator: Moderator, comment: str) -> Stages:
    """Microseconds of each stage of one comment's journey."""
    found: Stages = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        began = time.process_time()
        work()
        found[name] = (time.process_time() - began) * 1e6

    text: Text = read(Comment(comment))  # whose properties are computed when first asked for
    timed("read", lambda: read(Comment(comment)))
    for part in ("tokens", "sentences", "deobfuscated"):
        timed(part, partial(getattr, text, part))
    for name, reader in moderator.models.scorers.items():
        timed(f"model {name}", partial(reader.score, [text]))
    moderator.models.score([text])
    for rule in moderator.policy.rules.values():
        timed(f"check {rule.name}", partial(rule.check, text))
    return found


def by_stage(moderator: Moderator, said: list[str]) -> Stages:
    """The mean over all comments of the best run of each stage."""
    total: Stages = {}
    for comment in said:
        runs = [stages(moderator, comment) for _ in range(RUNS)]
        for name in runs[0]:
            total[name] = total.get(name, 0.0) + min(run[name] for run in runs)
    return {name: spent / len(said) for name, spent in total.items()}


def best(work: Callable[[], object]) -> float:
    """The least microseconds of several runs."""
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1e6)
    return min(times)


def journeys(moderator: Moderator, said: list[str]) -> Stages:
    """Microseconds of the whole journey for each comment."""
    singly = [best(partial(moderator.moderate, comment)) for comment in said]
    return {
        "one by one, mean": statistics.mean(singly),
        "one by one, median": statistics.median(singly),
        "one by one, 95 of 100 below": statistics.quantiles(singly, n=100)[94],
        "in batches, mean": best(lambda: [*moderator.moderate_many(said)]) / len(said),
    }


def table(title: str, fast: Stages, careful: Stages) -> Iterator[str]:
    """Milliseconds of both readers side by side."""
    yield ""
    yield f"| {title}, ms | fast reader | careful reader |"
    yield "|---|--:|--:|"
    for name in careful:
        yield f"| {name} | {fast[name] / 1000:.3f} | {careful[name] / 1000:.3f} |"


def report() -> Iterator[str]:
    """The tables, line by line."""
    said = comments()
    fast, careful = (Moderator.load({"house": {"reader": one}}) for one in ("fast", "careful"))
    for moderator in (fast, careful):
        moderator.moderate("You idiot! The first comment pays for what is loaded late.")
    parts = by_stage(fast, said)
    own = sum(spent for name, spent in parts.items() if not name.startswith("model"))
    yield "# Speed"
    yield ""
    yield f"{len(said)} harmless comments of {statistics.mean(map(len, said)):.0f} characters on"
    yield "average: milliseconds of processor time for each, on one thread. Many speak of groups"
    yield "and quarrels, so the careful reader is asked more often than under ordinary articles;"
    yield "checks that fire ask it again for the words that weighed most."
    yield f"{platform.machine()}, Python {platform.python_version()}, shipped policy and models."
    yield from table("whole journey", journeys(fast, said), journeys(careful, said))
    yield ""
    yield f"Reading and all checks, without the models (fast reader): {own / 1000:.2f} ms."
    yield from table("stage", parts, by_stage(careful, said))


def main() -> None:
    """Print the tables, and write them to a file where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = "\n".join(report()) + "\n"
    print(lines, end="")
    if options.output:
        options.output.write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
