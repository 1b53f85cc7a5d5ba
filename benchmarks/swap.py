"""What a request waits for while a promoted model takes the place of the one in use.

    python -m benchmarks.swap [--swaps 12] [--rate 10] [--workers 2] [--seconds 4]

A server of two workers over an empty SQLite record, and clients that send so many comments a
second, each on a connection of its own. Every other window of so many seconds begins when the
largest model, the careful reader, was promoted to a copy of itself or back; the windows between are
the same load without. Prints a table, and writes it to `benchmarks/results/swap.md`.
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

from benchmarks.load import SAID, serving
from moderation.lifecycle.promotion import promote, rollback
from moderation.scoring.models import CAREFUL
from moderation.scoring.store import SHIPPED, champions

RESULTS = Path(__file__).parent / "results" / "swap.md"
COPY = "copy"
AT_ONCE = 16  # clients that wait for an answer, at most


class Sent(NamedTuple):
    """A comment: when it was sent, how long the answer took, and which version decided, if any."""

    at: float
    took_s: float
    version: str


class Window(NamedTuple):
    """A stretch of time, and the version promoted at its start, if one was."""

    start: float
    promoted: str


def main() -> None:
    """Swap under load, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--swaps", type=int, default=12)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4)
    asked = parser.parse_args()
    with served(asked.workers) as (port, root):
        sent, windows = swapped(port, root, asked)
    told = "\n".join([*_heading(asked), *_table(sent, windows, asked.seconds), ""])
    RESULTS.write_text(told, "utf-8")
    print(told)


@contextmanager
def served(workers: int) -> Iterator[tuple[int, Path]]:
    """The service's port and its models: the shipped ones with a copy of the careful reader."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "models"
        shutil.copytree(SHIPPED, root)
        shutil.copytree(root / CAREFUL / champions(root)[CAREFUL], root / CAREFUL / COPY)
        url = f"sqlite:///{folder}/record.sqlite"
        own = {"MODERATION_MODELS": str(root)}
        with serving(url, Path(folder) / "service", workers, own) as port:
            yield port, root


def swapped(port: int, root: Path, asked: argparse.Namespace) -> tuple[list[Sent], list[Window]]:
    """All comments sent, and the windows, every second of them with a swap."""
    sent: list[Sent] = []
    windows: list[Window] = []
    done = threading.Event()
    load = threading.Thread(target=steady, args=(port, asked.rate, sent, done))
    load.start()
    time.sleep(asked.seconds)  # each worker reads itself in
    # What the command itself costs is another process's, as it would be.
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        for number in range(2 * asked.swaps):
            promoted = elsewhere.submit(_swap, root).result() if number % 2 else ""
            windows.append(Window(time.monotonic(), promoted))
            time.sleep(asked.seconds)
    done.set()
    load.join()
    return sent, windows


def _swap(root: Path) -> str:
    """Promote the copy, or roll back; the version now in use."""
    if champions(root)[CAREFUL] == COPY:
        return rollback(root, CAREFUL, who="benchmark").after
    return promote(root, CAREFUL, COPY, who="benchmark", even_if="it is a copy").after


def steady(port: int, rate: float, sent: list[Sent], done: threading.Event) -> None:
    """Send so many comments a second, whether those before were answered or not."""
    room = threading.Semaphore(AT_ONCE)
    began = time.monotonic()
    number = 0
    clients = []

    def client(text: str) -> None:
        with room:
            sent.append(_ask(port, text))

    while not done.is_set():
        number += 1
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        text = SAID[number % len(SAID)].format(n=number)
        clients.append(threading.Thread(target=client, args=(text,)))
        clients[-1].start()
    for one in clients:
        one.join()


def _ask(port: int, text: str) -> Sent:
    at = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/moderate", json.dumps({"text": text}), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
    except (OSError, http.client.HTTPException):
        return Sent(at, time.monotonic() - at, "")
    took = time.monotonic() - at
    return Sent(at, took, json.loads(content)["models"][CAREFUL] if answer.status == 200 else "")


def _heading(asked: argparse.Namespace) -> list[str]:
    return [
        "# Models swapped under load",
        "",
        f"`python -m benchmarks.swap`: {asked.workers} workers, {asked.rate:g} comments/s on "
        f"loopback, each on a connection of its own; {asked.swaps} windows of {asked.seconds:g} s "
        f"that begin when the careful reader (20 MB) was promoted to a copy or back, and as many "
        f"without, in turn. {os.cpu_count()} CPU cores shared by server, clients and whatever else "
        f"ran ({platform.machine()}, load after the run {os.getloadavg()[0]:.1f}).",
        "",
        "| windows | requests | failed | p50 ms | p95 ms | p99 ms | worst of a window, median ms "
        "| worst of all ms |",
        "|---|---|---|---|---|---|---|---|",
    ]


def _table(sent: Sequence[Sent], windows: Sequence[Window], seconds: float) -> list[str]:
    lines, after = [], []
    for name, with_swap in (("without a swap", False), ("with a swap", True)):
        own = [window for window in windows if bool(window.promoted) == with_swap]
        each = [[it for it in sent if 0 <= it.at - window.start < seconds] for window in own]
        took = [[1000 * it.took_s for it in window] for window in each]
        every = np.concatenate([np.array(window) for window in took])
        p50, p95, p99 = np.percentile(every, [50, 95, 99])
        failed = sum(not it.version for window in each for it in window)
        worst = float(np.median([max(window) for window in took]))
        lines.append(
            f"| {name} | {len(every):,} | {failed} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
            f"| {worst:.0f} | {every.max():.0f} |"
        )
        after += [
            max((it.at - window.start for it in inside if it.version != window.promoted), default=0)
            for window, inside in zip(own, each, strict=True)
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
