"""`moderation migrate`: from another service to the house rules."""

from __future__ import annotations

from pathlib import Path

import click

from moderation.perspective import differences
from moderation.perspective import thresholds as moving


@click.group()
def migrate() -> None:
    """Move from another service."""


@migrate.command()
@click.option(
    "--thresholds",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your thresholds by attribute, as TOML or JSON: TOXICITY = 0.8, or review and reject.",
)
@click.option("--watch-others", is_flag=True, help="All rules without such a threshold only watch.")
def perspective(thresholds: Path, watch_others: bool) -> None:
    """Print the policy for the thresholds that were set for Perspective.

    The file names attributes: `TOXICITY = 0.8` is where a person looked, and
    `SPAM = {review = 0.7, reject = 0.9}` says both. What no rule reads is told in comments.
    """
    try:
        click.echo(moving.policy(moving.read(thresholds), watch=watch_others), nl=False)
    except moving.ThresholdsError as error:
        raise click.UsageError(str(error)) from None


@migrate.command("differences")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show_differences(file: Path) -> None:
    """Report how Perspective and the house rules differed, as the service noted it in FILE.

    The service notes both scores while MODERATION_PERSPECTIVE_UPSTREAM is set, by default in
    var/perspective.jsonl.
    """
    try:
        found = differences.read(file)
    except differences.DifferencesError as error:
        raise click.UsageError(str(error)) from None
    click.echo("\n".join(differences.report(found)) or "Nothing was noted yet.")
