"""`moderation corpus`: the labelled comments that models learn from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from moderation.training import importing
from moderation.training.corpora import CorpusError, Source
from moderation.training.importing import Report

_text = click.option("--text", default="text", show_default=True, help="The column of the text.")
_map = click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="LABEL=COLUMN",
    help="A column of your own file, a number from 0 to 1, and what to call it. Can be repeated.",
)
_as = click.option("--as", "name", metavar="NAME", help="The known corpus that FILE is.")
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def corpus() -> None:
    """Look into labelled comments, and bring new ones in.

    A file is CSV, tab-separated (.tsv), JSON lines or Parquet, packed with gzip or zip or not. It
    is known by its columns, or you say what they mean (--map).
    """


@corpus.command("list")
def list_() -> None:
    """Name every known corpus: its use, its licence, its labels, and where its publisher has it."""
    for it in importing.known().values():
        click.echo("\t".join((it.name, it.use, it.licence, ", ".join(it.labels), it.home)))


@corpus.command()
@_file
@_as
@_text
@_map
def check(file: Path, name: str | None, text: str, columns: tuple[str, ...]) -> None:
    """Say what FILE holds: label balance, duplicates and near-duplicates, suspicious rows."""
    report = Report()
    source = _source(file, name, text, columns, "unknown")
    try:
        for found in importing.rows(file, source, report):
            name = found.source.name
    except CorpusError as error:
        raise click.UsageError(str(error)) from None
    click.echo(json.dumps({"corpus": name, **report.to_dict()}, indent=2))


@corpus.command("import")
@_file
@_as
@_text
@_map
@click.option("--licence", default="our own", show_default=True, help="Of a file of your own.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, a .csv.gz.",
)
def import_(
    file: Path,
    name: str | None,
    text: str,
    columns: tuple[str, ...],
    licence: str,
    out: Path,
) -> None:
    """Write FILE's rows, each once, as training reads them; print its table for sources.toml.

    A corpus whose licence lets it only measure is marked so in that table: nothing learns from it.
    """
    source = _source(file, name, text, columns, licence)
    try:
        report, found, table = importing.write(file, source, out)
    except CorpusError as error:
        raise click.UsageError(str(error)) from None
    click.echo(table, nl=False)
    click.echo(f"{report.kept:,} of {report.rows:,} rows kept", err=True)
    if found.use != "train":
        click.echo(f"{found.name} may measure and not train: {found.licence}", err=True)


def _source(
    file: Path, name: str | None, text: str, columns: tuple[str, ...], licence: str
) -> Source | None:
    """The format that the options describe, if they do."""
    if name is not None:
        if name not in importing.known():
            raise click.UsageError(f"--as {name}: no such corpus; `moderation corpus list` has all")
        return importing.known()[name]
    if not columns:
        return None
    pairs = dict(it.partition("=")[::2] for it in columns)
    if not all(pairs) or not all(pairs.values()):
        raise click.UsageError("--map: write LABEL=COLUMN, as in --map rude=is_rude")
    return importing.own(file.name.partition(".")[0], pairs, text, licence)
