"""`moderation policy`: try a policy before it is used, and see what is in force."""

from __future__ import annotations

from pathlib import Path

import click
import tomli_w

from moderation.cli import options
from moderation.policy import Policy, PolicyError


@click.group()
def policy() -> None:
    """Try a policy of your own, and see what is in force."""


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> int:
    """Name the table and key of every mistake in FILE."""
    try:
        loaded = Policy.load(file)
    except PolicyError as error:
        for problem in error.problems:
            click.echo(f"{file}: {problem}", err=True)
        return 2
    acting = [rule for rule in loaded.rules.values() if not rule.thresholds.shadow]
    click.echo(f"{file}: good. {len(acting)} rules act, {len(loaded.rules) - len(acting)} watch.")
    return 0


@policy.command()
@options.policy
def show(policy: Path | None) -> None:
    """Print the policy in force: the shipped one with yours merged over it, as TOML."""
    click.echo(tomli_w.dumps(Policy.load(policy).tables), nl=False)
