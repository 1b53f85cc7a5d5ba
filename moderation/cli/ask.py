"""`moderation ask`: choose the comments whose verdicts would help training most.

The command writes a table in which moderators fill in the verdicts.
"""

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
from moderation.cli.bars import open_with_progress, progress_bars
from moderation.cli.render import spreadsheet_cell
from moderation.scoring.models import Models

COLUMNS = ("id", "text", "score", "verdict", "rule")

Records = Iterator[tuple[int, Mapping[str, Any]]]


@click.command()
@click.argument("source", default="record")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many comments to choose.",
)
@click.option(
    "--score", default="toxicity", show_default=True, help="The score to choose comments for."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The CSV file to write. Default: standard output.",
)
@options.models
def ask(source: str, most: int, score: str, output: Path | None, models: Path | None) -> None:
    """Choose the comments whose verdicts would help training most.

    Picks the comments the model in use is least sure about, without near-duplicates, most useful
    first. Comments that already have a verdict are left out. The result is a CSV table with empty
    columns 'verdict' and 'rule' for a moderator to fill in.

    SOURCE is 'record' (the default: the record that MODERATION_DATABASE names), a database URL, or
    a file (CSV, JSON lines or Parquet) with a column 'text' and optionally 'id'.

    \b
    Example:
      moderation ask --most 50 --output asked.csv
      ... write approve or reject into the column verdict of asked.csv ...
      moderation train abuse --verdicts record --verdicts asked.csv
    """
    from moderation.training.corpora.catalogue import CorpusError
    from moderation.training.linear import active_learning

    loaded = Models.load(models)
    try:
        with _records(source) as records:
            comments = active_learning.unjudged_comments(records, score, loaded.versions)
            chosen = active_learning.select(comments, loaded, score, most)
    except CorpusError as error:
        raise click.UsageError(str(error)) from None
    with _open_output(output) as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(
            (
                spreadsheet_cell(comment.id),
                spreadsheet_cell(comment.text),
                f"{comment.score:.4f}",
                "",
                "",
            )
            for comment in chosen
        )


@contextlib.contextmanager
def _records(source: str) -> Iterator[Records]:
    """Yield an iterator over comments: recorded ones that have no verdict, or the rows of a file.

    The iterator gives pairs of a line number and a comment.
    """
    from moderation.training.corpora import tables

    if service.is_record(source):
        lines = service.export_record(None if source == "record" else source, "waiting")
        with progress_bars() as progress:
            counted = progress.track(lines, None, "comments of the record")
            yield ((number, json.loads(line)) for number, line in enumerate(counted, 1))
        return
    try:
        with open_with_progress(Path(source)) as file:
            yield _with_text(tables.records(Path(source), file), source)
    except OSError as error:
        raise click.UsageError(f"{source}: {error.strerror or error}") from None


def _with_text(records: Records, source: str) -> Records:
    for line, record in records:
        if "text" not in record:
            raise click.UsageError(f"{source}, line {line}: no column 'text'")
        yield line, record


@contextlib.contextmanager
def _open_output(output: Path | None) -> Iterator[Any]:
    """Yield the file to which the table of comments is written: `output` or standard output."""
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise click.UsageError(f"--output {output}: {error.strerror or error}") from None
