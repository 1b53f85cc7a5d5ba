"""`moderation train` and `moderation evaluate`: train models, and measure the models in use."""

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
from moderation.cli.bars import progress_bars
from moderation.scoring.store import ModelStore

if TYPE_CHECKING:
    from moderation.training.corpora.catalogue import Row

MODELS = ("abuse", "careful", "language", "sentences", "spam")
"""What can be trained. Each has a module in `_MODULES` with a function `train`."""
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
    help="Adapt the model in use to moderators' verdicts. SOURCE is a file of JSON lines, a table "
    "(CSV or Parquet) with the columns text and verdict, - for standard input, 'record' for the "
    "record that MODERATION_DATABASE names, or a database URL. Can be repeated.",
)
@options.models
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write the models to, each into NAME/VERSION. Default: the folder of "
    "--models, or that of your own models, which `moderation settings` shows.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep intermediate results in this folder, so that an interrupted training of abuse can "
    "be resumed.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Start careful from this model's folder instead of the published weights.",
)
@click.option(
    "--biases",
    is_flag=True,
    help="With --from: train only biases and norms, so that only a hundredth of the 18 MB differs "
    "from the old version.",
)
@click.option(
    "--outputs",
    metavar="SOURCE",
    help="With --from: train only the outputs of this source's labels, for example 'own' after "
    "adding comments to data/own_comments.csv. Takes a few minutes.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="How many minutes to train careful. Default: one pass over the comments.",
)
@click.option(
    "--teacher",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A careful model's folder. abuse is trained on its scores as well as on the labels "
    "(distillation).",
)
@options.seed
@options.backend
def train(
    names: tuple[str, ...],
    data: Path | None,
    verdicts: tuple[str, ...],
    models: Path | None,
    out: Path | None,
    cache: Path | None,
    start: Path | None,
    biases: bool,
    outputs: str | None,
    minutes: float | None,
    teacher: Path | None,
    seed: int,
    backend: Backend | None,
) -> None:
    """Train models on labelled comments, or adapt them to moderators' verdicts.

    NAME is one or more of abuse, careful, language, sentences and spam. --data trains the models
    from labelled comments. --verdicts adapts the model in use; only abuse and spam can be adapted.

    The result is a challenger: a version that may replace the model in use, but is not in use yet.
    Its folder is printed. The same data and seed give the same model and version, with any
    --backend. Only --minutes makes the result depend on the machine's speed. An interrupted run
    leaves no model.

    \b
    Examples:
      moderation train abuse spam --data data
      moderation train abuse --verdicts record
    """
    if (data is None) == (not verdicts):
        raise click.UsageError("give one of --data DIR and --verdicts SOURCE")
    store = ModelStore.of(models)
    out = out or store.own
    if verdicts:
        if backend:
            raise click.UsageError("--backend and --jobs go with --data")
        _adapt(names, verdicts, store, out, seed)
        return
    tuning = _careful_options(names, start, minutes, biases, outputs)
    if teacher and "abuse" not in names:
        raise click.UsageError("--teacher goes with abuse")
    for name in names:
        module = _module(name)
        with _data_errors(), _extra(name), _joblib_backend(backend), progress_bars() as progress:
            extra: dict[str, Any] = tuning if name == "careful" else {}
            if name == "abuse":
                extra = {"progress": progress, "cache": cache, "teacher": teacher}
            click.echo(module.train(data=data, out=out, seed=seed, **extra))


def _careful_options(
    names: tuple[str, ...],
    start: Path | None,
    minutes: float | None,
    biases: bool,
    outputs: str | None,
) -> dict[str, Any]:
    """Return the arguments for training the careful model, from the command's options.

    Raises `UsageError` if the options contradict each other, or if they are given without the model
    `careful`, to which they belong.
    """
    arguments = {"begin": start, "minutes": minutes, "biases": biases or None, "outputs": outputs}
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if arguments and "careful" not in names:
        raise click.UsageError("--from, --biases, --outputs and --minutes go with careful")
    if (biases or outputs) and start is None:
        raise click.UsageError("--biases and --outputs go with --from, the model to start from")
    if outputs and (biases or minutes):
        raise click.UsageError("--outputs cannot be used with --biases or --minutes")
    return arguments


@contextlib.contextmanager
def _joblib_backend(backend: Backend | None) -> Iterator[None]:
    """In the block, run joblib's parallel work on `backend`. If it is None, change nothing."""
    with contextlib.ExitStack() as stack:
        if backend:
            stack.enter_context(stack.enter_context(backend.connected()).for_joblib())
        yield


def _adapt(
    names: tuple[str, ...], sources: tuple[str, ...], store: ModelStore, out: Path, seed: int
) -> None:
    if others := [name for name in names if name not in ADAPTED]:
        raise click.UsageError(f"--verdicts adapts {' and '.join(ADAPTED)}, not {others[0]}")
    from moderation.training.linear import adapt

    with _data_errors():
        rows = [row for source in sources for row in _verdicts(source)]
        for name in names:
            click.echo(adapt.train(name, rows, store, out, seed))


def _verdicts(source: str) -> Iterator[Row]:
    """Yield moderators' verdicts as rows for training.

    `source` is a file, "-" (standard input) or a record: the word 'record' or a database URL.
    """
    from moderation.training.corpora import tables, verdicts

    if service.is_record(source):
        database = None if source == "record" else source
        yield from verdicts.rows(service.export_record(database), "the record")
    elif source == "-":
        yield from verdicts.rows(sys.stdin.buffer, "-")
    else:
        try:
            if tables.is_table(source):
                yield from verdicts.table_rows(tables.records(Path(source)), source)
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
    help="Also write the metrics into this folder, as HTML, JSON and Markdown. Needs the extra "
    "'train'.",
)
@click.option(
    "--most",
    type=click.IntRange(min=100),
    help="Measure at most this many rows of each set, sampled with the seed. Default: all.",
)
@click.option(
    "--reference",
    is_flag=True,
    help="Only write the distribution of scores on natural comments into the models' cards, as the "
    "reference for `moderation drift`.",
)
@click.option("--cards", is_flag=True, help="Also write the metrics into the models' cards.")
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
    """Measure the models in use on labelled comments that they were not trained on.

    Prints a table in a terminal and JSON in a pipe. The confidence intervals are bootstrap
    intervals drawn with the seed.

    \b
    Example:
      moderation evaluate --data data --out report
    """
    if reference:
        if out or cards:
            raise click.UsageError("--reference cannot be used with --out or --cards")
        with _data_errors():
            for home in _module("reference").write(data, ModelStore.of(models), most, seed):
                click.echo(f"The card of {home} has its reference.")
        return
    module = _module("evaluate")
    if out:
        options.require_plots("--out")
    with _data_errors():
        results = module.evaluate(data=data, models=models, out=out, seed=seed, most=most)
    if cards:
        module.write_cards(results, ModelStore.of(models))
    in_terminal = sys.stdout.isatty()
    click.echo(module.markdown(results) if in_terminal else json.dumps(results, ensure_ascii=False))


@contextlib.contextmanager
def _data_errors() -> Iterator[None]:
    """In the block, log progress on standard error, and turn errors in data into `UsageError`."""
    logging.basicConfig(format="%(message)s")
    # Not the root logger, because the database libraries log a lot.
    logging.getLogger("moderation").setLevel(logging.INFO)
    with options.data_errors_as_usage():
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
    """In the block, turn a missing package into a `UsageError` that says what to install.

    `name` is the model or task that needs the package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{name} needs {error.name}: pip install -e '.[train]'"
        raise click.UsageError(message) from None
