"""The options that several commands share.

Policy and models are by default those of the service's settings, so that a command judges, changes
and shows what the service beside it uses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from moderation.batch.backends import BACKENDS, Backend, BackendName

policy = click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="MODERATION_POLICY",
    show_envvar=True,
    help="Your policy, merged over the shipped one.",
)
models = click.option(
    "--models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="MODERATION_MODELS",
    show_envvar=True,
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
record = click.option(
    "--record",
    metavar="URL",
    help="Another record than the one that MODERATION_DATABASE names: its database's URL.",
)


def _utc(_: click.Context, __: click.Parameter, value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value else None


_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
since = click.option(
    "--since",
    type=_MOMENT,
    callback=_utc,
    metavar="TIME",
    help="Decided from then on: 2026-11-23 or 2026-11-23T18:00, in UTC.",
)
until = click.option(
    "--until", type=_MOMENT, callback=_utc, metavar="TIME", help="Decided before then, likewise."
)


def engine(command: Callable[..., Any]) -> Callable[..., Any]:
    """--backend, --address and --jobs, which together are the command's `engine` (or None)."""

    @click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        help="Who carries the work: processes of this machine (loky), or a cluster.",
    )
    @click.option(
        "--address", metavar="URL", help="Where the cluster's scheduler is: tls://HOST:8786."
    )
    @click.option(
        "--jobs",
        type=click.IntRange(1),
        help="How many processes work at once; by default one for each core.",
    )
    @wraps(command)
    def with_engine(
        *args: Any, backend: BackendName | None, address: str | None, jobs: int | None, **rest: Any
    ) -> Any:
        return command(*args, engine=_engine(backend, address, jobs), **rest)

    return with_engine


def _engine(backend: BackendName | None, address: str | None, jobs: int | None) -> Backend | None:
    if backend is None and address is None and jobs is None:
        return None
    if backend is None and address is not None:
        raise click.UsageError("--address goes with --backend dask, ray or spark")
    try:
        chosen = Backend(backend or "loky", address, jobs)
    except ValueError as error:
        raise click.UsageError(f"--backend {backend}: {error}") from None
    if address and _in_the_open(address):
        click.echo(f"moderation: comments travel to {address} in the open", err=True)
    return chosen


def _in_the_open(address: str) -> bool:
    """Whether comments would travel to another machine without encryption, as far as is known.

    >>> _in_the_open("tcp://10.0.0.5:8786"), _in_the_open("tls://10.0.0.5:8786")
    (True, False)
    >>> _in_the_open("tcp://127.0.0.1:8786")
    False
    """
    place = urlsplit(address if "://" in address else f"tcp://{address}")
    here = place.hostname in ("localhost", "::1") or str(place.hostname).startswith("127.")
    return place.scheme == "tcp" and not here


def folder_of(option: str, target: Path) -> None:
    """Refuse a file to write whose folder is not there."""
    if not target.parent.is_dir():
        raise click.UsageError(f"{option} {target}: there is no folder {target.parent}")


def plots(option: str) -> None:
    """Refuse an option that draws where nothing can, before the work begins."""
    from moderation.training.evaluation.plots import PlotError, ready

    try:
        ready()
    except PlotError as error:
        raise click.UsageError(f"{option}: {error}") from None


@contextmanager
def wrong_data() -> Iterator[None]:
    """Labelled comments that are not there, or not as they should be, are wrong usage."""
    from moderation.training.corpora.catalogue import CorpusError

    try:
        yield
    except (CorpusError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from None
