"""Models that are promoted while the service runs take the place of those in use.

Each worker loads them beside its requests, checks every hash, has them read a comment and then
puts them in place in one step: a request is decided by the models before or by those after.
Models that cannot be used are refused, and those before stay.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from api.decisions import Decider
from moderation import Moderator
from moderation.scoring.store import ModelError, champions

WARMING = "You are an idiot."  # makes the careful reader speak, which loads itself at first use


def reloaded(now: Moderator, folder: Path) -> Moderator:
    """The moderator of the champions under `folder`, with the policy of `now`, or `now` itself.

    Raises `ModelError` where one is damaged, or where a score would be missing that `now` gives.
    """
    versions = champions(folder)
    if versions == now.models.loaded:
        return now
    with _alone(folder):
        made = Moderator(now.policy, now.models.reloaded(folder, versions))
        expected = now.models.heads | made.models.heads
        missing = expected - made.moderate(WARMING).scores.keys()
    if missing:
        raise ModelError(f"no model gives these scores: {', '.join(sorted(missing))}")
    return made.observed(now.on_check)  # only now: the comment above is no request


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One worker loads at a time, so that the others have the processors for their requests."""
    locked = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks lock nothing
            fcntl.flock(locked, fcntl.LOCK_EX)
        yield
    finally:
        os.close(locked)


def reload_models(decider: Decider, folder: Path) -> None:
    """Put the champions under `folder` in use. Raises `ModelError` as `reloaded` does."""
    decider.moderator = reloaded(decider.moderator, folder)
