"""Measure bulk checking in several processes: the speed-up with two workers, and transport.

    OMP_NUM_THREADS=1 python -m benchmarks.scale [--rows 6000] [--output FILE]

Starts a Dask scheduler with one and then two worker processes on this machine. The comments are
harmless ones from `data/guideline_suite.csv`, drawn at random with seed 0. Besides the time by the
clock, the report has the processor time of the workers and of the process that distributes the
work, because the clock says little on a busy machine. Transport alone is measured with workers
that send each chunk back unchanged.
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
    """Seconds: by the clock, of processor time of this process, and of all workers together."""

    clock: float
    distributing: float
    working: float


def rows(number: int) -> list[Row]:
    """Return this many rows with randomly drawn comments."""
    rng = random.Random(0)  # noqa: S311 - not for secrets
    return [
        Row(index, index, Comment(text))
        for index, text in enumerate(rng.choices(comments(), k=number))
    ]


def processor_time() -> float:
    """Return the processor time of the process in which it runs."""
    return time.process_time()


def echo(batch: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the batch, to measure transport alone."""
    return batch


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[tuple[WorkerPool, Callable[[], float]]]:
    """Start a Dask cluster here; yield its pool, and a function that returns its processor time."""
    python, local = sys.executable, ("--host", "127.0.0.1", "--no-dashboard")
    single = ("--nthreads", "1", "--no-nanny", "--local-directory")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        scheduler = (python, "-m", "distributed.cli.dask_scheduler", "--port", str(PORT), *local)
        worker = (python, "-m", "distributed.cli.dask_worker", ADDRESS, *local, *single)
        for command in (scheduler, *((*worker, f"{folder}/{index}") for index in range(workers))):
            quiet = {**os.environ, "DASK_LOGGING__DISTRIBUTED": "error"}
            process = subprocess.Popen(command, env=quiet, stderr=subprocess.DEVNULL)  # noqa: S603 - Dask's own
            stack.callback(process.wait)
            stack.callback(process.terminate)
        pool = stack.enter_context(Backend("dask", ADDRESS).connected())
        client = pool.config["client"]
        client.wait_for_workers(workers)
        yield pool, lambda: sum(client.run(processor_time).values())


def measured(work: Callable[[], Iterable[object]], working: Callable[[], float]) -> Run:
    """Return the cost of a run."""
    clock, own, workers = time.perf_counter(), time.process_time(), working()
    for _ in work():
        pass
    return Run(time.perf_counter() - clock, time.process_time() - own, working() - workers)


def report(number: int) -> Iterator[str]:
    """Yield the page line by line."""
    comment_rows = rows(number)
    starts = range(0, number, BATCH)
    batches = [tuple(comment_rows[start : start + BATCH]) for start in starts]
    runs: dict[tuple[str, str], Run] = {}
    transport: dict[str, Run] = {}
    for reader in ("fast", "careful"):
        spec = WorkerSpec.of(Policy.load({"house": {"reader": reader}}))
        spec.moderator().moderate("The first comment loads what is loaded on first use.")
        local = measured(
            lambda: files.records(spec.moderator(), comment_rows),  # noqa: B023 - run at once
            lambda: 0.0,
        )
        runs[reader, "in this process"] = Run(local.clock, 0.0, local.distributing)
        for workers in (1, 2):
            name = f"{workers} worker{'s' * (workers > 1)}"
            with cluster(workers) as (pool, working):
                warm_up = comment_rows[: 2 * BATCH * workers]  # every worker loads the models
                list(files.records_in_pool(pool, spec, warm_up))
                runs[reader, name] = measured(
                    lambda: files.records_in_pool(pool, spec, comment_rows),  # noqa: B023 - run at once
                    working,
                )
                transport[name] = measured(lambda: pool.map(echo, batches), working)
    yield "# Beyond one machine"
    yield ""
    yield f"{number:,} harmless comments in chunks of {BATCH}, shipped policy and models, Dask's"
    yield f"scheduler and workers on this machine: {os.cpu_count()} cores, load average"
    yield f"{os.getloadavg()[0]:.1f} at the end (other programs were running, so the clock is"
    yield f"pessimistic). {platform.machine()}, Python {platform.python_version()}."
    yield ""
    yield "| reader | carried by | seconds by the clock | handing out, CPU ms | judging, CPU ms |"
    yield "|---|---|--:|--:|--:|"
    lines = [
        f"| {reader} | {name} | {run.clock:.1f} | {1000 * run.distributing / number:.3f} |"
        f" {1000 * run.working / number:.3f} |"
        for (reader, name), run in runs.items()
    ]
    yield from lines
    yield ""
    yield "With one worker of one thread, joblib works in the distributing process itself, so that"
    yield "row does not measure transport. The speed-up is from one process to two, including"
    yield "transport."
    yield ""
    for reader in ("fast", "careful"):
        one, two = runs[reader, "1 worker"], runs[reader, "2 workers"]
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
            f" {1000 * run.distributing / number:.3f} of the distributing process,"
            f" {1000 * run.working / number:.3f} of the workers"
        )
    yield ""
    yield f"## {MANY / 1e6:.0f} million comments, estimated"
    yield ""
    yield "| reader | core-hours of workers | core-hours of handing out | most workers of use |"
    yield "|---|--:|--:|--:|"
    for reader in ("fast", "careful"):
        run = runs[reader, "2 workers"]
        hours = [MANY * part / number / 3600 for part in (run.working, run.distributing)]
        most = run.working / run.distributing
        yield f"| {reader} | {hours[0]:,.0f} | {hours[1]:,.1f} | {most:.0f} |"
    yield ""
    yield "The distributing process reads, sends, receives and writes on one core. If there are"
    yield "more workers than 'most workers of use', they wait for it. Then split the file, and"
    yield "distribute each part separately. Extrapolated linearly from the run above, not measured."


def main() -> None:
    """Print the page, and write it to a file if one is named."""
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
