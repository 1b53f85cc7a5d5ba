"""Measure response times while a promoted model replaces the one in use.

    python -m benchmarks.swap [--swaps 12] [--rate 10] [--workers 2] [--seconds 4]

Runs a server with two workers and an empty SQLite record, and sends `--rate` comments a second,
each on its own connection. Every other window of `--seconds` starts when the largest model, the
careful one, is promoted to a copy of itself or back. The other windows have the same load without
a swap. Prints a table and writes it to `benchmarks/results/swap.md`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.load import TEXTS, serving
from moderation.lifecycle.promotion import promote, rollback
from moderation.scoring.models import CAREFUL
from moderation.scoring.store import SHIPPED, champions

RESULTS = Path(__file__).parent / "results" / "swap.md"
COPY = "copy"
AT_ONCE = 16  # the most clients that wait for an answer at the same time


class Sent(NamedTuple):
    """A comment: when it was sent, the seconds to its answer, and the version that decided.

    `version` is empty if the request failed.
    """

    at: float
    took_s: float
    version: str


class Window(NamedTuple):
    """A period of time, and the version promoted at its start, if any."""

    start: float
    promoted: str


def main() -> None:
    """Swap under load, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--swaps", type=int, default=12)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    with served(options.workers) as (port, root):
        sent, windows = swap_under_load(port, root, options)
    report = "\n".join([*_heading(options), *_table(sent, windows, options.seconds), ""])
    RESULTS.write_text(report, "utf-8")
    print(report)


@contextmanager
def served(workers: int) -> Iterator[tuple[int, Path]]:
    """Yield the service's port and its models: the shipped ones and a copy of the careful model."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "models"
        shutil.copytree(SHIPPED, root)
        shutil.copytree(root / CAREFUL / champions(root)[CAREFUL], root / CAREFUL / COPY)
        url = f"sqlite:///{folder}/record.sqlite"
        settings = {"MODERATION_MODELS": str(root)}
        with serving(url, Path(folder) / "service", workers, settings) as port:
            yield port, root


def swap_under_load(
    port: int, root: Path, options: argparse.Namespace
) -> tuple[list[Sent], list[Window]]:
    """Return all comments sent, and the windows; every second window has a swap."""
    sent: list[Sent] = []
    windows: list[Window] = []
    done = threading.Event()
    load = threading.Thread(target=steady, args=(port, options.rate, sent, done))
    load.start()
    time.sleep(options.seconds)  # the workers load their models
    # Promote in another process, as the command does, so that its cost is not measured here.
    with ProcessPoolExecutor(1, get_context("spawn")) as other_process:
        for number in range(2 * options.swaps):
            promoted = other_process.submit(_swap, root).result() if number % 2 else ""
            windows.append(Window(time.monotonic(), promoted))
            time.sleep(options.seconds)
    done.set()
    load.join()
    return sent, windows


def _swap(root: Path) -> str:
    """Promote the copy, or roll back; return the version now in use."""
    if champions(root)[CAREFUL] == COPY:
        return rollback(root, CAREFUL, who="benchmark").after
    return promote(root, CAREFUL, COPY, who="benchmark", even_if="it is a copy").after


def steady(port: int, rate: float, sent: list[Sent], done: threading.Event) -> None:
    """Send `rate` comments a second, whether or not the earlier ones are answered."""
    slots = threading.Semaphore(AT_ONCE)
    start = time.monotonic()
    number = 0
    clients = []

    def client(text: str) -> None:
        with slots:
            sent.append(_ask(port, text))

    while not done.is_set():
        number += 1
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        text = TEXTS[number % len(TEXTS)].format(n=number)
        clients.append(threading.Thread(target=client, args=(text,)))
        clients[-1].start()
    for thread in clients:
        thread.join()


def _ask(port: int, text: str) -> Sent:
    start = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/moderate", json.dumps({"text": text}), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
    except (OSError, http.client.HTTPException):
        return Sent(start, time.monotonic() - start, "")
    took_s = time.monotonic() - start
    version = json.loads(content)["models"][CAREFUL] if answer.status == 200 else ""
    return Sent(start, took_s, version)


def _heading(options: argparse.Namespace) -> list[str]:
    return [
        "# Models swapped under load",
        "",
        f"`python -m benchmarks.swap`: {options.workers} workers, {options.rate:g} comments/s on "
        f"loopback, each on a connection of its own; {options.swaps} windows of "
        f"{options.seconds:g} s that start when the careful model (20 MB) is promoted to a copy or "
        f"back, and as many without, in turn. {os.cpu_count()} CPU cores shared by server, "
        f"clients and other programs ({platform.machine()}, load after the run "
        f"{os.getloadavg()[0]:.1f}).",
        "",
        "| windows | requests | failed | p50 ms | p95 ms | p99 ms | worst of a window, median ms "
        "| worst of all ms |",
        "|---|---|---|---|---|---|---|---|",
    ]


def _table(sent: Sequence[Sent], windows: Sequence[Window], seconds: float) -> list[str]:
    lines, after = [], []
    for name, with_swap in (("without a swap", False), ("with a swap", True)):
        selected = [window for window in windows if bool(window.promoted) == with_swap]
        by_window = [
            [comment for comment in sent if 0 <= comment.at - window.start < seconds]
            for window in selected
        ]
        times = [[1000 * comment.took_s for comment in comments] for comments in by_window]
        all_times = np.concatenate([np.array(window) for window in times])
        p50, p95, p99 = np.percentile(all_times, [50, 95, 99])
        failed = sum(not comment.version for comments in by_window for comment in comments)
        worst = float(np.median([max(window) for window in times]))
        lines.append(
            f"| {name} | {len(all_times):,} | {failed} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
            f"| {worst:.0f} | {all_times.max():.0f} |"
        )
        after += [
            max(
                (
                    comment.at - window.start
                    for comment in comments
                    if comment.version != window.promoted
                ),
                default=0,
            )
            for window, comments in zip(selected, by_window, strict=True)
            if with_swap
        ]
    return [
        *lines,
        "",
        f"The last comment that the old version decided was sent {np.median(after):.2f} s after "
        f"the promotion (median), at most {max(after):.2f} s.",
    ]


if __name__ == "__main__":
    main()
