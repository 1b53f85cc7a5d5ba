"""Know whether a worker process is deciding about comments at the moment."""

from __future__ import annotations

import threading


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
