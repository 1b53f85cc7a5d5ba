"""Know whether a worker process is deciding about comments, and who goes first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class BusyCounter:
    """Counts the requests whose comments are being decided, so that background work can wait.

    A request is in a `with` block while its comments are being decided.

    >>> busy = BusyCounter()
    >>> with busy:
    ...     busy.wait(0.01)
    False
    >>> busy.wait(0.01)
    True
    """

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` until no comment is being decided. Return whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)


class TooManyBatchesError(RuntimeError):
    """This process works on as many batches as it may already."""


class Turns:
    """Lets single comments go first, while batches are worked in portions, one at a time.

    >>> turns = Turns()
    >>> with turns.batch(), turns.portion():
    ...     "these comments are decided now"
    'these comments are decided now'
    """

    def __init__(self, most_batches: int = 4, patience_s: float = 0.2) -> None:
        """`patience_s` is how long a portion waits for a moment without single comments.

        So batches come to their end even under load. `most_batches` leaves threads for others.
        """
        self.patience_s = patience_s
        self.singles = BusyCounter()
        self._batches = threading.BoundedSemaphore(most_batches)
        self._portion = threading.Lock()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Work on a batch in the block. Raises `TooManyBatchesError`."""
        if not self._batches.acquire(blocking=False):
            raise TooManyBatchesError
        try:
            yield
        finally:
            self._batches.release()

    @contextmanager
    def portion(self) -> Iterator[None]:
        """Work on a portion of a batch in the block, after other portions and single comments."""
        with self._portion:
            self.singles.wait(self.patience_s)
            yield
