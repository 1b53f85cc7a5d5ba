"""Bulk work carried by other processes, or by the machines of a cluster somebody already runs.

joblib speaks to each engine: `loky` is processes of this machine; `dask`, `ray` and `spark` are
clusters with a scheduler of their own. Work goes out in chunks and results come back in order.
No more than a few chunks for each worker are under way, so memory stays flat; a chunk whose
worker was killed is done again elsewhere, and its result is given once.

An engine sends Python objects as pickles between the machines that belong to it. Whoever can
reach its ports can run programs on them: it is the operator's own, in a network of their own.
Nothing here opens a port to others.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Literal, TypeVar

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend

BackendName = Literal["loky", "dask", "ray", "spark"]
BACKENDS: tuple[BackendName, ...] = ("loky", "dask", "ray", "spark")

AHEAD = 2  # chunks for each worker in a window; two windows are under way
TRIES = 4  # as many workers may a chunk lose before it is blamed, as with Dask
PATIENCE = 15.0  # seconds until a scheduler must have answered, and a worker be there

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Start = Callable[[Iterable[Any]], Iterator[Any]]


class BackendError(RuntimeError):
    """An engine that is not installed, cannot be reached, or lost its work for good."""


@dataclass(frozen=True)
class Backend:
    """Who carries the work: the backend, where its scheduler is, and how many processes work.

    `address` is the scheduler's, with the protocol (`tcp://` or `tls://` for Dask, `ray://`,
    `spark://`). `jobs` is how many work at once; by default as many as there are cores.

    >>> with Backend("loky", jobs=2).connected() as crew:
    ...     list(crew.map(abs, [-1, 2, -3]))
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
        """Raise `ValueError` where the three do not go together."""
        if self.backend == "loky" and self.address:
            raise ValueError("loky works on this machine alone and has no address")
        if self.backend == "dask" and not self.address:
            example = "tcp://127.0.0.1:8786"
            raise ValueError(f"dask needs the address of its scheduler, such as {example}")
        if self.backend == "dask" and self.jobs:
            raise ValueError("dask's scheduler knows how many work; leave out the number of jobs")

    @contextlib.contextmanager
    def connected(self) -> Iterator[WorkerPool]:
        """The workers, for as long as the context lasts.

        Raises `BackendError` where the engine is not installed or does not answer.
        """
        with _CONNECTORS[self.backend](self) as crew, crew.told():
            yield crew


class WorkerPool:
    """The workers of a connected engine; `config` is what joblib's `parallel_config` is given.

    `losses` says in words what the engine's own exceptions mean.
    """

    def __init__(
        self,
        engine: Backend,
        config: Mapping[str, Any],
        losses: Mapping[type[Exception], str] | None = None,
    ) -> None:
        self.config = {"n_jobs": engine.jobs or -1, **config}
        self.losses = losses or {}

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Have the loss of work told as an `BackendError`."""
        try:
            yield
        except tuple(self.losses) as error:
            meant = (said for kind, said in self.losses.items() if isinstance(error, kind))
            raise BackendError(next(meant)) from None

    @contextlib.contextmanager
    def for_joblib(self) -> Iterator[None]:
        """Have every `joblib.Parallel` of this thread work here that names no jobs of its own."""
        with parallel_config(**self.config):
            yield

    def map(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[_Result]:
        """`function` of each item, in the items' order; items are taken a few at a time.

        The function must be one of a module that the workers have, too. What it raises on a
        worker is raised here; `BackendError` where the work is lost.
        """

        def start(some: Iterable[_Item]) -> Iterator[_Result]:
            with self.for_joblib():  # a backend for each call: Dask's keeps count of a single one
                backend, _ = get_active_backend()
                parallel = Parallel(
                    # Some backends can only give all the results of a call at once.
                    return_as="generator" if backend.supports_return_generator else "list",
                    batch_size=1,
                    pre_dispatch="all",
                )
            return iter(parallel(delayed(function)(item) for item in some))

        stream = iter(items)
        windows: deque[_Window[_Item, _Result]] = deque()
        try:
            with self.told():
                while True:
                    # The next window is under way before the last is waited for: none stands idle.
                    while len(windows) < 2 and (some := [*islice(stream, AHEAD * self.size())]):
                        windows.append(_Window(start, some))
                    if not windows:
                        return
                    yield from windows[0].results()
                    windows.popleft()
        finally:
            for window in windows:  # whoever asked has gone, or the work has failed
                window.close()

    def size(self) -> int:
        """How many workers there are just now."""
        with self.for_joblib():
            return max(1, int(effective_n_jobs(self.config["n_jobs"])))


class _Window(Generic[_Item, _Result]):
    """Some items under way at once, and again where a worker was lost with them."""

    def __init__(self, start: _Start, items: Iterable[_Item]) -> None:
        self.start = start
        self.left = deque(items)
        self.running = start([*self.left])

    def results(self) -> Iterator[_Result]:
        lost = 0
        while self.left:
            try:
                result = next(self.running)
            except BrokenProcessPool:  # loky gives up; a cluster's scheduler tries again itself
                lost += 1
                if lost == TRIES:
                    raise BackendError(_BLAMED) from None
                self.running = self.start([*self.left])
            else:
                lost = 0
                self.left.popleft()
                yield result

    def close(self) -> None:
        if isinstance(self.running, Generator):
            with warnings.catch_warnings():  # joblib regrets work that nobody wants any more
                warnings.simplefilter("ignore", UserWarning)
                self.running.close()


_BLAMED = f"the work that comes next ended {TRIES} workers, one after the other"


@contextlib.contextmanager
def _loky(engine: Backend) -> Iterator[WorkerPool]:
    yield WorkerPool(engine, {"backend": "loky"})


@contextlib.contextmanager
def _dask(engine: Backend) -> Iterator[WorkerPool]:
    """A client of the operator's scheduler; certificates for tls:// are in Dask's own settings."""
    distributed = _library("distributed", "dask")
    try:
        client = distributed.Client(engine.address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise BackendError(f"no Dask scheduler at {engine.address}: {error}") from None
    gone = f"the Dask scheduler at {engine.address} has gone"
    losses = {
        distributed.KilledWorker: _BLAMED,
        _library("distributed.comm", "dask").CommClosedError: gone,
        CancelledError: gone,  # what it had in hand
    }
    config = {"backend": "dask", "client": client, "wait_for_workers_timeout": PATIENCE}
    with client:
        yield WorkerPool(engine, config, losses)


@contextlib.contextmanager
def _ray(engine: Backend) -> Iterator[WorkerPool]:
    """A Ray cluster or, without an address, one on this machine for as long as it is used."""
    ray, of_joblib = _library("ray", "ray"), _library("ray.util.joblib", "ray")
    try:
        ray.init(address=engine.address, include_dashboard=False, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise BackendError(f"no Ray cluster at {engine.address}: {error}") from None
    try:
        of_joblib.register_ray()
        yield WorkerPool(engine, {"backend": "ray"})
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _spark(engine: Backend) -> Iterator[WorkerPool]:
    """A Spark master or, without an address, Spark on this machine for as long as it is used."""
    sql, of_joblib = _library("pyspark.sql", "spark"), _library("joblibspark", "spark")
    builder = sql.SparkSession.builder.appName("moderation")
    if engine.address is None:  # this Python, and no port but to itself
        builder = builder.config("spark.pyspark.python", sys.executable)
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", False)
    session = builder.master(engine.address or "local[*]").getOrCreate()
    try:
        of_joblib.register_spark()
        yield WorkerPool(engine, {"backend": "spark"})
    finally:
        session.stop()


def _library(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        message = f"{extra} is not installed here: pip install -e '.[{extra}]'"
        raise BackendError(message) from None


_CONNECTORS: dict[
    BackendName, Callable[[Backend], contextlib.AbstractContextManager[WorkerPool]]
] = {
    "loky": _loky,
    "dask": _dask,
    "ray": _ray,
    "spark": _spark,
}
