"""Measure the memory that training takes as the comments grow to millions.

    python -m benchmarks.memory --data DIR [--rows 250000 1000000 2000000] [--output FILE]

The comments are short ones (at most 80 characters) of the public training sets. They are repeated,
each time with a word replaced by one from another comment, so that nearly all are different. Each
size is measured in its own process, which does what `moderation train abuse` does for one label:
collect, hash and fit. Peak memory is the kernel's `VmHWM`. It does not include files in the
system's page cache, which the kernel may drop at any time. The sizes run in parallel, so the
times are processor times.
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
from moderation.training.linear.features import HashedNgrams, store_features

SIZES = (250_000, 1_000_000, 2_000_000)
LONGEST = 80
LABEL = "again.toxic"
STRENGTH = 1.0


def rows(data: Path, count: int) -> Iterator[Row]:
    """Yield this many comments with the labels of the sets and one word changed in each."""
    rng = random.Random(0)  # noqa: S311 - not for secrets
    short = [
        (row.text.split(), value)
        for row in catalogue.rows(data, "train")
        for label, value in row.labels.items()
        if label.endswith(".toxic") and 20 <= len(row.text) <= LONGEST
    ]
    for number in range(count):
        words, value = short[number % len(short)]
        words = [*words, rng.choice(rng.choice(short)[0])]
        words[rng.randrange(len(words))] = words[-1]
        yield Row(" ".join(words), "again", {LABEL: value})


def measure(data: Path, count: int) -> dict[str, float]:
    """Collect, hash and fit; return processor seconds, peak memory and bytes on disk."""
    result: dict[str, float] = {"rows": count}
    with (
        tempfile.TemporaryDirectory() as folder,
        collect(rows(data, count), [LABEL], Path(folder) / "comments.sqlite") as store,
    ):
        result |= {"texts": len(store), "gathered": time.process_time()}
        ngrams = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)
        features = store_features(store.texts(), ngrams, Memory(folder, verbose=0), "")
        result["hashed"] = time.process_time()
        train, validation = store.of(LABEL, "train"), store.of(LABEL, "validation")
        rarity = fitting.rarity(features.of(train.rows))
        model = fitting.fit(features.of(train.rows), train.values, STRENGTH, rarity)
        result["fitted"] = time.process_time()
        logits = model.logits(features.of(validation.rows))
        result["area"] = float(roc_auc_score(validation.values >= 0.5, logits))
        files = (path for path in Path(folder).rglob("*") if path.is_file())
        result["disk"] = sum(path.stat().st_size for path in files)
    status = Path("/proc/self/status").read_text("utf-8")
    result["peak"] = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return result


def in_own_process(data: Path, count: int) -> dict[str, float]:
    """Measure in a separate process."""
    command = [sys.executable, "-m", "benchmarks.memory", "--data", str(data), "--one", str(count)]
    process = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this module
    result: dict[str, float] = json.loads(process.stdout)
    print(result, flush=True)
    return result


def report(results: list[dict[str, float]]) -> Iterator[str]:
    """Yield the page line by line."""
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
    for row in results:
        yield (
            f"| {row['rows']:,} | {row['texts']:,} | {row['peak'] / 2**20:,.0f} |"
            f" {row['disk'] / 2**30:.1f} | {row['gathered']:,.0f} |"
            f" {row['hashed'] - row['gathered']:,.0f} | {row['fitted'] - row['hashed']:,.0f} |"
            f" {row['area']:.3f} |"
        )


def main() -> None:
    """Print the page, and write it to a file if one is named."""
    parser = argparse.ArgumentParser(description="Measure the memory that training takes.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.data, options.one)))
        return
    with ThreadPoolExecutor(len(options.rows)) as pool:
        results = list(pool.map(lambda count: in_own_process(options.data, count), options.rows))
    lines = "\n".join(report(results)) + "\n"
    print(lines)
    if options.output:
        options.output.write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
