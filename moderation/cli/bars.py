"""Show progress bars with the time left on standard error.

If standard error is not a terminal, the names of a task's steps are logged instead.
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
    """Shows a progress bar for each step of a long task, such as training."""

    def __init__(self, progress: RichProgress) -> None:
        self.progress = progress

    def __call__(self, step: str) -> None:
        """Start a step whose length is unknown. The step before it ends."""
        self.end()
        self.progress.add_task(step, total=None)

    def track(self, items: Iterable[Item], total: int | None, step: str) -> Iterator[Item]:
        """Start a step that goes through `items`. Yield each item, and advance the bar after it."""
        self.end()
        task = self.progress.add_task(step, total=total)
        for item in items:
            yield item
            self.progress.advance(task)

    def end(self) -> None:
        """Show the steps that have not ended as done."""
        for task in self.progress.tasks:
            if not task.finished:
                done = task.completed or 1
                self.progress.update(task.id, total=done, completed=done)


@contextlib.contextmanager
def progress_bars() -> Iterator[Progress]:
    """Yield a `Progress`, to which a long task reports its steps.

    In a terminal it shows bars. Otherwise it logs the name of each step.
    """
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
    """Yield a file opened for reading bytes. In a terminal, a bar shows how much has been read."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with progress.open(path, "rb", description=path.name, console=console) as file:
            yield file
    else:
        with path.open("rb") as file:
            yield file
