"""How a training tells how far it is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

log = logging.getLogger(__name__)


class Progress:
    """Tells each step in the log; `moderation.cli` has one that draws bars."""

    def __call__(self, step: str) -> None:
        """A step begins."""
        log.info(step)

    def over(self, items: Iterable[Item], total: int | None, step: str) -> Iterator[Item]:
        """The items, one after another, while it is told how many of `total` are done.

        >>> list(Progress().over("ab", 2, "reading"))
        ['a', 'b']
        """
        self(f"{step} ({total:,})" if total else step)
        yield from items
