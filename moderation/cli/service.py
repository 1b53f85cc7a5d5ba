"""`moderation db`, `keys`, `record`, `webhooks`, `settings`: the service's own commands.

They come from `api.operators`, and only when they are asked for: the library itself needs
neither the service nor its database.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

NAMES = ("db", "keys", "record", "webhooks", "settings")


class WithOperators(click.Group):
    """A group of commands with the service's among them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in alphabetical order."""
        return sorted([*super().list_commands(ctx), *NAMES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in NAMES:
            return super().get_command(ctx, cmd_name)
        from api import operators

        command: click.Command = getattr(operators, cmd_name)
        return command


def exported(database: str | None) -> Iterator[str]:
    """The record as JSON lines: that of the settings, or of a database by its URL."""
    from api import operators

    return operators.exported(database)
