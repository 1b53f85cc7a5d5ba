"""`moderation train` and `moderation evaluate`: labelled comments in, models and figures out."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from moderation.cli import options

MODELS = ("abuse", "careful", "language", "sentences", "spam")
"""What can be trained: each is a module of `moderation.training` with a function `train`."""


@click.command(short_help="Train models on labelled comments.")
@click.argument("names", nargs=-1, required=True, metavar="NAME…", type=click.Choice(MODELS))
@options.data
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="models",
    show_default=True,
    help="Where the models go, each into NAME/VERSION.",
)
@options.seed
def train(names: tuple[str, ...], data: Path, out: Path, seed: int) -> None:
    """Train the models NAME… on labelled comments.

    NAME is one or more of abuse, careful, language, sentences and spam. The folder of each new
    model is printed; `champion.json` says which are in use.
    """
    for name in names:
        module = _module(name)
        with _wrong_data():
            click.echo(module.train(data=data, out=out, seed=seed))


@click.command(short_help="Measure the models in use.")
@options.data
@options.models
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the figures into this folder too: a page to read, JSON and Markdown.",
)
@click.option(
    "--most",
    type=click.IntRange(min=100),
    help="Read at most so many rows of each set, drawn by the seed; all by default.",
)
@options.seed
def evaluate(
    data: Path, models: Path | None, out: Path | None, most: int | None, seed: int
) -> None:
    """Measure the models in use on labelled comments they were not trained on.

    Prints a table in a terminal, JSON in a pipe. The seed draws the confidence intervals.
    """
    module = _module("evaluate")
    with _wrong_data():
        found = module.evaluate(data=data, models=models, out=out, seed=seed, most=most)
    terminal = sys.stdout.isatty()
    click.echo(module.table(found) if terminal else json.dumps(found, ensure_ascii=False))


@contextlib.contextmanager
def _wrong_data() -> Iterator[None]:
    """Tell of progress on stderr, and of data that are not there or not as they should be."""
    from moderation.training.corpora import CorpusError

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        yield
    except (CorpusError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from None


def _module(name: str) -> Any:
    try:
        return importlib.import_module(f"moderation.training.{name}")
    except ModuleNotFoundError as error:
        message = f"{name} needs {error.name}: pip install 'house-rules[train]'"
        raise click.UsageError(message) from None
