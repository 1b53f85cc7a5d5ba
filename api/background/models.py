"""Load promoted models while the service runs.

Each worker process loads the models in the background, checks all hashes, and lets the new models
score a comment. Then it replaces the models in use in one step, so that no request mixes old and
new models. If the new models cannot be used, the old ones stay in use.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from api.decisions import Decider
from moderation import Moderator
from moderation.scoring.store import AnyStore, ModelError, ModelStore, champions

WARM_UP = "You are an idiot."  # makes the cascade ask the careful model, which loads at first use


def reloaded(moderator: Moderator, store: AnyStore) -> Moderator:
    """Return a moderator with the same policy and the models that `champion.json` now names.

    Returns `moderator` itself if it uses these models already. Raises `ModelError` if a model is
    damaged, or if the new models lack a score that the models of `moderator` give.
    """
    versions = champions(store)
    if versions == moderator.models.loaded:
        return moderator
    with _one_worker(ModelStore.of(store).own):
        models = moderator.models.reloaded(store, versions)
        new = Moderator(moderator.policy, models, guards=moderator.guards)
        expected = moderator.models.heads | new.models.heads
        missing = expected - new.moderate(WARM_UP).scores.keys()
    if missing:
        raise ModelError(f"no model gives these scores: {', '.join(sorted(missing))}")
    return new.observed(moderator.on_check)  # after the warm-up, which is no request


@contextmanager
def _one_worker(folder: Path) -> Iterator[None]:
    """While the block runs, let no other worker process load models.

    So only one processor is busy with loading, and the others can serve requests.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # nothing was promoted, so what is loaded is shipped
        yield
        return
    try:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def reload_models(decider: Decider, store: AnyStore) -> None:
    """Start to use the models that `champion.json` names now.

    Raises `ModelError`, as `reloaded` does.
    """
    decider.moderator = reloaded(decider.moderator, store)
