"""Measure response times while a challenger runs in shadow.

    python -m benchmarks.shadow [--windows 8] [--share 0.2] [--rate 10] [--workers 2] [--seconds 8]

Runs a server with two workers and an empty SQLite record, and sends `--rate` comments a second,
each on its own connection. In every other window of `--seconds` a challenger, a copy of the careful
model, also decides about a share of the comments. The other windows have the same load without it.
Prints a table and writes it to `benchmarks/results/shadow.md`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.swap import COPY, Sent, served, steady
from moderation.lifecycle.promotion import shadow
from moderation.lifecycle.shadow import end_shadow
from moderation.scoring.models import CAREFUL

RESULTS = Path(__file__).parent / "results" / "shadow.md"
SETTLE_S = 4.0  # until every worker has started or finished the shadow's work


def main() -> None:
    """Measure with and without a shadow, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    with served(options.workers) as (port, root):
        sent, starts = loaded(port, root, options)
        counters = _counters(port)
    report = "\n".join(
        [*_heading(options), *_table(sent, starts, options.seconds), "", counters, ""]
    )
    RESULTS.write_text(report, "utf-8")
    print(report)


def loaded(
    port: int, root: Path, options: argparse.Namespace
) -> tuple[list[Sent], list[tuple[float, bool]]]:
    """Return all comments sent, and the start of each window with whether it had a shadow."""
    sent: list[Sent] = []
    done = threading.Event()
    load = threading.Thread(target=steady, args=(port, options.rate, sent, done))
    load.start()
    starts = []
    state = shadow(root, CAREFUL, COPY, share=options.share, who="benchmark")
    for number in range(2 * options.windows):
        if number % 2:
            state.write(root)
        else:
            end_shadow(root)
        time.sleep(SETTLE_S)
        starts.append((time.monotonic(), bool(number % 2)))
        time.sleep(options.seconds)
    done.set()
    load.join()
    time.sleep(SETTLE_S)
    return sent, starts


def _counters(port: int) -> str:
    """Return what the service counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read().decode()
    connection.close()
    decided, dropped, failed = (
        sum(map(float, re.findall(rf"^moderation_shadow_{name}_total\S* (\S+)", metrics, re.M)))
        for name in ("decisions", "dropped", "failed")
    )
    return f"In shadow: {decided:,.0f} decided, {dropped:.0f} dropped, {failed:.0f} failed."


def _heading(options: argparse.Namespace) -> list[str]:
    return [
        "# A challenger in shadow under load",
        "",
        f"`python -m benchmarks.shadow`: {options.workers} workers, {options.rate:g} comments/s on "
        f"loopback, each on a connection of its own; {options.windows} windows of "
        f"{options.seconds:g} s in which a copy of the careful model decides {options.share:.0%} "
        f"in shadow, and as many without, in turn. {os.cpu_count()} CPU cores shared by server, "
        f"clients and other programs ({platform.machine()}, load after the run "
        f"{os.getloadavg()[0]:.1f}).",
        "",
        "| windows | requests | failed | p50 ms | p95 ms | p99 ms | worst ms |",
        "|---|---|---|---|---|---|---|",
    ]


def _table(sent: Sequence[Sent], starts: Sequence[tuple[float, bool]], seconds: float) -> list[str]:
    lines = []
    for name, with_shadow in (("without", False), ("with a shadow", True)):
        selected = [start for start, running in starts if running == with_shadow]
        inside = [
            comment
            for comment in sent
            if any(0 <= comment.at - start < seconds for start in selected)
        ]
        milliseconds = np.array([1000 * comment.took_s for comment in inside])
        p50, p95, p99 = np.percentile(milliseconds, [50, 95, 99])
        failed = sum(not comment.version for comment in inside)
        lines.append(
            f"| {name} | {len(inside):,} | {failed} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
            f"| {milliseconds.max():.0f} |"
        )
    return lines


if __name__ == "__main__":
    main()
