"""`moderation models`: what is kept, and what is in use."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from moderation.cli import options
from moderation.models import listing


@click.group()
def models() -> None:
    """See which models are kept and in use."""


@models.command("list")
@options.models
def list_(models: Path | None) -> None:
    """Name every model kept; a star marks the versions in use."""
    kept = list(listing(models))
    console = Console(highlight=False)
    if not console.is_terminal:
        for name, version, champion, _ in kept:
            click.echo("\t".join((name, version, "champion" if champion else "")))
        return
    table = Table("", "model", "version", "made", "kind", "scores", box=None, header_style="bold")
    for name, version, champion, card in kept:
        heads = ", ".join(card.get("heads", ()))
        star = "★" if champion else ""
        table.add_row(star, name, version, card.get("made", ""), card.get("kind", ""), heads)
    console.print(table)


@models.command()
@click.argument("name")
@options.models
def show(name: str, models: Path | None) -> None:
    """Print the card of a model: NAME, of which the one in use, or NAME/VERSION.

    The card says what the model is for, what it learned from, how good it is and where it fails.
    """
    kept = list(listing(models))
    for model, version, champion, card in kept:
        if name == f"{model}/{version}" or (name == model and champion):
            click.echo(json.dumps(card, indent=2, ensure_ascii=False))
            return
    known = ", ".join(sorted({model for model, *_ in kept})) or "none"
    raise click.UsageError(f"no model '{name}' is kept; there are: {known}")
