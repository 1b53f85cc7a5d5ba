"""Bars on standard error that say how far a long work is, and how long it will take."""

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


class Bars(Progress):
    """A bar for each step, with the time that is left."""

    def __init__(self, progress: RichProgress) -> None:
        self.progress = progress

    def __call__(self, step: str) -> None:
        """A step of unknown length begins."""
        self.end()
        self.progress.add_task(step, total=None)

    def over(self, items: Iterable[Item], total: int | None, step: str) -> Iterator[Item]:
        """The items; the bar is moved on after each."""
        self.end()
        task = self.progress.add_task(step, total=total)
        for item in items:
            yield item
            self.progress.advance(task)

    def end(self) -> None:
        """The step before is done, however long it was thought to be."""
        for task in self.progress.tasks:
            if not task.finished:
                done = task.completed or 1
                self.progress.update(task.id, total=done, completed=done)


@contextlib.contextmanager
def bars() -> Iterator[Progress]:
    """Bars in a terminal; elsewhere the steps go to the log."""
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
        told = Bars(progress)
        yield told
        told.end()


@contextlib.contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes; in a terminal with a bar that tells how much of them is read."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with progress.open(path, "rb", description=path.name, console=console) as file:
            yield file
    else:
        with path.open("rb") as file:
            yield file
