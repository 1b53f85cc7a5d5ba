"""Small corpora of random words in the formats of `data/sources.toml`, to test training with."""

from __future__ import annotations

import csv
import gzip
import itertools
import random
from pathlib import Path

from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Natural, Source

WORDS = "the council meets on monday about roads schools parks you fool idiot rubbish well".split()


def write(folder: Path, rows: int) -> None:
    """Write a file for each training corpus. Columns cycle through their possible values."""
    rng = random.Random(0)  # noqa: S311 - words, not secrets
    for source in catalogue.sources().values():
        if source.use == "train":
            path = folder / source.file
            path.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, sorted(source.columns))
                writer.writeheader()
                cycles = {
                    column: itertools.cycle(values(source, column)) for column in source.columns
                }
                for _ in range(rows):
                    writer.writerow(
                        {column: next(cycle) for column, cycle in cycles.items()}
                        | {column: " ".join(rng.choices(WORDS, k=9)) for column in source.text}
                    )


def values(source: Source, column: str) -> list[str]:
    """Return the possible values of a column."""
    if isinstance(source.natural, Natural) and source.natural.column == column:
        return [source.natural.equals]
    if source.marks == column:
        return ["[]", "[0]"]
    labels = [label for label in source.labels.values() if label.column == column]
    words = [word for label in labels for word in label.values or ()]
    if any(label.otherwise is not None for label in labels):
        words.append("another")
    scale = next((label.scale for label in labels if label.scale), (0.0, 1.0))
    return words or [str(limit) for limit in scale]
