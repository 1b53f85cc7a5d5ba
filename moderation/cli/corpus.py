"""`moderation corpus`: check and import labelled comments for training."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from moderation.cli import options
from moderation.cli.bars import open_with_progress
from moderation.cli.render import spreadsheet_cell
from moderation.scoring.store import ModelError
from moderation.training.corpora import importing
from moderation.training.corpora.catalogue import CorpusError, Source
from moderation.training.corpora.importing import ImportedRow, Report

if TYPE_CHECKING:
    from moderation.training.corpora.label_issues import LabelIssue


@click.group()
def corpus() -> None:
    """Check labelled comments and import them for training.

    A file is CSV, tab-separated (.tsv), JSON or Parquet, optionally compressed with gzip or zip. A
    known corpus is recognised by its columns. For your own file, use --map to say what its columns
    mean.
    """


@corpus.command("list")
def list_() -> None:
    """List the known corpora.

    Prints each corpus with its use, its licence, its labels and the address of its publisher,
    separated by tabs.
    """
    for source in importing.known_formats().values():
        labels = ", ".join(source.labels)
        click.echo("\t".join((source.name, source.use, source.licence, labels, source.home)))


class _LabelCheck(NamedTuple):
    """Options for finding wrong labels: which models to use, and where to write suspicious rows."""

    table: Path | None
    scorer: str
    models: Path | None


def _source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument FILE, and the options that say how to read it, to a click command.

    The command gets them as the parameters `file`, `source` and `label_check`.
    """

    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option(
        "--as", "name", metavar="NAME", help="The known corpus that FILE is: see `corpus list`."
    )
    @click.option("--text", default="text", show_default=True, help="The column with the text.")
    @click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="LABEL=COLUMN",
        help="Read the label LABEL from COLUMN, which holds numbers from 0 to 1. If LABEL is the "
        "name of a score, the models check these labels too. Can be repeated.",
    )
    @click.option(
        "--suspicious",
        "table",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the rows whose labels a person should check to this CSV file, most suspicious "
        "first.",
    )
    @click.option(
        "--reader",
        "scorer",
        type=click.Choice(("fast", "careful", "none")),
        default="fast",
        show_default=True,
        help="Which models look for wrong labels and for other languages: the fast model alone, "
        "the careful one too (some milliseconds a comment), or none.",
    )
    @options.models
    @wraps(command)
    def with_source(
        *args: Any,
        file: Path,
        name: str | None,
        text: str,
        columns: tuple[str, ...],
        table: Path | None,
        scorer: str,
        models: Path | None,
        **rest: Any,
    ) -> Any:
        if table and scorer == "none":
            raise click.UsageError("--suspicious needs --reader fast or careful")
        if table:
            _check_target("--suspicious", table, file)
        label_check = _LabelCheck(table, scorer, models)
        return command(
            *args,
            file=file,
            source=_source(file, name, text, columns),
            label_check=label_check,
            **rest,
        )

    return with_source


@corpus.command()
@_source_options
def check(file: Path, source: Source | None, label_check: _LabelCheck) -> None:
    """Report label balance, duplicates and suspicious rows of FILE.

    Prints JSON. Near-duplicates count as duplicates too. FILE is not changed.

    \b
    Example:
      moderation corpus check ours.csv --map toxicity=is_rude --suspicious look.csv
    """
    name = source.name if source else None
    with _checked_rows(file, source, label_check) as (rows, report):
        for row in rows:
            name = row.source.name
    click.echo(json.dumps({"corpus": name, **report()}, indent=2))


@corpus.command("import")
@_source_options
@click.option(
    "--licence", default="our own", show_default=True, help="The licence, for a file of your own."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The .csv.gz file to write.",
)
def import_(
    file: Path, source: Source | None, label_check: _LabelCheck, licence: str, out: Path
) -> None:
    """Write FILE's rows, without duplicates, as a corpus for training.

    Prints the corpus's table for sources.toml on standard output, and the report of `corpus check`
    on standard error. FILE itself is not changed. If the licence of a corpus allows measuring but
    not training, the table says so, and no model is trained on it.

    \b
    Example:
      moderation corpus import ours.csv --map rude=is_rude --out data/ours.csv.gz
    """
    if not out.name.endswith(".csv.gz"):
        raise click.UsageError(f"--out {out}: must end in .csv.gz, the format that is written")
    _check_target("--out", out, file)
    if source and not source.licence:
        source = source.model_copy(update={"licence": licence})
    with _checked_rows(file, source, label_check) as (rows, report):
        written, table = importing.write(rows, out)
    click.echo(table, nl=False)
    click.echo(json.dumps(report()), err=True)
    if written.use != "train":
        message = f"{written.name} may measure and not train, by its licence: {written.licence}"
        click.echo(message, err=True)


@contextlib.contextmanager
def _checked_rows(
    file: Path, source: Source | None, label_check: _LabelCheck
) -> Iterator[tuple[Iterator[ImportedRow], Callable[[], dict[str, Any]]]]:
    """Yield the rows of FILE without duplicates, and a function that returns the report.

    Call that function after all rows have been read. At the end, rows whose labels may be wrong are
    written to the CSV file that the options name.
    """
    from moderation.training.corpora import label_issues

    report = Report()
    try:
        with open_with_progress(file) as opened:
            rows = importing.rows(file, source, report, opened)
            if label_check.scorer == "none":
                yield rows, report.to_dict
                return
            suspects = label_issues.LabelIssues(
                label_issues.load_models(label_check.scorer, label_check.models)
            )
            yield suspects.over(rows), lambda: report.to_dict(suspects.counts())
        if label_check.table:
            _write(suspects.listed(), label_check.table)
    except (CorpusError, ModelError) as error:
        raise click.UsageError(str(error)) from None


def _check_target(option: str, target: Path, file: Path) -> None:
    """Raise `UsageError` if the output file `target` is the input file or has no folder."""
    options.require_folder(option, target)
    if target.exists() and target.samefile(file):
        raise click.UsageError(f"{option} {target}: is FILE itself; name another file")


def _write(suspects: list[LabelIssue], target: Path) -> None:
    """Write rows whose labels may be wrong to a CSV file."""
    with target.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("line", "why", "label", "given", "score", "text"))
        for row in suspects:
            score = None if row.score is None else round(row.score, 4)
            text = spreadsheet_cell(row.text)
            table.writerow((row.line, row.why, row.label, row.given, score, text))


def _source(file: Path, name: str | None, text: str, columns: tuple[str, ...]) -> Source | None:
    """Return the format of FILE (a known corpus or columns of its own) that --as or --map gives.

    Returns None if neither option is given.
    """
    if name is not None:
        if name not in importing.known_formats():
            raise click.UsageError(
                f"--as {name}: no such corpus; `moderation corpus list` names them"
            )
        return importing.known_formats()[name]
    if not columns:
        return None
    pairs = dict(column.partition("=")[::2] for column in columns)
    if not all(pairs) or not all(pairs.values()):
        raise click.UsageError("--map: write LABEL=COLUMN, for example --map rude=is_rude")
    return importing.custom_source(file.name.partition(".")[0], pairs, text)
