"""`moderation train` and `moderation evaluate`: labelled comments in, models and figures out."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moderation.batch import files as batch_files
from moderation.batch.backends import Backend
from moderation.cli import options, service
from moderation.cli.bars import bars
from moderation.scoring.store import SHIPPED

if TYPE_CHECKING:
    from moderation.training.corpora.catalogue import Row

MODELS = ("abuse", "careful", "language", "sentences", "spam")
"""What can be trained: each is a module of `moderation.training` with a function `train`."""
ADAPTED = ("abuse", "spam")


@click.command(short_help="Train models on labelled comments.")
@click.argument("names", nargs=-1, required=True, metavar="NAME…", type=click.Choice(MODELS))
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of labelled comments.",
)
@click.option(
    "--verdicts",
    metavar="SOURCE",
    multiple=True,
    help="Adapt the model in use to moderators' verdicts: a file of JSON lines, a table (CSV or "
    "Parquet) with the columns text and verdict, - for standard input, 'record' for the record "
    "that MODERATION_DATABASE names, or a database's URL. Can be repeated.",
)
@options.models
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="models",
    show_default=True,
    help="Where the models go, each into NAME/VERSION.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what was read and learned in this folder of your own: an interrupted training of "
    "abuse goes on from there.",
)
@click.option(
    "--from",
    "begin",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Go on from this careful model's folder instead of the published weights.",
)
@click.option(
    "--biases",
    is_flag=True,
    help="With --from: only biases and norms learn, so that the new version of 18 MB differs from "
    "the old one by a hundredth.",
)
@click.option(
    "--outputs",
    metavar="SOURCE",
    help="With --from: only the outputs of this source's labels learn, as 'own' after new "
    "comments joined data/own_comments.csv. Takes a few minutes.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="How long careful may learn; one pass over the comments by default.",
)
@click.option(
    "--teacher",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A careful model's folder: abuse learns its answers about all texts beside the labels.",
)
@options.seed
@options.engine
def train(
    names: tuple[str, ...],
    data: Path | None,
    verdicts: tuple[str, ...],
    models: Path | None,
    out: Path,
    cache: Path | None,
    begin: Path | None,
    biases: bool,
    outputs: str | None,
    minutes: float | None,
    teacher: Path | None,
    seed: int,
    engine: Backend | None,
) -> None:
    """Train the models NAME… on labelled comments, or adapt them to moderators' verdicts.

    NAME is one or more of abuse, careful, language, sentences and spam; abuse and spam can be
    adapted (--verdicts). What is made is a challenger: its folder is printed, and the models in
    use (`champion.json`) stay as they are. The same data and seed give the same model, of the
    same name, on any day, whoever carries the work (--backend); only with --minutes the clock
    has a say. An interrupted run leaves nothing behind.
    """
    if (data is None) == (not verdicts):
        raise click.UsageError("give one of --data DIR and --verdicts SOURCE")
    if verdicts:
        if engine:
            raise click.UsageError("--backend and --jobs go with --data")
        _adapt(names, verdicts, models or SHIPPED, out, seed)
        return
    tuning = _tuning(names, begin, minutes, biases, outputs)
    if teacher and "abuse" not in names:
        raise click.UsageError("--teacher goes with abuse")
    for name in names:
        module = _module(name)
        with _wrong_data(), _extra(name), _carried(engine), bars() as told:
            more: dict[str, Any] = tuning if name == "careful" else {}
            if name == "abuse":
                more = {"progress": told, "cache": cache, "teacher": teacher}
            click.echo(module.train(data=data, out=out, seed=seed, **more))


def _tuning(
    names: tuple[str, ...],
    begin: Path | None,
    minutes: float | None,
    biases: bool,
    outputs: str | None,
) -> dict[str, Any]:
    """How the careful reader is to be trained. Raises `UsageError` for what does not fit."""
    given = {"begin": begin, "minutes": minutes, "biases": biases or None, "outputs": outputs}
    found = {name: value for name, value in given.items() if value is not None}
    if found and "careful" not in names:
        raise click.UsageError("--from, --biases, --outputs and --minutes go with careful")
    if (biases or outputs) and begin is None:
        raise click.UsageError("--biases and --outputs go with --from: all else stays")
    if outputs and (biases or minutes):
        raise click.UsageError("--outputs goes without --biases and --minutes")
    return found


@contextlib.contextmanager
def _carried(engine: Backend | None) -> Iterator[None]:
    """Have an engine carry what joblib computes."""
    with contextlib.ExitStack() as stack:
        if engine:
            stack.enter_context(stack.enter_context(engine.connected()).for_joblib())
        yield


def _adapt(
    names: tuple[str, ...], sources: tuple[str, ...], models: Path, out: Path, seed: int
) -> None:
    if unfit := [name for name in names if name not in ADAPTED]:
        raise click.UsageError(f"--verdicts adapts {' and '.join(ADAPTED)}, not {unfit[0]}")
    from moderation.training.linear import adapt

    with _wrong_data():
        rows = [row for source in sources for row in _verdicts(source)]
        for name in names:
            click.echo(adapt.train(name, rows, models, out, seed))


def _verdicts(source: str) -> Iterator[Row]:
    """What moderators said: in a file, in what comes by standard input, or in the record."""
    from moderation.training.corpora import tables, verdicts

    if service.is_record(source):
        database = None if source == "record" else source
        yield from verdicts.rows(service.exported(database), "the record")
    elif source == "-":
        yield from verdicts.rows(sys.stdin.buffer, "-")
    else:
        try:
            if tables.is_table(source):
                yield from verdicts.labelled(tables.records(Path(source)), source)
            else:
                with batch_files.unpacked(Path(source)) as lines:
                    yield from verdicts.rows(lines, source)
        except OSError as error:
            raise click.UsageError(f"--verdicts {source}: {error.strerror or error}") from None


@click.command(short_help="Measure the models in use.")
@options.data
@options.models
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the figures into this folder too: a page to read, JSON and Markdown. Needs the "
    "extra train.",
)
@click.option(
    "--most",
    type=click.IntRange(min=100),
    help="Read at most so many rows of each set, drawn by the seed; all by default.",
)
@click.option(
    "--reference",
    is_flag=True,
    help="Only note in their cards how they score natural comments: `moderation drift` compares "
    "with that.",
)
@click.option("--cards", is_flag=True, help="Write the figures into the models' cards, too.")
@options.seed
def evaluate(
    data: Path,
    models: Path | None,
    out: Path | None,
    most: int | None,
    reference: bool,
    cards: bool,
    seed: int,
) -> None:
    """Measure the models in use on labelled comments they were not trained on.

    Prints a table in a terminal, JSON in a pipe. The seed draws the confidence intervals.
    """
    if reference:
        if out or cards:
            raise click.UsageError("--reference goes without --out and --cards")
        with _wrong_data():
            for home in _module("reference").write(data, models or SHIPPED, most, seed):
                click.echo(f"The card of {home} has its reference.")
        return
    module = _module("evaluate")
    if out:
        options.plots("--out")
    with _wrong_data():
        found = module.evaluate(data=data, models=models, out=out, seed=seed, most=most)
    if cards:
        module.note(found, models or SHIPPED)
    terminal = sys.stdout.isatty()
    click.echo(module.table(found) if terminal else json.dumps(found, ensure_ascii=False))


@contextlib.contextmanager
def _wrong_data() -> Iterator[None]:
    """Tell of progress on stderr, and of data that are not there or not as they should be."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("moderation").setLevel(logging.INFO)  # the database's tools talk, too
    with options.wrong_data():
        yield


_MODULES = {
    "abuse": "moderation.training.linear.abuse",
    "careful": "moderation.training.transformer.train",
    "evaluate": "moderation.training.evaluation.evaluate",
    "language": "moderation.training.language.train",
    "reference": "moderation.training.evaluation.reference",
    "sentences": "moderation.training.sentences.train",
    "spam": "moderation.training.linear.spam",
}


def _module(name: str) -> Any:
    with _extra(name):
        return importlib.import_module(_MODULES[name])


@contextlib.contextmanager
def _extra(name: str) -> Iterator[None]:
    """What is not installed is named with the extra that brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{name} needs {error.name}: pip install -e '.[train]'"
        raise click.UsageError(message) from None
