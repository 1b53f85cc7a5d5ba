"""`moderation corpus`: the labelled comments that models learn from."""

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
from moderation.cli.bars import reading
from moderation.cli.render import cell
from moderation.scoring.store import ModelError
from moderation.training.corpora import importing
from moderation.training.corpora.catalogue import CorpusError, Source
from moderation.training.corpora.importing import Found, Report

if TYPE_CHECKING:
    from moderation.training.corpora.label_issues import Suspect


@click.group()
def corpus() -> None:
    """Look into labelled comments, and bring new ones in.

    A file is CSV, tab-separated (.tsv), JSON or Parquet, packed with gzip or zip or not. It is
    known by its columns, or you say what they mean (--map).
    """


@corpus.command("list")
def list_() -> None:
    """Name every known corpus: its use, its licence, its labels, and where its publisher has it."""
    for it in importing.known().values():
        click.echo("\t".join((it.name, it.use, it.licence, ", ".join(it.labels), it.home)))


class _Look(NamedTuple):
    """Who looks for suspicious rows, and the table that they are written to."""

    table: Path | None
    reader: str
    models: Path | None


def _described(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument FILE, and what the options say of it: `file`, `source` and `look`."""

    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--as", "name", metavar="NAME", help="The known corpus that FILE is.")
    @click.option("--text", default="text", show_default=True, help="The column of the text.")
    @click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="LABEL=COLUMN",
        help="A column of your own file, a number from 0 to 1, and what to call it; by the name of "
        "a score, the models look at it too. Can be repeated.",
    )
    @click.option(
        "--suspicious",
        "table",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the rows that a person should look at to this CSV file, the strongest first.",
    )
    @click.option(
        "--reader",
        type=click.Choice(("fast", "careful", "none")),
        default="fast",
        show_default=True,
        help="Which of the models in use look for labels to doubt and other languages: the fast "
        "reader, the careful one too (some milliseconds a comment), or none.",
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
        reader: str,
        models: Path | None,
        **rest: Any,
    ) -> Any:
        if table and reader == "none":
            raise click.UsageError("--suspicious needs --reader fast or careful")
        if table:
            _writable("--suspicious", table, file)
        look = _Look(table, reader, models)
        return command(
            *args, file=file, source=_source(file, name, text, columns), look=look, **rest
        )

    return with_source


@corpus.command()
@_described
def check(file: Path, source: Source | None, look: _Look) -> None:
    """Say what FILE holds: label balance, duplicates and near-duplicates, suspicious rows."""
    name = source.name if source else None
    with _watched(file, source, look) as (rows, told):
        for found in rows:
            name = found.source.name
    click.echo(json.dumps({"corpus": name, **told()}, indent=2))


@corpus.command("import")
@_described
@click.option("--licence", default="our own", show_default=True, help="Of a file of your own.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, a .csv.gz.",
)
def import_(file: Path, source: Source | None, look: _Look, licence: str, out: Path) -> None:
    """Write FILE's rows, each once, as training reads them; print its table for sources.toml.

    FILE itself stays as it is. A corpus whose licence lets it only measure is marked so in that
    table: nothing learns from it. What `check` tells goes to standard error.
    """
    if not out.name.endswith(".csv.gz"):
        raise click.UsageError(f"--out {out}: must end in .csv.gz, for that is what is written")
    _writable("--out", out, file)
    if source and not source.licence:
        source = source.model_copy(update={"licence": licence})
    with _watched(file, source, look) as (rows, told):
        found, table = importing.write(rows, out)
    click.echo(table, nl=False)
    click.echo(json.dumps(told()), err=True)
    if found.use != "train":
        click.echo(f"{found.name} may measure and not train: {found.licence}", err=True)


@contextlib.contextmanager
def _watched(
    file: Path, source: Source | None, look: _Look
) -> Iterator[tuple[Iterator[Found], Callable[[], dict[str, Any]]]]:
    """The rows of FILE worth keeping, and what is told of it when they all have gone by.

    Those to look at are written to their table at the end.
    """
    from moderation.training.corpora import label_issues

    report = Report()
    try:
        with reading(file) as opened:
            rows = importing.rows(file, source, report, opened)
            if look.reader == "none":
                yield rows, report.to_dict
                return
            suspects = label_issues.Suspects(label_issues.readers(look.reader, look.models))
            yield suspects.over(rows), lambda: report.to_dict(suspects.counts())
        if look.table:
            _write(suspects.listed(), look.table)
    except (CorpusError, ModelError) as error:
        raise click.UsageError(str(error)) from None


def _writable(option: str, target: Path, file: Path) -> None:
    """Refuse to write over what is read, or into a folder that is not there."""
    options.folder_of(option, target)
    if target.exists() and target.samefile(file):
        raise click.UsageError(f"{option} {target}: is FILE itself, which is read; name another")


def _write(suspects: list[Suspect], target: Path) -> None:
    """A table for a person to look through."""
    with target.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("line", "why", "label", "given", "score", "text"))
        for it in suspects:
            score = None if it.score is None else round(it.score, 4)
            table.writerow((it.line, it.why, it.label, it.given, score, cell(it.text)))


def _source(file: Path, name: str | None, text: str, columns: tuple[str, ...]) -> Source | None:
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
    return importing.own(file.name.partition(".")[0], pairs, text)
