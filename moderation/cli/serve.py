"""`moderation serve`: start the service."""

from __future__ import annotations

from pathlib import Path

import click

from moderation.cli import options


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="How many worker processes to run. Default: one per core, at most 4.",
)
@options.policy
@options.models
def serve(
    host: str, port: int, workers: int | None, policy: Path | None, models: Path | None
) -> None:
    """Start the service: the HTTP API and its web pages.

    The API is under /v1 and documented at /docs. At /try you can check a comment in the browser.

    \b
    Example:
      moderation serve --policy policy.toml --port 8080
    """
    from api import server  # imported here: the library does not depend on the service

    server.serve(host=host, port=port, workers=workers, policy=policy, models=models)
