"""Measure the cost of an ordinary comment: the whole decision and each stage.

    OMP_NUM_THREADS=1 python -m benchmarks.speed [--output benchmarks/results/speed.md]

The comments are harmless ones from `data/guideline_suite.csv`. Three are joined into one, so that
they are as long as comments under news articles. Times are processor times. The best of several
runs counts for each comment and stage, so that other programs on the machine matter little.
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
    """Return harmless comments of about a hundred characters."""
    with SUITE.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file) if row["harmful"] == "0"]
    return [" ".join(texts[at : at + 3]) for at in range(0, len(texts) - 2, 3)][:COMMENTS]


def stages(moderator: Moderator, comment: str) -> Stages:
    """Return the microseconds of each stage of deciding one comment."""
    times: Stages = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        start = time.process_time()
        work()
        times[name] = (time.process_time() - start) * 1e6

    text: Text = read(Comment(comment))  # its properties are computed on first use
    timed("read", lambda: read(Comment(comment)))
    for part in ("tokens", "sentences", "deobfuscated"):
        timed(part, partial(getattr, text, part))
    for name, scorer in moderator.models.scorers.items():
        timed(f"model {name}", partial(scorer.score, [text]))
    moderator.models.score([text])
    for rule in moderator.policy.rules.values():
        timed(f"check {rule.name}", partial(rule.check, text))
    return times


def by_stage(moderator: Moderator, texts: list[str]) -> Stages:
    """Return the mean over all comments of the best run of each stage."""
    total: Stages = {}
    for text in texts:
        runs = [stages(moderator, text) for _ in range(RUNS)]
        for name in runs[0]:
            total[name] = total.get(name, 0.0) + min(run[name] for run in runs)
    return {name: microseconds / len(texts) for name, microseconds in total.items()}


def best(work: Callable[[], object]) -> float:
    """Return the microseconds of the fastest of several runs."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1e6)
    return min(times)


def whole_decisions(moderator: Moderator, texts: list[str]) -> Stages:
    """Return the microseconds per comment of whole decisions."""
    singly = [best(partial(moderator.moderate, text)) for text in texts]
    return {
        "one by one, mean": statistics.mean(singly),
        "one by one, median": statistics.median(singly),
        "one by one, 95 of 100 below": statistics.quantiles(singly, n=100)[94],
        "in batches, mean": best(lambda: [*moderator.moderate_many(texts)]) / len(texts),
    }


def table(title: str, fast: Stages, careful: Stages) -> Iterator[str]:
    """Yield a table of milliseconds with both models side by side."""
    yield ""
    yield f"| {title}, ms | fast reader | careful reader |"
    yield "|---|--:|--:|"
    for name in careful:
        yield f"| {name} | {fast[name] / 1000:.3f} | {careful[name] / 1000:.3f} |"


def report() -> Iterator[str]:
    """Yield the tables line by line."""
    texts = comments()
    fast, careful = (
        Moderator.load({"house": {"reader": reader}}) for reader in ("fast", "careful")
    )
    for moderator in (fast, careful):
        moderator.moderate("You idiot! The first comment loads what is loaded on first use.")
    parts = by_stage(fast, texts)
    without_models = sum(value for name, value in parts.items() if not name.startswith("model"))
    yield "# Speed"
    yield ""
    yield f"{len(texts)} harmless comments of {statistics.mean(map(len, texts)):.0f} characters on"
    yield "average: milliseconds of processor time for each, on one thread. Many speak of groups"
    yield "and quarrels, so the careful model runs more often than under ordinary articles, and"
    yield "rules that act run it again for the words with the most weight."
    yield f"{platform.machine()}, Python {platform.python_version()}, shipped policy and models."
    yield from table("whole journey", whole_decisions(fast, texts), whole_decisions(careful, texts))
    yield ""
    milliseconds = without_models / 1000
    yield f"Reading and all checks (fast reader), without the models: {milliseconds:.2f} ms."
    yield from table("stage", parts, by_stage(careful, texts))


def main() -> None:
    """Print the tables, and write them to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = "\n".join(report()) + "\n"
    print(lines, end="")
    if options.output:
        options.output.write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
