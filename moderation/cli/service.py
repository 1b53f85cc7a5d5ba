"""`moderation db`, `keys`, `record`, `webhooks` and `settings`: commands about the service.

These commands are in `api.commands`, as are the functions that read the record of decisions. This
module imports `api.commands` only when needed, because the library (`moderation`) does not depend
on the service (`api`) or its database.

In this module, the parameter `database` is the URL of the database that holds a record. None means
the record that the service's settings name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from api.record.replay import Replay
    from moderation.lifecycle.drift import ScoredDecision
    from moderation.lifecycle.replay import ReplayFilter
    from moderation.lifecycle.shadow import ShadowPair

NAMES = ("db", "keys", "record", "webhooks", "settings")


class ServiceGroup(click.Group):
    """The click group of all commands: those of the library and those about the service.

    The commands about the service are imported only when they are used.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in alphabetical order."""
        return sorted([*super().list_commands(ctx), *NAMES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command with this name, or None if there is none."""
        if cmd_name not in NAMES:
            return super().get_command(ctx, cmd_name)
        from api import commands

        command: click.Command = getattr(commands, cmd_name)
        return command


def default_places(home: Path) -> tuple[bool, bool, bool]:
    """Return whether the record, the spool and the models are where they are by default.

    `home` is the state directory. The settings may name another place for each.
    """
    from api import commands

    return commands.default_places(home)


def export_record(
    database: str | None, which: Literal["judged", "waiting"] = "judged"
) -> Iterator[str]:
    """Yield the recorded decisions as JSON lines.

    "judged" selects the decisions with a moderator's verdict, and "waiting" those without one.
    """
    from api import commands

    return commands.exported(database, which=which)


def is_record(source: str) -> bool:
    """Return whether `source` names a record: it is the word 'record' or a database URL.

    Other sources are files.
    """
    return source == "record" or "://" in source


def replay_record(database: str | None, chosen: ReplayFilter) -> AbstractContextManager[Replay]:
    """Open the recorded comments that the filter `chosen` selects, to decide about them again.

    Returns a context manager.
    """
    from api import commands

    return commands.replayed(database, chosen)


def shadow_pairs(model: str, version: str, champions: Mapping[str, str]) -> Iterator[ShadowPair]:
    """Yield a model's decisions "in shadow", each with the decision of the models in use.

    In shadow, a model decides without any effect. `champions` maps the names of the models in use
    to their versions. The record is the one that the settings name.
    """
    from api import commands

    return commands.shadowed(model, version, champions)


def recent_decisions(database: str | None, days: int, most: int) -> list[ScoredDecision]:
    """Return the scores of the decisions of the last `days` days, at most `most`, newest first."""
    from api import commands

    return commands.recent(database, days, most)
