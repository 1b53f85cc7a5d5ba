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
    help="How many processes answer; by default as many as there are cores, up to 4.",
)
@options.policy
@options.models
def serve(
    host: str, port: int, workers: int | None, policy: Path | None, models: Path | None
) -> None:
    """Start the service, its page and its API.

    The page where one tries a comment is /try, the API is under /v1 and described at /docs.
    """
    from api import server  # the library itself never needs the service

    server.serve(host=host, port=port, workers=workers, policy=policy, models=models)
