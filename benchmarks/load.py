"""Measure the load that the service can take: a server with two workers, and several clients.

    python benchmarks/load.py [--seconds 15] [--clients 8] [--workers 2] [--postgresql URL]

Runs with an empty SQLite record and, if a PostgreSQL server is named, with a temporary database
there. Every client sends one comment after another, each with its own id, author and text, to the
shipped policy and models. Prints a table and writes it to `benchmarks/results/load.md`. A comment
is lost if it was answered with `"recorded": true` and is not in the record exactly once.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from api.record import database

RESULTS = Path(__file__).parent / "results" / "load.md"
TEXTS = (
    "The new bridge has halved my way to work, and I thank the council for it. Number {n}.",
    "u shud read the article b4 u write such things, number {n}",
    "THIS IS WHAT HAPPENS WHEN NOBODY LISTENS TO US {n}",
    "I disagree: the budget of {n} lakh was published in March, and Rs. 500 cr. were never spent.",
    "Well said.",
)


class Answer(NamedTuple):
    """The decision about a comment, and how long it took."""

    decision: str
    recorded: bool
    took_s: float


def main() -> None:
    """Measure with each database in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--postgresql", help="the URL of a server on which to create a database")
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        lines.append(measure("SQLite", f"sqlite:///{folder}/record.sqlite", Path(folder), options))
        if options.postgresql:
            with temporary_database(options.postgresql) as url:
                lines.append(measure("PostgreSQL", url, Path(folder), options))
    table = "\n".join([*_heading(options), *lines, ""])
    RESULTS.write_text(table, "utf-8")
    print(table)


def _heading(options: argparse.Namespace) -> list[str]:
    return [
        "# Load",
        "",
        f"`python benchmarks/load.py`: {options.workers} workers, {options.clients} clients "
        f"for {options.seconds:g} s on loopback, one comment a request, shipped policy and models; "
        f"{os.cpu_count()} CPU cores shared by server and clients ({platform.machine()}, load "
        f"before the run {os.getloadavg()[0]:.1f}).",
        "",
        "| record | requests/s | p50 ms | p95 ms | p99 ms | requests | not 200 | recorded | lost |",
        "|---|---|---|---|---|---|---|---|---|",
    ]


def measure(name: str, url: str, folder: Path, options: argparse.Namespace) -> str:
    """Return a row of the table."""
    with serving(url, folder / name, options.workers) as port:
        answers, failed, seconds = load(port, options.clients, options.seconds)
        while list((folder / name / "spool").glob("*.json")):
            time.sleep(0.1)
    counts = recorded(url)
    confirmed = [answer.decision for answer in answers if answer.recorded]
    lost = sum(counts[decision] != 1 for decision in confirmed)
    p50, p95, p99 = np.percentile([1000 * answer.took_s for answer in answers], [50, 95, 99])
    return (
        f"| {name} | {len(answers) / seconds:.0f} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
        f"| {len(answers):,} | {failed} | {len(confirmed):,} | {lost} |"
    )


@contextlib.contextmanager
def serving(
    url: str, folder: Path, workers: int, settings: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run the service as a process with these settings, and yield its port."""
    folder.mkdir()
    log = folder / "log"
    code = f"from api.server import serve; serve(port=0, workers={workers})"
    defaults = {"MODERATION_DATABASE": url, "MODERATION_SPOOL": str(folder / "spool")}
    with log.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", code],
            env={**os.environ, **defaults, **(settings or {})},
            stderr=stderr,
        )
    try:
        while not (match := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield int(match[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def load(port: int, clients: int, seconds: float) -> tuple[list[Answer], int, float]:
    """Return the answers of all clients, how many were not 200, and the seconds it took."""
    answers: list[Answer] = []
    failed: list[int] = []
    start = time.monotonic()

    def client(client_id: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        number = 0
        while time.monotonic() < start + seconds:
            number += 1
            text = TEXTS[number % len(TEXTS)].format(n=number)
            body = {
                "text": text,
                "id": f"{client_id}-{number}",
                "author": f"a{client_id}-{number % 50}",
            }
            sent = time.monotonic()
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/moderate", json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                failed.append(answer.status)
                continue
            decision = json.loads(content)
            answers.append(Answer(decision["id"], decision["recorded"], time.monotonic() - sent))
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, len(failed), time.monotonic() - start


def recorded(url: str) -> Counter[str]:
    """Return how often each decision is in the record."""
    engine = database.connect(url)
    with engine.connect() as connection:
        counts = Counter(connection.execute(sa.text("SELECT id FROM decisions")).scalars())
    engine.dispose()
    return counts


@contextlib.contextmanager
def temporary_database(server: str) -> Iterator[str]:
    """Create a database, yield its URL, and drop it."""
    engine = database.connect(server).execution_options(isolation_level="AUTOCOMMIT")
    name = f"load_{uuid.uuid4().hex[:12]}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


if __name__ == "__main__":
    main()
