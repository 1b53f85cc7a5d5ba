"""Numbers that workers add up in files, so that any of them can tell the sum.

The files are `prometheus_client`'s. Two things are ours. A file gets all its room when it is made:
on a disk that fills up later, a page that is not there yet would end the process (SIGBUS). And a
number that cannot be kept costs no answer: it is missed, and the log says so once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict, values

ROOM = 512 * 1024  # bytes of a file; three times what all rules and routes together take

log = logging.getLogger(__name__)


class PreallocatedFile(mmap_dict.MmapedDict):
    """A file of numbers that never grows. Raises `OSError` where its room is not there."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        path = Path(filename)
        if not path.exists():
            _make(path)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # it has no types

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + 32 > self._capacity:
            raise OSError("no room for another number")
        super()._init_value(key)  # type: ignore[no-untyped-call]  # as above


def _make(path: Path) -> None:
    """Put an empty file in its place whole: who adds up just then must not find half of it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)  # someone may have tidied up
    made = path.with_suffix(".new")
    try:
        made.write_bytes(bytes(ROOM))
        made.rename(path)
    finally:
        made.unlink(missing_ok=True)


def value_class(worker: Callable[[], int]) -> type:
    """What to set as `prometheus_client.values.ValueClass`; `worker` tells who is asking.

    No two processes that run at once may have the same number. A worker that takes the place of
    another goes on with its numbers.
    """
    values.MmapedDict = PreallocatedFile  # type: ignore[attr-defined]  # its own name for the class it uses
    kept: Any = values.MultiProcessValue(worker)  # type: ignore[no-untyped-call]  # as above

    class Tally(kept):  # type: ignore[misc]  # a class that is only known when it is made
        """One number, which may be missed but breaks nothing."""

        missed = False

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._try(super().__init__, *args, **kwargs)

        def inc(self, amount: float) -> None:
            """Add to it."""
            self._try(super().inc, amount)

        def set(self, value: float, timestamp: float | None = None) -> None:
            """Put another in its place."""
            self._try(super().set, value, timestamp)

        def get(self) -> float:
            """What it is; 0 where that is not known."""
            return float(self._try(super().get) or 0)

        @staticmethod
        def _try(action: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            try:
                return action(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, a comment must be answered
                if not Tally.missed:
                    Tally.missed = True
                    log.error("numbers for /metrics cannot be kept: %s", type(error).__name__)
                return None

    return Tally
