"""`moderation db`, `keys`, `record`, `webhooks`, `settings`: the service's own commands.

They, and what other commands need of the record, come from `api.commands`, and only when they
are asked for: the library itself needs neither the service nor its database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

import click

from moderation.lifecycle.drift import ScoredDecision
from moderation.lifecycle.replay import ReplayFilter
from moderation.lifecycle.shadow import Pair

if TYPE_CHECKING:
    from api.record.replay import Replay

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
        from api import commands

        command: click.Command = getattr(commands, cmd_name)
        return command


def exported(database: str | None, which: Literal["judged", "waiting"] = "judged") -> Iterator[str]:
    """The record as JSON lines: that of the settings, or of a database by its URL.

    Of it the decisions that a moderator has spoken about, or those that wait for one.
    """
    from api import commands

    return commands.exported(database, which=which)


def is_record(source: str) -> bool:
    """Whether a source is the record, that of the settings or of a database by its URL."""
    return source == "record" or "://" in source


def replayed(database: str | None, chosen: ReplayFilter) -> AbstractContextManager[Replay]:
    """The decided comments of the record, that of the settings or of a database by its URL."""
    from api import commands

    return commands.replayed(database, chosen)


def shadowed(model: str, version: str, beside: Mapping[str, str]) -> Iterator[Pair]:
    """What a challenger in shadow decided beside these champions, by the settings' record."""
    from api import commands

    return commands.shadowed(model, version, beside)


def recent(database: str | None, days: int, most: int) -> list[ScoredDecision]:
    """The latest decisions' scores, of the record of the settings or of another's URL."""
    from api import commands

    return commands.recent(database, days, most)
