"""Models that are promoted while the service runs take the place of those in use.

Each worker loads them beside its requests, checks every hash, has them read a few comments and
then puts them in place in one step: a request is decided by the models before or by those after.
Models that cannot be used are refused, and those before stay.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.keeper import Keeper
from moderation import Moderator
from moderation.models import ModelError, champions

# What is loaded at first use is loaded by these: the second makes the careful reader speak.
WARMING = ("The service is reading itself in.", "You are a stupid idiot, and so is your mother.")


def renewed(now: Moderator, folder: Path) -> Moderator:
    """The moderator of the champions under `folder`, with the policy of `now`, or `now` itself.

    Raises `ModelError` where one is damaged, or where a score would be missing that `now` gives.
    """
    versions = champions(folder)
    if versions == now.models.loaded:
        return now
    made = Moderator(now.policy, now.models.renewed(folder, versions))
    expected = now.models.heads | made.models.heads
    for decision in made.moderate_many(WARMING):
        if missing := expected - decision.scores.keys():
            raise ModelError(f"no model gives these scores: {', '.join(sorted(missing))}")
    return made


def swap(keeper: Keeper, folder: Path, use: Callable[[Moderator], None]) -> None:
    """Put the champions under `folder` in use, unless they are. Raises as `renewed` does."""
    now = keeper.moderator
    made = renewed(now, folder)
    if made is not now:
        use(made)
