"""`moderation db`, `keys`, `record`, `webhooks` and `settings`: the service's own commands.

These commands, and the functions that read the record, live in `api.commands`. They are imported
only when needed, because the library does not depend on the service or its database.

Where a function takes `database`, it is the database URL of a record. None means the record that
the settings name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

import click

from moderation.lifecycle.drift import ScoredDecision
from moderation.lifecycle.replay import ReplayFilter
from moderation.lifecycle.shadow import ShadowPair

if TYPE_CHECKING:
    from api.record.replay import Replay

NAMES = ("db", "keys", "record", "webhooks", "settings")


class ServiceGroup(click.Group):
    """A group of commands that includes the service's own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names in alphabetical order."""
        return sorted([*super().list_commands(ctx), *NAMES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, or None."""
        if cmd_name not in NAMES:
            return super().get_command(ctx, cmd_name)
        from api import commands

        command: click.Command = getattr(commands, cmd_name)
        return command


def export_record(
    database: str | None, which: Literal["judged", "waiting"] = "judged"
) -> Iterator[str]:
    """Yield the decisions of the record as JSON lines.

    `which` selects the decisions with a moderator's verdict ("judged") or without ("waiting").
    """
    from api import commands

    return commands.exported(database, which=which)


def is_record(source: str) -> bool:
    """Return whether `source` is the record: the word 'record' or a database URL."""
    return source == "record" or "://" in source


def replay_record(database: str | None, chosen: ReplayFilter) -> AbstractContextManager[Replay]:
    """Open the recorded comments that `chosen` selects."""
    from api import commands

    return commands.replayed(database, chosen)


def shadow_pairs(model: str, version: str, champions: Mapping[str, str]) -> Iterator[ShadowPair]:
    """Yield what a challenger in shadow and these champions decided, from the settings' record."""
    from api import commands

    return commands.shadowed(model, version, champions)


def recent_decisions(database: str | None, days: int, most: int) -> list[ScoredDecision]:
    """Return the scores of the latest decisions: at most `most`, of the last `days` days."""
    from api import commands

    return commands.recent(database, days, most)
