"""Measure how long decisions take while retention, a bulk erasure or a seal works on SQLite.

    python -m benchmarks.housekeeping [--rows 200000] [--seconds 20] [--sqlite FILE]

Fills a record and decides one comment after another, 20 in a second, in one process. Meanwhile
another process or a thread of the same process does the work. Prints for each kind of work the p50
and p95 of a decision, without models, and how many decisions were not recorded, because they
waited longer than three seconds. Writes the table to `benchmarks/results/housekeeping.md`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from api.decisions import Decider, DecisionRequest
from api.record import database, erase, seal
from api.record.spool import Spool
from moderation import Comment, Moderator, Policy
from moderation.scoring.models import Models
from tests.large_record import NOW, fill

RESULTS = Path(__file__).parent / "results" / "housekeeping.md"
EVERY_S = 0.05
LATER = NOW + dt.timedelta(days=365)


def retain(url: str) -> None:
    """Erase all decisions by their age."""
    erase.older_than(sessionmaker(database.connect(url)), 30, LATER)


def erase_authors(url: str) -> None:
    """Erase the comments of one author after the other, the busiest first."""
    sessions = sessionmaker(database.connect(url))
    spool = Spool(Path(tempfile.mkdtemp()))
    for number in range(1, 20_000):
        erase.by_author(sessions, spool, None, f"author-{number}", LATER)


def seal_all(url: str) -> None:
    """Seal all rows."""
    sessions = sessionmaker(database.connect(url))
    while seal.seal(sessions, LATER):
        pass


WORK: dict[str, Callable[[str], None] | None] = {
    "nothing": None,
    "retention": retain,
    "erasure of authors": erase_authors,
    "seal": seal_all,
}


@contextmanager
def working(work: Callable[[str], None] | None, url: str, *, in_thread: bool) -> Iterator[None]:
    """Do the work in another process, or in a thread that goes on until this process ends."""
    if work is None:
        yield
    elif in_thread:
        threading.Thread(target=work, args=(url,), daemon=True).start()
        yield
    else:
        process = multiprocessing.get_context("spawn").Process(target=work, args=(url,))
        process.start()
        time.sleep(3)  # until it has imported everything
        yield
        process.kill()
        process.join()


def decide(url: str, seconds: float) -> tuple[list[float], int]:
    """Decide comments. Return how long each took in ms, and how many were not recorded."""
    none: dict[str, Any] = {name: {"enabled": False} for name in Policy.load().rules}
    policy = Policy.load({**none, "length": {"fewest_words": 3, "review": 0.9}})
    sessions = sessionmaker(database.connect(url))
    took, lost = [], 0
    with tempfile.TemporaryDirectory() as folder:
        decider = Decider(Moderator(policy, Models({}, {})), sessions, Spool(Path(folder)))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number = time.monotonic_ns()
            started = time.perf_counter()
            comment = Comment(f"Text {number}", id=str(number), author="author-1")
            answer = decider.decide([DecisionRequest(comment)])[0]
            took.append((time.perf_counter() - started) * 1000)
            lost += not answer["recorded"]
            time.sleep(EVERY_S)
    return took, lost


def run_case(case: str, where: str, url: str, seconds: float, results: Any) -> None:
    """Measure one kind of work, in a process of its own."""
    with working(WORK[case], url, in_thread=where == "the same process"):
        took, lost = decide(url, seconds)
    p50, p95 = np.percentile(took, [50, 95])
    results.put(
        f"| {case} | {where} | {p50:.1f} | {p95:.1f} | {max(took):.0f} | {lost} of {len(took)} |"
    )


def main() -> None:
    """Measure each kind of work in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--sqlite", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    lines = ["| work | in | p50 ms | p95 ms | max ms | not recorded |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{arguments.sqlite or Path(folder) / 'record.sqlite'}"
        engine = database.connect(url, timeout_s=60)
        database.upgrade(engine)
        with engine.connect() as connection:
            count = connection.execute(sa.text("SELECT count(*) FROM decisions")).scalar_one()
        if not count:
            fill(engine, arguments.rows)
        database.empty_log(engine)
        engine.dispose()
        context = multiprocessing.get_context("spawn")
        for case in WORK:
            for where in ("another process", "the same process") if WORK[case] else ("-",):
                results = context.Queue()
                args = (case, where, url, arguments.seconds, results)
                process = context.Process(target=run_case, args=args)
                process.start()
                lines.append(results.get())
                process.kill()
                process.join()
                print(lines[-1], flush=True)
    title = "# Decisions while the service tidies up\n\n`python -m benchmarks.housekeeping`"
    text = f"{title}: SQLite, {count or arguments.rows:,} decisions.\n\n" + "\n".join(lines) + "\n"
    RESULTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
