"""What a request waits for while a challenger runs in shadow.

    python -m benchmarks.shadow [--windows 8] [--share 0.2] [--rate 10] [--workers 2] [--seconds 8]

A server of two workers over an empty SQLite record, and clients that send so many comments a
second, each on a connection of its own. In every other window of so many seconds a challenger, a
copy of the careful reader, decides about a share of the comments too; the windows between are the
same load without. Prints a table, and writes it to `benchmarks/results/shadow.md`.
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
from moderation.lifecycle.shadow import end
from moderation.scoring.models import CAREFUL

RESULTS = Path(__file__).parent / "results" / "shadow.md"
SETTLE_S = 4.0  # until every worker has taken it up, or what waited then is decided


def main() -> None:
    """Load the service with and without a shadow, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8)
    asked = parser.parse_args()
    with served(asked.workers) as (port, root):
        sent, starts = loaded(port, root, asked)
        counted = _counted(port)
    told = "\n".join([*_heading(asked), *_table(sent, starts, asked.seconds), "", counted, ""])
    RESULTS.write_text(told, "utf-8")
    print(told)


def loaded(
    port: int, root: Path, asked: argparse.Namespace
) -> tuple[list[Sent], list[tuple[float, bool]]]:
    """All comments sent, and when each window began, every second of them with a shadow."""
    sent: list[Sent] = []
    done = threading.Event()
    load = threading.Thread(target=steady, args=(port, asked.rate, sent, done))
    load.start()
    starts = []
    made = shadow(root, CAREFUL, COPY, share=asked.share, who="benchmark")
    for number in range(2 * asked.windows):
        if number % 2:
            made.write(root)
        else:
            end(root)
        time.sleep(SETTLE_S)
        starts.append((time.monotonic(), bool(number % 2)))
        time.sleep(asked.seconds)
    done.set()
    load.join()
    time.sleep(SETTLE_S)
    return sent, starts


def _counted(port: int) -> str:
    """What the service counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    told = connection.getresponse().read().decode()
    connection.close()
    decided, dropped, failed = (
        sum(map(float, re.findall(rf"^moderation_shadow_{name}_total\S* (\S+)", told, re.M)))
        for name in ("decisions", "dropped", "failed")
    )
    return f"In shadow: {decided:,.0f} decided, {dropped:.0f} dropped, {failed:.0f} failed."


def _heading(asked: argparse.Namespace) -> list[str]:
    return [
        "# A challenger in shadow under load",
        "",
        f"`python -m benchmarks.shadow`: {asked.workers} workers, {asked.rate:g} comments/s on "
        f"loopback, each on a connection of its own; {asked.windows} windows of {asked.seconds:g} "
        f"s in which a copy of the careful reader decides {asked.share:.0%} in shadow, and as many "
        f"without, in turn. {os.cpu_count()} CPU cores shared by server, clients and whatever "
        f"else ran ({platform.machine()}, load after the run {os.getloadavg()[0]:.1f}).",
        "",
        "| windows | requests | failed | p50 ms | p95 ms | p99 ms | worst ms |",
        "|---|---|---|---|---|---|---|",
    ]


def _table(sent: Sequence[Sent], starts: Sequence[tuple[float, bool]], seconds: float) -> list[str]:
    lines = []
    for name, with_shadow in (("without", False), ("with a shadow", True)):
        own = [start for start, running in starts if running == with_shadow]
        inside = [it for it in sent if any(0 <= it.at - start < seconds for start in own)]
        took = np.array([1000 * it.took_s for it in inside])
        p50, p95, p99 = np.percentile(took, [50, 95, 99])
        failed = sum(not it.version for it in inside)
        lines.append(
            f"| {name} | {len(inside):,} | {failed} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
            f"| {took.max():.0f} |"
        )
    return lines


if __name__ == "__main__":
    main()
