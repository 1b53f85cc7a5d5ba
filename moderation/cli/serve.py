"""`moderation serve`: the service and its page."""

from __future__ import annotations

from pathlib import Path

import click

from moderation.cli import options


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port."
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="How many processes answer.",
)
@options.policy
@options.models
def serve(host: str, port: int, workers: int, policy: Path | None, models: Path | None) -> None:
    """Start the service, its page and its API.

    The page to try a comment is at http://HOST:PORT, the API under /v1, its document at /docs.
    """
    from api import server  # the library itself never needs the service

    server.serve(host=host, port=port, workers=workers, policy=policy, models=models)
