"""Store each worker's metrics in a file, so that every worker can return the sum of all files.

The files are those of `prometheus_client`, with two changes. First, a file gets its full size when
it is created. Otherwise, if the disk were full later, a write to a missing page of the file would
kill the process (SIGBUS). Second, if a metric cannot be written, the error is logged once, and the
request does not fail.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict, values

FILE_SIZE = 512 * 1024  # bytes: three times what the metrics of all rules and routes need

log = logging.getLogger(__name__)


class PreallocatedFile(mmap_dict.MmapedDict):
    """A memory-mapped file of metrics with a fixed size.

    Raises `OSError` if the disk or the file is full.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        path = Path(filename)
        if not path.exists():
            _create(path)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # it has no types

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + 32 > self._capacity:
            raise OSError("the file is full")
        super()._init_value(key)  # type: ignore[no-untyped-call]  # it has no types


def _create(path: Path) -> None:
    """Create a file of zeros under another name, then rename it.

    So no other worker process reads a file that is only half written.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)  # a clean-up of temporary files may delete it
    temporary = path.with_suffix(".new")
    try:
        temporary.write_bytes(bytes(FILE_SIZE))
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def value_class(worker: Callable[[], int]) -> type:
    """Return a class of metric values, to be set as `prometheus_client.values.ValueClass`.

    `worker` is a function that returns the number of this process. Processes that run at the same
    time need different numbers. A process that replaces a dead one takes over its number, and
    continues its metrics.
    """
    values.MmapedDict = PreallocatedFile  # type: ignore[attr-defined]  # the name it uses itself
    value: Any = values.MultiProcessValue(worker)  # type: ignore[no-untyped-call]  # it has no types

    class SafeValue(value):  # type: ignore[misc]  # its base class exists only at run time
        """A metric whose errors are logged instead of raised."""

        failed = False

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._try(super().__init__, *args, **kwargs)

        def inc(self, amount: float) -> None:
            """Add `amount` to the metric."""
            self._try(super().inc, amount)

        def set(self, value: float, timestamp: float | None = None) -> None:
            """Replace the metric's value."""
            self._try(super().set, value, timestamp)

        def get(self) -> float:
            """Return the metric's value; 0 if it cannot be read."""
            return float(self._try(super().get) or 0)

        @staticmethod
        def _try(action: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            try:
                return action(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - no error of a metric may fail a request
                if not SafeValue.failed:
                    SafeValue.failed = True
                    log.error("metrics cannot be written: %s", type(error).__name__)
                return None

    return SafeValue
