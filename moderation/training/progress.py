"""Report the progress of training."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

log = logging.getLogger(__name__)


class Progress:
    """Logs each step of a training. The command line uses a subclass that shows progress bars."""

    def __call__(self, step: str) -> None:
        """Report that a step begins."""
        log.info(step)

    def track(self, items: Iterable[Item], total: int | None, step: str) -> Iterator[Item]:
        """Yield the items, and report how many of `total` items have been yielded.

        >>> list(Progress().track("ab", 2, "reading"))
        ['a', 'b']
        """
        self(f"{step} ({total:,})" if total else step)
        yield from items
