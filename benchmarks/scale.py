"""Bulk checking beyond one process: the speed-up from one worker to two, the cost of transport.

    OMP_NUM_THREADS=1 python -m benchmarks.scale [--rows 6000] [--output FILE]

A Dask scheduler and one, then two worker processes are started on this machine, and the comments
are the harmless ones of `data/guideline_suite.csv`, drawn at random with seed 0. Beside the clock,
the processor time of the workers and of the process that hands out the work is reported, for on a
machine that is busy otherwise the clock says little. The transport alone is measured by workers
that send each chunk back as it came.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.speed import comments
from moderation import Comment, Policy
from moderation.batch import files
from moderation.batch.backends import Backend, WorkerPool
from moderation.batch.rows import Row
from moderation.batch.worker import WorkerSpec
from moderation.moderator import BATCH

PORT = 18_790
ADDRESS = f"tcp://127.0.0.1:{PORT}"
MANY = 100_000_000


class Run(NamedTuple):
    """Seconds by the clock, of this process and of all workers together."""

    clock: float
    handing: float
    working: float


def rows(number: int) -> list[Row]:
    """Comments drawn at random, in rows."""
    dice = random.Random(0)  # noqa: S311 - no secret
    return [
        Row(at, at, Comment(text)) for at, text in enumerate(dice.choices(comments(), k=number))
    ]


def spent() -> float:
    """The processor time of the process that is asked."""
    return time.process_time()


def echoed(batch: tuple[Row, ...]) -> tuple[Row, ...]:
    """What costs transport alone."""
    return batch


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[tuple[WorkerPool, Callable[[], float]]]:
    """A Dask cluster on this machine, and what tells the processor time of its workers."""
    python, here = sys.executable, ("--host", "127.0.0.1", "--no-dashboard")
    single = ("--nthreads", "1", "--no-nanny", "--local-directory")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        scheduler = (python, "-m", "distributed.cli.dask_scheduler", "--port", str(PORT), *here)
        worker = (python, "-m", "distributed.cli.dask_worker", ADDRESS, *here, *single)
        for command in (scheduler, *((*worker, f"{folder}/{at}") for at in range(workers))):
            quiet = {**os.environ, "DASK_LOGGING__DISTRIBUTED": "error"}
            process = subprocess.Popen(command, env=quiet, stderr=subprocess.DEVNULL)  # noqa: S603 - Dask's own
            stack.callback(process.wait)
            stack.callback(process.terminate)
        crew = stack.enter_context(Backend("dask", ADDRESS).connected())
        client = crew.config["client"]
        client.wait_for_workers(workers)
        yield crew, lambda: sum(client.run(spent).values())


def measured(work: Callable[[], Iterable[object]], working: Callable[[], float]) -> Run:
    """What a run costs."""
    clock, handing, worked = time.perf_counter(), time.process_time(), working()
    for _ in work():
        pass
    return Run(time.perf_counter() - clock, time.process_time() - handing, working() - worked)


def report(number: int) -> Iterator[str]:
    """The page, line by line."""
    given = rows(number)
    batches = [tuple(given[at : at + BATCH]) for at in range(0, number, BATCH)]
    found: dict[tuple[str, str], Run] = {}
    transport: dict[str, Run] = {}
    for reader in ("fast", "careful"):
        work = WorkerSpec.of(Policy.load({"house": {"reader": reader}}))
        work.moderator().moderate("The first comment pays for what is loaded late.")
        here = measured(lambda: files.records(work.moderator(), given), lambda: 0.0)  # noqa: B023 - at once
        found[reader, "in this process"] = Run(here.clock, 0.0, here.handing)
        for workers in (1, 2):
            name = f"{workers} worker{'s' * (workers > 1)}"
            with cluster(workers) as (crew, working):
                [
                    *files.records_by(crew, work, given[: 2 * BATCH * workers])
                ]  # the models are loaded
                found[reader, name] = measured(
                    lambda: files.records_by(crew, work, given),  # noqa: B023 - run at once
                    working,
                )
                transport[name] = measured(lambda: crew.map(echoed, batches), working)
    yield "# Beyond one machine"
    yield ""
    yield f"{number:,} harmless comments in chunks of {BATCH}, shipped policy and models, Dask's"
    yield f"scheduler and workers on this machine: {os.cpu_count()} cores, load average"
    yield f"{os.getloadavg()[0]:.1f} at the end (other programs ran beside it, so the clock is"
    yield f"pessimistic). {platform.machine()}, Python {platform.python_version()}."
    yield ""
    yield "| reader | carried by | seconds by the clock | handing out, CPU ms | judging, CPU ms |"
    yield "|---|---|--:|--:|--:|"
    lines = [
        f"| {reader} | {name} | {run.clock:.1f} | {1000 * run.handing / number:.3f} |"
        f" {1000 * run.working / number:.3f} |"
        for (reader, name), run in found.items()
    ]
    yield from lines
    yield ""
    yield "With a single worker of one thread joblib judges in the handing process itself, so that"
    yield "row is no measure of transport; and the speed-up is that from one process to two,"
    yield "transport included."
    yield ""
    for reader in ("fast", "careful"):
        one, two = found[reader, "1 worker"], found[reader, "2 workers"]
        yield (
            f"Speed-up from one worker to two, {reader} reader: {one.clock / two.clock:.2f} by the"
            f" clock. The workers' own processor time for the same work was"
            f" {one.working:.1f} s and {two.working:.1f} s."
        )
    yield ""
    yield "Transport alone (each chunk sent out and back as it came), ms a comment:"
    for name, run in transport.items():
        yield (
            f"- {name}: {1000 * run.clock / number:.3f} by the clock,"
            f" {1000 * run.handing / number:.3f} of the handing process,"
            f" {1000 * run.working / number:.3f} of the workers"
        )
    yield ""
    yield f"## {MANY / 1e6:.0f} million comments, on paper"
    yield ""
    yield "| reader | core-hours of workers | core-hours of handing out | most workers of use |"
    yield "|---|--:|--:|--:|"
    for reader in ("fast", "careful"):
        run = found[reader, "2 workers"]
        hours = [MANY * part / number / 3600 for part in (run.working, run.handing)]
        yield (
            f"| {reader} | {hours[0]:,.0f} | {hours[1]:,.1f} | {run.working / run.handing:.0f} |"
        )
    yield ""
    yield "The handing process reads, sends, receives and writes; it is one core, so beyond 'most"
    yield "workers of use' more of them wait for it. Split the file then, and hand out each part by"
    yield "itself. Extrapolated linearly from the run above; nobody here ran a hundred million."


def main() -> None:
    """Print the page, and write it to a file where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    lines = "\n".join(report(options.rows)) + "\n"
    print(lines, end="")
    if options.output:
        options.output.write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
