"""How much memory learning takes as the comments grow to millions.

    python -m benchmarks.memory --data DIR [--rows 250000 1000000 2000000] [--output FILE]

The comments are short ones of the public sets that train (80 characters at most), again and
again, each time with a word exchanged for another set's, so that nearly all are new. Each size is
a process of its own that does what `moderation train abuse` does for a label: gathers, hashes and
fits. Peak memory is the kernel's figure for it (`VmHWM`); the files that lie in the system's own
cache meanwhile are not in it, and may be dropped at any time. The sizes run side by side, so that
processor time is reported and not the clock.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from joblib import Memory
from sklearn.metrics import roc_auc_score

from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.store import collect
from moderation.training.linear import fitting
from moderation.training.linear.abuse import RECIPE
from moderation.training.linear.features import HashedNgrams, shelved

SIZES = (250_000, 1_000_000, 2_000_000)
LONGEST = 80
LABEL = "again.toxic"
STRENGTH = 1.0


def rows(data: Path, count: int) -> Iterator[Row]:
    """So many comments that mean what the sets' own do, with a word changed in each."""
    draw = random.Random(0)  # noqa: S311 - no secret
    short = [
        (row.text.split(), value)
        for row in catalogue.rows(data, "train")
        for label, value in row.labels.items()
        if label.endswith(".toxic") and 20 <= len(row.text) <= LONGEST
    ]
    for number in range(count):
        words, value = short[number % len(short)]
        words = [*words, draw.choice(draw.choice(short)[0])]
        words[draw.randrange(len(words))] = words[-1]
        yield Row(" ".join(words), "again", {LABEL: value})


def measure(data: Path, count: int) -> dict[str, float]:
    """Gather, hash and fit; seconds of the processor, peak memory and what lay on disk."""
    found: dict[str, float] = {"rows": count}
    with (
        tempfile.TemporaryDirectory() as folder,
        collect(rows(data, count), [LABEL], Path(folder) / "comments.sqlite") as gathered,
    ):
        found |= {"texts": len(gathered), "gathered": time.process_time()}
        ngrams = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)
        features = shelved(gathered.texts(), ngrams, Memory(folder, verbose=0), "")
        found["hashed"] = time.process_time()
        said, held = gathered.of(LABEL, "train"), gathered.of(LABEL, "validation")
        rare = fitting.rarity(features.of(said.rows))
        fitted = fitting.fit(features.of(said.rows), said.values, STRENGTH, rare)
        found["fitted"] = time.process_time()
        odds = fitted.logits(features.of(held.rows))
        found["area"] = float(roc_auc_score(held.values >= 0.5, odds))
        found["disk"] = sum(it.stat().st_size for it in Path(folder).rglob("*") if it.is_file())
    status = Path("/proc/self/status").read_text("utf-8")
    found["peak"] = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return found


def apart(data: Path, count: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--data", str(data), "--one", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this module
    found: dict[str, float] = json.loads(done.stdout)
    print(found, flush=True)
    return found


def report(results: list[dict[str, float]]) -> Iterator[str]:
    """The page, line by line."""
    yield "# Memory of learning"
    yield ""
    yield f"Short comments of the public sets, varied, in {1 << RECIPE.bits:,} features, one label;"
    yield f"{platform.machine()}, Python {platform.python_version()}. `python -m benchmarks.memory`"
    yield "says how."
    yield ""
    yield (
        "| rows | texts | peak memory, MB | on disk, GB | reading, CPU s | n-grams, CPU s |"
        " fitting, CPU s | area, validation |"
    )
    yield "|--:|--:|--:|--:|--:|--:|--:|--:|"
    for it in results:
        yield (
            f"| {it['rows']:,} | {it['texts']:,} | {it['peak'] / 2**20:,.0f} |"
            f" {it['disk'] / 2**30:.1f} | {it['gathered']:,.0f} |"
            f" {it['hashed'] - it['gathered']:,.0f} | {it['fitted'] - it['hashed']:,.0f} |"
            f" {it['area']:.3f} |"
        )


def main() -> None:
    """Print the page, and write it to a file where one is named."""
    parser = argparse.ArgumentParser(description="What learning takes of memory.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.data, given.one)))
        return
    with ThreadPoolExecutor(len(given.rows)) as pool:
        results = list(pool.map(lambda count: apart(given.data, count), given.rows))
    lines = "\n".join(report(results)) + "\n"
    print(lines)
    if given.output:
        given.output.write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
