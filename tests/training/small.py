"""Corpora of a few rows each, in the shape that `data/sources.toml` says, of words drawn by lot."""

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
    """A file for each set that trains; every value that a column may have comes in turn."""
    draw = random.Random(0)  # noqa: S311 - examples, not secrets
    for source in catalogue.sources().values():
        if source.use == "train":
            path = folder / source.file
            path.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
                out = csv.DictWriter(file, sorted(source.columns))
                out.writeheader()
                turns = {column: itertools.cycle(said(source, column)) for column in source.columns}
                for _ in range(rows):
                    out.writerow(
                        {column: next(turn) for column, turn in turns.items()}
                        | {column: " ".join(draw.choices(WORDS, k=9)) for column in source.text}
                    )


def said(source: Source, column: str) -> list[str]:
    """What may stand in a column."""
    if isinstance(source.natural, Natural) and source.natural.column == column:
        return [source.natural.equals]
    if source.marks == column:
        return ["[]", "[0]"]
    labels = [label for label in source.labels.values() if label.column == column]
    values = [value for label in labels for value in label.values or ()]
    if any(label.otherwise is not None for label in labels):
        values.append("another")
    scale = next((label.scale for label in labels if label.scale), (0.0, 1.0))
    return values or [str(edge) for edge in scale]
