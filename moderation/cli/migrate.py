"""`moderation migrate`: move from another moderation service, or from an earlier version."""

from __future__ import annotations

from pathlib import Path

import click

from moderation import paths
from moderation.cli import service
from moderation.lifecycle import migration
from moderation.perspective import thresholds as perspective_thresholds
from moderation.scoring.store import ModelError, ModelStore


@click.group()
def migrate() -> None:
    """Move from another moderation service, or from an earlier version of this one."""


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
    default perspective.jsonl in the state directory.
    """
    from moderation.perspective import differences

    try:
        comparisons = differences.read(file)
    except differences.DifferencesError as error:
        raise click.UsageError(str(error)) from None
    click.echo("\n".join(differences.report(comparisons)) or "The file has no comparisons yet.")


@migrate.command()
@click.option(
    "--from",
    "old",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the earlier version, with its folders var and models. Default: the "
    "checkout or the folder of installed packages, and the current folder.",
)
def state(old: Path | None) -> None:
    """Move the record and the models of an earlier version into the state directory.

    Earlier versions kept the record in the folder var, and promoted models next to the shipped
    ones. Stop the service first. All files are copied and compared, and none is deleted. The
    command may be run again. `moderation settings` shows the state directory.

    \b
    Example:
      moderation migrate state
    """
    home = paths.state_home()
    store = ModelStore.at(home)
    record, spool, models = service.default_places(home)
    done: list[str] = []
    try:
        for folder in [old.absolute()] if old else migration.old_folders():
            if models:
                done += migration.move_models(folder / "models", store)
            done += migration.move_state(folder / "var", home, record=record, spool=spool)
    except (migration.MigrationError, ModelError) as error:
        raise click.ClickException(str(error)) from None
    for line in done:
        click.echo(line)
    if not done:
        click.echo(f"There is nothing to move into {home}.")
        return
    click.echo(f"The state is in {home}. The old files are still where they were.")
    if migration.changed_in_checkout(store):
        click.echo("Restore the shipped choice of models: git checkout models/champion.json")
