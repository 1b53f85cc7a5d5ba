"""Measure how fast Coral gets an answer from a server with two workers.

    python -m benchmarks.coral [--seconds 20]

Sends signed requests of Coral's external moderation phase over HTTP, with an empty SQLite record
and the shipped policy and models. Coral's shortest timeout is 100 ms. The service has a budget of
80 ms; after that it withholds the comment for a person. Comments arrive at random (a Poisson
process, seed 0) at the rates below. A newspaper with 20,000 comments a day gets one in four
seconds on average. The last row is a comment of 550 words, sent alone. The comments are those of
`data/guideline_suite.csv`, each with an author of its own. Writes `benchmarks/results/coral.md`.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import platform
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from api.dialects.coral import WITHHELD, signature
from benchmarks.load import serving

RESULTS = Path(__file__).parent / "results" / "coral.md"
SUITE = Path(__file__).parents[1] / "data" / "guideline_suite.csv"
SECRET = "empsec_benchmark"  # noqa: S105 - not a real secret
RATES = (1, 5, 20)  # comments a second


class Answer(NamedTuple):
    """How long an answer took, and what it was."""

    took_ms: float
    status: int
    late: bool  # withheld because the time budget was used up


def main() -> None:
    """Measure at each rate in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    os.environ["MODERATION_CORAL_SECRETS"] = SECRET
    with SUITE.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    random.Random(0).shuffle(texts)  # noqa: S311 - not for secrets
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        record = f"sqlite:///{folder}/record.sqlite"
        with serving(record, Path(folder) / "service", 2) as port:
            for text in texts[:20]:
                ask(port, "warm", text)
            remaining = iter(texts[20:])
            for rate in RATES:
                number = min(int(rate * options.seconds), 400)
                selected = [next(remaining) for _ in range(number)]
                lines.append(row(f"{rate} a second", arriving(port, selected, rate)))
            long = " ".join(texts)[:3_000]
            answers = [ask(port, f"long-{index}", f"{index} {long}") for index in range(20)]
            lines.append(row("3,000 characters, one by one", answers))
    RESULTS.write_text("\n".join([*_heading(options), *lines, ""]), "utf-8")
    print(RESULTS.read_text("utf-8"))


def _heading(options: argparse.Namespace) -> list[str]:
    return [
        "# Coral's external phase",
        "",
        f"`python -m benchmarks.coral --seconds {options.seconds:g}`: 2 workers, shipped policy "
        f"and models, SQLite, {os.cpu_count()} CPU cores shared by server and clients "
        f"({platform.machine()}, load before the run {os.getloadavg()[0]:.1f}). Late are comments "
        "withheld because the budget of 80 ms was used up.",
        "",
        "| comments | number | p50 ms | p95 ms | p99 ms | max ms | over 100 ms | late | not 2xx |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]


def row(name: str, answers: list[Answer]) -> str:
    """Return a row of the table."""
    times = [answer.took_ms for answer in answers]
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    over = sum(milliseconds > 100 for milliseconds in times)
    late = sum(answer.late for answer in answers)
    failed = sum(answer.status // 100 != 2 for answer in answers)
    return (
        f"| {name} | {len(answers)} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {max(times):.1f} "
        f"| {over} | {late} | {failed} |"
    )


def arriving(port: int, texts: list[str], rate: float) -> list[Answer]:
    """Return the answers to comments that arrive independently of each other."""
    rng = random.Random(0)  # noqa: S311 - not for secrets
    answers: list[Answer] = []

    def client(author: str, text: str) -> None:
        answers.append(ask(port, author, text))

    threads = []
    for index, text in enumerate(texts):
        time.sleep(rng.expovariate(rate))
        threads.append(threading.Thread(target=client, args=(f"{rate}-{index}", text)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return answers


def ask(port: int, author: str, text: str) -> Answer:
    """Send a comment as Coral does, on a new connection."""
    data = {
        "action": "NEW",
        "comment": {"body": text, "parentID": None},
        "author": {"id": author, "role": "COMMENTER"},
        "story": {"id": "245b3856", "url": "https://herald.example/bridge"},
        "site": {"id": "a4bede88"},
        "tenantID": "19ba5794",
        "tenantDomain": "localhost",
    }
    raw = json.dumps(data, indent=2, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "X-Coral-Signature": signature(SECRET, raw)}
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/coral/plain", raw, headers)
    answer = connection.getresponse()
    content = answer.read()
    took = 1000 * (time.perf_counter() - start)
    connection.close()
    late = answer.status == 200 and json.loads(content) == WITHHELD and took > 80
    return Answer(took, answer.status, late)


if __name__ == "__main__":
    main()
