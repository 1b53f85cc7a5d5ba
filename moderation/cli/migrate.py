"""`moderation migrate`: move from another moderation service."""

from __future__ import annotations

from pathlib import Path

import click

from moderation.perspective import thresholds as perspective_thresholds


@click.group()
def migrate() -> None:
    """Move from another moderation service."""


@migrate.command()
@click.option(
    "--thresholds",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your thresholds by attribute, as TOML or JSON.",
)
@click.option(
    "--watch-others", is_flag=True, help="Let all rules without a threshold in the file only watch."
)
def perspective(thresholds: Path, watch_others: bool) -> None:
    """Print a policy for the thresholds you used with Perspective.

    The file maps Perspective's attributes to thresholds. `TOXICITY = 0.8` is the score from which a
    person reviewed comments; `SPAM = {review = 0.7, reject = 0.9}` sets both thresholds. TOML
    comments in the policy list the attributes that no rule uses.

    \b
    Example:
      moderation migrate perspective --thresholds perspective.toml > policy.toml
    """
    try:
        click.echo(
            perspective_thresholds.policy_toml(
                perspective_thresholds.read(thresholds), watch=watch_others
            ),
            nl=False,
        )
    except perspective_thresholds.ThresholdsError as error:
        raise click.UsageError(str(error)) from None


@migrate.command("differences")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show_differences(file: Path) -> None:
    """Report how Perspective's scores and those of the house rules differ.

    FILE is where the service writes both scores while MODERATION_PERSPECTIVE_UPSTREAM is set, by
    default var/perspective.jsonl.
    """
    from moderation.perspective import differences

    try:
        comparisons = differences.read(file)
    except differences.DifferencesError as error:
        raise click.UsageError(str(error)) from None
    click.echo("\n".join(differences.report(comparisons)) or "The file has no comparisons yet.")
