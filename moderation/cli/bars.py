"""Progress bars on standard error, with the time left.

If standard error is not a terminal, the steps are logged instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from rich import progress
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as RichProgress,
)

from moderation.training.progress import Item, Progress


class ProgressBars(Progress):
    """Progress shown as one bar per step."""

    def __init__(self, progress: RichProgress) -> None:
        self.progress = progress

    def __call__(self, step: str) -> None:
        """Start a step of unknown length."""
        self.end()
        self.progress.add_task(step, total=None)

    def track(self, items: Iterable[Item], total: int | None, step: str) -> Iterator[Item]:
        """Yield the items and advance the bar after each."""
        self.end()
        task = self.progress.add_task(step, total=total)
        for item in items:
            yield item
            self.progress.advance(task)

    def end(self) -> None:
        """Mark the unfinished steps as done."""
        for task in self.progress.tasks:
            if not task.finished:
                done = task.completed or 1
                self.progress.update(task.id, total=done, completed=done)


@contextlib.contextmanager
def progress_bars() -> Iterator[Progress]:
    """Yield progress bars in a terminal; elsewhere a `Progress` that logs each step."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield Progress()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=console) as progress:
        bars = ProgressBars(progress)
        yield bars
        bars.end()


@contextlib.contextmanager
def open_with_progress(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read its bytes, in a terminal with a bar that shows how much is read."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with progress.open(path, "rb", description=path.name, console=console) as file:
            yield file
    else:
        with path.open("rb") as file:
            yield file
