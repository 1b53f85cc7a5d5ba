"""Define the options that several commands share.

The defaults of --policy and --models are the service's settings, so that a command uses the same
policy and models as a service on the same machine.
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
    help="Your policy file, merged over the shipped policy.",
)
models = click.option(
    "--models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="MODERATION_MODELS",
    show_envvar=True,
    help="The folder of models to use instead of the shipped models.",
)
data = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of labelled comments.",
)
seed = click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Seed of the random numbers. The same seed gives the same result.",
)
record = click.option(
    "--record",
    metavar="URL",
    help="The database URL of the record. Default: the record that MODERATION_DATABASE names.",
)


def _utc(_: click.Context, __: click.Parameter, value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value else None


_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
since = click.option(
    "--since",
    type=_TIME,
    callback=_utc,
    metavar="TIME",
    help="Only decisions from TIME on: 2026-11-23 or 2026-11-23T18:00, in UTC.",
)
until = click.option(
    "--until", type=_TIME, callback=_utc, metavar="TIME", help="Only decisions before TIME, in UTC."
)


class _BackendChoice(click.Choice[str]):
    """The backends. The error about one that was removed names its replacement."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in ("ray", "spark"):
            self.fail(f"{value} was removed: use dask", param, ctx)
        return super().convert(value, param, ctx)


def backend(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --backend, --address and --jobs to a click command.

    They say where to run its work. The command gets them as one parameter `backend`. That is a
    `Backend`, or None without --backend.
    """

    @click.option(
        "--backend",
        type=_BackendChoice(BACKENDS),
        help="Where to run the work: in processes on this machine (loky) or in a cluster.",
    )
    @click.option(
        "--address",
        metavar="URL",
        help="The address of the cluster's scheduler, for example tls://HOST:8786.",
    )
    @click.option(
        "--jobs",
        type=click.IntRange(1),
        help="How many processes to run at once. Default: one per core.",
    )
    @wraps(command)
    def with_backend(
        *args: Any, backend: BackendName | None, address: str | None, jobs: int | None, **rest: Any
    ) -> Any:
        return command(*args, backend=_backend(backend, address, jobs), **rest)

    return with_backend


def _backend(name: BackendName | None, address: str | None, jobs: int | None) -> Backend | None:
    if name is None and address is None and jobs is None:
        return None
    if name is None and address is not None:
        raise click.UsageError("--address goes with --backend dask")
    try:
        backend = Backend(name or "loky", address, jobs)
    except ValueError as error:
        raise click.UsageError(f"--backend {name}: {error}") from None
    if address and _unencrypted(address):
        click.echo(f"moderation: comments travel to {address} unencrypted", err=True)
    return backend


def _unencrypted(address: str) -> bool:
    """Return whether a cluster's address is on another machine, with a protocol without encryption.

    >>> _unencrypted("tcp://10.0.0.5:8786"), _unencrypted("tls://10.0.0.5:8786")
    (True, False)
    >>> _unencrypted("tcp://127.0.0.1:8786")
    False
    """
    url = urlsplit(address if "://" in address else f"tcp://{address}")
    local = url.hostname in ("localhost", "::1") or str(url.hostname).startswith("127.")
    return url.scheme == "tcp" and not local


def require_folder(option: str, target: Path) -> None:
    """Raise `UsageError` if the folder of the output file `target` does not exist."""
    if not target.parent.is_dir():
        raise click.UsageError(f"{option} {target}: there is no folder {target.parent}")


def require_plots(option: str) -> None:
    """Raise `UsageError` if the package that draws plots is missing.

    Call this before long work, so that the work is not lost.
    """
    from moderation.training.evaluation.plots import PlotError, require_matplotlib

    try:
        require_matplotlib()
    except PlotError as error:
        raise click.UsageError(f"{option}: {error}") from None


@contextmanager
def data_errors_as_usage() -> Iterator[None]:
    """In the block, turn errors in labelled comments into `UsageError`.

    These are errors about files that are missing or malformed.
    """
    from moderation.training.corpora.catalogue import CorpusError

    try:
        yield
    except (CorpusError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from None
