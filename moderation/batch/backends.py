"""Run a function on many items in other processes, on this machine or on a cluster.

The work is done through joblib, which has a backend for each case: `loky` starts processes on this
machine; `dask` sends the work to a cluster that has a scheduler. Items are sent in chunks, and
results come back in order. Each worker process has only a few chunks at a time, so the use of
memory is bounded. If a worker is killed, another worker repeats its chunk, and each
result is returned only once.

The machines of a cluster exchange Python objects as pickles. Anyone who can reach the cluster's
ports can run programs on its machines, so keep a cluster in a private network. This module opens no
port to other machines.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Literal, TypeVar

BackendName = Literal["loky", "dask"]
BACKENDS: tuple[BackendName, ...] = ("loky", "dask")

CHUNKS_PER_WORKER = 2  # chunks per worker in a window; two windows are running at a time
MAX_ATTEMPTS = 4  # a chunk that ends this many workers is given up, as in Dask
TIMEOUT = 15.0  # seconds to wait for a scheduler, and for a worker

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Start = Callable[[Iterable[Any]], Iterator[Any]]


class BackendError(RuntimeError):
    """A backend is not installed, cannot be reached, or has lost the work that it was given."""


@dataclass(frozen=True)
class Backend:
    """Where to run the work: joblib's backend, the scheduler's address, the number of processes.

    `address` includes the protocol (`tcp://` or `tls://`). `jobs` is the number of processes, by
    default the number of cores. Dask chooses the number itself.

    >>> with Backend("loky", jobs=2).connected() as pool:
    ...     list(pool.map(abs, [-1, 2, -3]))
    [1, 2, 3]
    >>> Backend("dask")
    Traceback (most recent call last):
        ...
    ValueError: dask needs the address of its scheduler, such as tcp://127.0.0.1:8786
    """

    backend: BackendName
    address: str | None = None
    jobs: int | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` if the address or the number of jobs does not fit the backend."""
        if self.backend == "loky" and self.address:
            raise ValueError("loky runs on this machine only and has no address")
        if self.backend == "dask" and not self.address:
            example = "tcp://127.0.0.1:8786"
            raise ValueError(f"dask needs the address of its scheduler, such as {example}")
        if self.backend == "dask" and self.jobs:
            raise ValueError("dask's scheduler knows how many jobs to run; leave out the number")

    @contextlib.contextmanager
    def connected(self) -> Iterator[WorkerPool]:
        """Connect, and yield the workers for as long as the context lasts.

        Raises `BackendError` if the backend is not installed or does not answer.
        """
        with _CONNECTORS[self.backend](self) as pool, pool.losses_as_errors():
            yield pool


class WorkerPool:
    """The worker processes of a connected backend.

    `config` has the arguments for joblib's `parallel_config`. If the backend loses work, it raises
    one of the exceptions in `losses`. A `BackendError` with the message to which `losses` maps the
    exception is then raised instead.
    """

    def __init__(
        self,
        backend: Backend,
        config: Mapping[str, Any],
        losses: Mapping[type[Exception], str] | None = None,
    ) -> None:
        self.config = {"n_jobs": backend.jobs or -1, **config}
        self.losses = losses or {}

    @contextlib.contextmanager
    def losses_as_errors(self) -> Iterator[None]:
        """While the block runs, turn the backend's exceptions for lost work into `BackendError`."""
        try:
            yield
        except tuple(self.losses) as error:
            messages = (text for kind, text in self.losses.items() if isinstance(error, kind))
            raise BackendError(next(messages)) from None

    @contextlib.contextmanager
    def for_joblib(self) -> Iterator[None]:
        """While the block runs, let joblib use these workers for each `joblib.Parallel`.

        This holds only for this thread, and only for a `joblib.Parallel` that sets no `n_jobs`.
        """
        from joblib import parallel_config  # imported here: it imports numpy, which takes long

        with parallel_config(**self.config):
            yield

    def map(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[_Result]:
        """Yield the result of `function` for each item, in order. Only a few items are read ahead.

        The workers must be able to import the function. Exceptions of the function are raised here.
        Raises `BackendError` if the work is lost.
        """

        from joblib import Parallel, delayed
        from joblib.parallel import get_active_backend

        def start(chunk: Iterable[_Item]) -> Iterator[_Result]:
            with self.for_joblib():  # a new backend for each call: Dask's supports only one
                backend, _ = get_active_backend()
                parallel = Parallel(
                    # Some backends can only return all results of a call at once.
                    return_as="generator" if backend.supports_return_generator else "list",
                    batch_size=1,
                    pre_dispatch="all",
                )
            return iter(parallel(delayed(function)(item) for item in chunk))

        stream = iter(items)
        windows: deque[_Window[_Item, _Result]] = deque()
        try:
            with self.losses_as_errors():
                while True:
                    # Start the next window before waiting for the last: no worker is idle.
                    while len(windows) < 2 and (
                        chunk := [*islice(stream, CHUNKS_PER_WORKER * self.size())]
                    ):
                        windows.append(_Window(start, chunk))
                    if not windows:
                        return
                    yield from windows[0].results()
                    windows.popleft()
        finally:
            for window in windows:  # the caller has stopped early, or the work has failed
                window.close()

    def size(self) -> int:
        """Return the current number of workers."""
        from joblib import effective_n_jobs

        with self.for_joblib():
            return max(1, int(effective_n_jobs(self.config["n_jobs"])))


class _Window(Generic[_Item, _Result]):
    """A few items that are sent to the workers together.

    If a worker process dies, the items without a result are started again.
    """

    def __init__(self, start: _Start, items: Iterable[_Item]) -> None:
        self.start = start
        self.left = deque(items)
        self.running = start([*self.left])

    def results(self) -> Iterator[_Result]:
        lost = 0
        while self.left:
            try:
                result = next(self.running)
            except BrokenProcessPool:  # only loky raises it: a cluster's scheduler tries again
                lost += 1
                if lost == MAX_ATTEMPTS:
                    raise BackendError(_FATAL_CHUNK) from None
                self.running = self.start([*self.left])
            else:
                lost = 0
                self.left.popleft()
                yield result

    def close(self) -> None:
        if isinstance(self.running, Generator):
            with warnings.catch_warnings():  # joblib warns about results that are not used
                warnings.simplefilter("ignore", UserWarning)
                self.running.close()


_FATAL_CHUNK = f"the next part of the work ended {MAX_ATTEMPTS} workers, one after the other"


@contextlib.contextmanager
def _loky(backend: Backend) -> Iterator[WorkerPool]:
    yield WorkerPool(backend, {"backend": "loky"})


@contextlib.contextmanager
def _dask(backend: Backend) -> Iterator[WorkerPool]:
    """Connect to the operator's Dask scheduler.

    If the address starts with `tls://`, the settings of Dask itself name the certificates.
    """
    distributed = _library("distributed", "dask")
    try:
        client = distributed.Client(backend.address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise BackendError(f"no Dask scheduler at {backend.address}: {error}") from None
    stopped = f"the Dask scheduler at {backend.address} has stopped"
    losses = {
        distributed.KilledWorker: _FATAL_CHUNK,
        _library("distributed.comm", "dask").CommClosedError: stopped,
        CancelledError: stopped,  # for work that was running
    }
    config = {"backend": "dask", "client": client, "wait_for_workers_timeout": TIMEOUT}
    with client:
        yield WorkerPool(backend, config, losses)


def _library(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        message = f"{extra} is not installed: pip install -e '.[{extra}]'"
        raise BackendError(message) from None


_CONNECTORS: dict[
    BackendName, Callable[[Backend], contextlib.AbstractContextManager[WorkerPool]]
] = {
    "loky": _loky,
    "dask": _dask,
}
