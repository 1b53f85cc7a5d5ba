"""How fast Coral gets its answer, from a server of two workers.

    python -m benchmarks.coral [--seconds 20]

Signed requests of Coral's external moderation phase over HTTP, on a fresh SQLite record, with the
shipped policy and models. Coral's shortest timeout is 100 ms; the service withholds a comment for
a person when its own budget (80 ms) is spent. Comments come at random moments (a Poisson process,
seed 0), as readers write them, at the rates below; a newspaper of 20,000 comments a day sees one
in four seconds on average. The last row is a long comment of 550 words, alone. Data: the project's
own `data/guideline_suite.csv`, each comment once by an author of its own. Writes
`benchmarks/results/coral.md`.
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
SECRET = "empsec_benchmark"  # noqa: S105 - it protects nothing
RATES = (1, 5, 20)  # comments a second


class Answer(NamedTuple):
    """How long one took, and what it said."""

    took_ms: float
    status: int
    late: bool  # withheld because the budget was spent


def main() -> None:
    """Ask at each rate in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    os.environ["MODERATION_CORAL_SECRETS"] = SECRET
    with SUITE.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    random.Random(0).shuffle(texts)  # noqa: S311 - no secret
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        record = f"sqlite:///{folder}/record.sqlite"
        with serving(record, Path(folder) / "service", 2) as port:
            for warm in texts[:20]:
                ask(port, "warm", warm)
            said = iter(texts[20:])
            for rate in RATES:
                number = min(int(rate * asked.seconds), 400)
                chosen = [next(said) for _ in range(number)]
                lines.append(row(f"{rate} a second", arriving(port, chosen, rate)))
            long = " ".join(texts)[:3_000]
            alone = [ask(port, f"long-{place}", f"{place} {long}") for place in range(20)]
            lines.append(row("3,000 characters, one by one", alone))
    RESULTS.write_text("\n".join([*_heading(asked), *lines, ""]), "utf-8")
    print(RESULTS.read_text("utf-8"))


def _heading(asked: argparse.Namespace) -> list[str]:
    return [
        "# Coral's external phase",
        "",
        f"`python -m benchmarks.coral --seconds {asked.seconds:g}`: 2 workers, shipped policy and "
        f"models, SQLite, {os.cpu_count()} CPU cores shared by server and clients "
        f"({platform.machine()}, load before the run {os.getloadavg()[0]:.1f}). Late are comments "
        "withheld because the budget of 80 ms was spent.",
        "",
        "| comments | number | p50 ms | p95 ms | p99 ms | max ms | over 100 ms | late | not 2xx |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]


def row(name: str, answers: list[Answer]) -> str:
    """A line of the table."""
    took = [answer.took_ms for answer in answers]
    p50, p95, p99 = np.percentile(took, [50, 95, 99])
    over = sum(one > 100 for one in took)
    late = sum(answer.late for answer in answers)
    failed = sum(answer.status // 100 != 2 for answer in answers)
    return (
        f"| {name} | {len(answers)} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {max(took):.1f} "
        f"| {over} | {late} | {failed} |"
    )


def arriving(port: int, texts: list[str], rate: float) -> list[Answer]:
    """The answers to comments that come independently of each other."""
    chance = random.Random(0)  # noqa: S311 - no secret
    answers: list[Answer] = []

    def one(author: str, text: str) -> None:
        answers.append(ask(port, author, text))

    threads = []
    for place, text in enumerate(texts):
        time.sleep(chance.expovariate(rate))
        threads.append(threading.Thread(target=one, args=(f"{rate}-{place}", text)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return answers


def ask(port: int, author: str, text: str) -> Answer:
    """Ask as Coral does, on a new connection."""
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
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/coral/plain", raw, headers)
    answer = connection.getresponse()
    content = answer.read()
    took = 1000 * (time.perf_counter() - began)
    connection.close()
    late = answer.status == 200 and json.loads(content) == WITHHELD and took > 80
    return Answer(took, answer.status, late)


if __name__ == "__main__":
    main()
