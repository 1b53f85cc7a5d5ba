"""How much the service holds: a server of two workers, and clients in a process of their own.

    python benchmarks/load.py [--seconds 15] [--clients 8] [--workers 2] [--postgresql URL]

Over an empty SQLite record, and over the PostgreSQL server named, in a database that is made and
dropped again. Every client sends one comment after the other, each with an id, an author and a
text of its own, to the shipped policy and models. Prints a table, and writes it to
`benchmarks/results/load.md`. Lost are those answered `"recorded": true` that are not in the record
exactly once.
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
SAID = (
    "The new bridge has halved my way to work, and I thank the council for it. Number {n}.",
    "u shud read the article b4 u write such things, number {n}",
    "THIS IS WHAT HAPPENS WHEN NOBODY LISTENS TO US {n}",
    "I disagree: the budget of {n} lakh was published in March, and Rs. 500 cr. were never spent.",
    "Well said.",
)


class Answer(NamedTuple):
    """A comment's decision and how long it took."""

    decision: str
    recorded: bool
    took_s: float


def main() -> None:
    """Load the service over each database in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--postgresql", help="a server on which a database may be made")
    asked = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        lines.append(measure("SQLite", f"sqlite:///{folder}/record.sqlite", Path(folder), asked))
        if asked.postgresql:
            with of_our_own(asked.postgresql) as url:
                lines.append(measure("PostgreSQL", url, Path(folder), asked))
    table = "\n".join([*_heading(asked), *lines, ""])
    RESULTS.write_text(table, "utf-8")
    print(table)


def _heading(asked: argparse.Namespace) -> list[str]:
    return [
        "# Load",
        "",
        f"`python benchmarks/load.py`: {asked.workers} workers, {asked.clients} clients for "
        f"{asked.seconds:g} s on loopback, one comment a request, shipped policy and models; "
        f"{os.cpu_count()} CPU cores shared by server and clients ({platform.machine()}, load "
        f"before the run {os.getloadavg()[0]:.1f}).",
        "",
        "| record | requests/s | p50 ms | p95 ms | p99 ms | requests | not 200 | recorded | lost |",
        "|---|---|---|---|---|---|---|---|---|",
    ]


def measure(name: str, url: str, folder: Path, asked: argparse.Namespace) -> str:
    """A line of the table."""
    with serving(url, folder / name, asked.workers) as port:
        answers, failed, took = load(port, asked.clients, asked.seconds)
        while list((folder / name / "spool").glob("*.json")):
            time.sleep(0.1)
    kept = recorded(url)
    told = [answer.decision for answer in answers if answer.recorded]
    lost = sum(kept[decision] != 1 for decision in told)
    p50, p95, p99 = np.percentile([1000 * answer.took_s for answer in answers], [50, 95, 99])
    return (
        f"| {name} | {len(answers) / took:.0f} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
        f"| {len(answers):,} | {failed} | {len(told):,} | {lost} |"
    )


@contextlib.contextmanager
def serving(
    url: str, folder: Path, workers: int, more: Mapping[str, str] | None = None
) -> Iterator[int]:
    """The service as a process, with `more` settings; the port it listens on."""
    folder.mkdir()
    log = folder / "log"
    code = f"from api.server import serve; serve(port=0, workers={workers})"
    own = {"MODERATION_DATABASE": url, "MODERATION_SPOOL": str(folder / "spool")}
    with log.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-c", code], env={**os.environ, **own, **(more or {})}, stderr=stderr
        )
    try:
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield int(found[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def load(port: int, clients: int, seconds: float) -> tuple[list[Answer], int, float]:
    """All answers of all clients, how many were no 200, and the seconds it took."""
    answers: list[Answer] = []
    failed: list[int] = []
    began = time.monotonic()

    def client(me: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        number = 0
        while time.monotonic() < began + seconds:
            number += 1
            text = SAID[number % len(SAID)].format(n=number)
            body = {"text": text, "id": f"{me}-{number}", "author": f"a{me}-{number % 50}"}
            sent = time.monotonic()
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/moderate", json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                failed.append(answer.status)
                continue
            made = json.loads(content)
            answers.append(Answer(made["id"], made["recorded"], time.monotonic() - sent))
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, len(failed), time.monotonic() - began


def recorded(url: str) -> Counter[str]:
    """How often each decision is in the record."""
    engine = database.connect(url)
    with engine.connect() as connection:
        found = Counter(connection.execute(sa.text("SELECT id FROM decisions")).scalars())
    engine.dispose()
    return found


@contextlib.contextmanager
def of_our_own(server: str) -> Iterator[str]:
    """A database made for this run, and dropped after it."""
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
