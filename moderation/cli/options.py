"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

policy = click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your policy, merged over the shipped one.",
)
models = click.option(
    "--models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The models' folder, instead of the shipped one.",
)
data = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of labelled comments.",
)
seed = click.option(
    "--seed", default=0, show_default=True, help="The same seed gives the same result."
)
