"""`moderation db`, `keys`, `record`, `webhooks` and `settings`: commands about the service.

These commands, and the functions that read the record of decisions, are in `api.commands`. This
module imports that one only when needed, because the library does not depend on the service or its
database.

Where a function takes `database`, it is the URL of a record's database. None means the record that
the service's settings name.
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
    """The group of all commands: the library's and those about the service."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in alphabetical order."""
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

    `which` selects the decisions with a moderator's verdict ("judged"), or those without one
    ("waiting").
    """
    from api import commands

    return commands.exported(database, which=which)


def is_record(source: str) -> bool:
    """Return whether `source` means a record: it is the word 'record' or a database URL."""
    return source == "record" or "://" in source


def replay_record(database: str | None, chosen: ReplayFilter) -> AbstractContextManager[Replay]:
    """Return the recorded comments that the filter `chosen` selects."""
    from api import commands

    return commands.replayed(database, chosen)


def shadow_pairs(model: str, version: str, champions: Mapping[str, str]) -> Iterator[ShadowPair]:
    """Yield the decisions of a model that ran in shadow, each with that of the models in use.

    `champions` are the versions in use. The record is the one that the settings name.
    """
    from api import commands

    return commands.shadowed(model, version, champions)


def recent_decisions(database: str | None, days: int, most: int) -> list[ScoredDecision]:
    """Return the scores of the latest decisions: at most `most`, of the last `days` days."""
    from api import commands

    return commands.recent(database, days, most)
