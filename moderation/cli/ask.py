"""`moderation ask`: which comments a moderator's verdict would teach most about."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from moderation.cli import options, service
from moderation.cli.bars import bars, reading
from moderation.cli.render import cell
from moderation.scoring.models import Models

COLUMNS = ("id", "text", "score", "verdict", "rule")

Records = Iterator[tuple[int, Mapping[str, Any]]]


@click.command()
@click.argument("source", default="record")
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="How many to ask about."
)
@click.option(
    "--score", default="toxicity", show_default=True, help="The score that is to learn from it."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The CSV file to write; standard output by default.",
)
@options.models
def ask(source: str, most: int, score: str, output: Path | None, models: Path | None) -> None:
    """Choose the comments that a moderator's verdict would teach most about.

    SOURCE is 'record' for the record that MODERATION_DATABASE names, a database's URL, or a file
    (CSV, JSON lines, Parquet) with a column text and, where known, id. Comments with a verdict
    are left out. Of the others those are chosen about which the model in use is most in doubt,
    no two alike, the best first, and written as a table with empty columns verdict and rule.

    \b
    moderation ask --most 50 --output asked.csv
    ... write approve or reject into the column verdict of asked.csv ...
    moderation train abuse --verdicts record --verdicts asked.csv
    """
    from moderation.training.corpora.catalogue import CorpusError
    from moderation.training.linear import active_learning

    loaded = Models.load(models)
    try:
        with _records(source) as records:
            comments = active_learning.waiting(records, score, loaded.versions)
            asked = active_learning.ask(comments, loaded, score, most)
    except CorpusError as error:
        raise click.UsageError(str(error)) from None
    with _written(output) as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows((cell(it.id), cell(it.text), f"{it.score:.4f}", "", "") for it in asked)


@contextlib.contextmanager
def _records(source: str) -> Iterator[Records]:
    """The decisions of the record, or the rows of a file, each with its line."""
    from moderation.training.corpora import tables

    if service.is_record(source):
        lines = service.exported(None if source == "record" else source, "waiting")
        with bars() as told:
            counted = told.over(lines, None, "comments of the record")
            yield ((number, json.loads(line)) for number, line in enumerate(counted, 1))
        return
    try:
        with reading(Path(source)) as opened:
            yield _with_text(tables.records(Path(source), opened), source)
    except OSError as error:
        raise click.UsageError(f"{source}: {error.strerror or error}") from None


def _with_text(records: Records, source: str) -> Records:
    for line, record in records:
        if "text" not in record:
            raise click.UsageError(f"{source}, line {line}: no column 'text'")
        yield line, record


@contextlib.contextmanager
def _written(output: Path | None) -> Iterator[Any]:
    """Where the table goes."""
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise click.UsageError(f"--output {output}: {error.strerror or error}") from None
