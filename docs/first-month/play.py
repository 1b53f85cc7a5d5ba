"""The month of a made-up newspaper: its comment system and its moderators, against the service.

python docs/first-month/play.py send 1         the comments of week 1, as the website sends them
python docs/first-month/play.py queue          moderators judge what waits for them
python docs/first-month/play.py reports 1      and what readers complained about, which was approved
python docs/first-month/play.py fill FILE      and the table that `moderation ask` wrote
python docs/first-month/play.py read 1         and all the others of week 1

The Harbour Courier, its town and its readers are made up. It lets readers be as hard on politicians
as they like; nobody may call a reader a barnacle or a mudfoot.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
from clients.house_rules import Action, Comment, Decision, HouseRules  # noqa: E402 - our own client, a file to copy

SERVICE = HouseRules(os.environ.get("SERVICE", "http://127.0.0.1:8000"), timeout=60)
CONTEMPT = "Contempt for a reader."


class Row(NamedTuple):
    """A comment, and what the moderators of the Courier think of it."""

    id: str
    week: str
    article: str | None
    text: str
    verdict: Action


def month() -> list[Row]:
    """All comments; those of week 4 are harmless ones that were written for the project."""
    with (HERE / "comments.csv").open(encoding="utf-8", newline="") as file:
        own = [
            Row(it["id"], it["week"], it["article"] or None, it["text"], cast(Action, it["label"]))
            for it in csv.DictReader(file)
        ]
    known = {row.text for row in own}
    with (ROOT / "data" / "own_comments.csv").open(encoding="utf-8", newline="") as file:
        harmless = [
            it["text"]
            for it in csv.DictReader(file)
            if not {"1"} & {it["attack"], it["hate"], it["toxic"]} and it["text"] not in known
        ]
    more = (Row(f"d{at}", "4", None, text, "approve") for at, text in enumerate(harmless[:110]))
    return [*own, *more]


def send(rows: Iterable[Row]) -> Iterator[tuple[Row, Decision]]:
    """What the service decides. The same comment sent again gets the same decision again."""
    sent = list(rows)
    for row, decision in zip(sent, SERVICE.moderate_many(map(_comment, sent)), strict=True):
        yield row, cast(Decision, decision)


def _comment(row: Row) -> Comment:
    asked: Comment = {"id": row.id, "text": row.text}
    if row.article:
        asked["article"] = row.article
    return asked


def judge(row: Row, decision: str) -> Action:
    """The verdict of a moderator."""
    SERVICE.give_verdict(decision, row.verdict, "asha", CONTEMPT * (row.verdict == "reject"))
    return row.verdict


def fill(path: Path) -> Iterator[Action]:
    """Write the verdicts into a table."""
    said = {row.text: row.verdict for row in month()}
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table[0].keys())
        writer.writeheader()
        for line in table:
            writer.writerow({**line, "verdict": said[line["text"]]})
            yield said[line["text"]]


def main(what: str, *which: str) -> None:
    """Do one of these, and say what came of it."""
    rows = {row.id: row for row in month()}
    chosen = [row for row in rows.values() if row.week in which]
    match what:
        case "send":
            done: Iterable[str] = [decision["action"] for _, decision in send(chosen)]
        case "queue":
            waiting = [(it["comment_id"], it["id"]) for it in SERVICE.queue()]
            done = [judge(rows[comment], id_) for comment, id_ in waiting if comment]
        case "reports":
            rude = [row for row in chosen if row.verdict == "reject"]
            let = [(row, it["id"]) for row, it in send(rude) if it["action"] == "approve"]
            done = [judge(row, id_) for row, id_ in let]
        case "read":
            done = [judge(row, it["id"]) for row, it in send(chosen)]
        case "fill":
            done = fill(Path(which[0]))
        case _:
            sys.exit(__doc__)
    count = Counter(done)
    told = ", ".join(f"{count[action]} {action}" for action in ("approve", "review", "reject"))
    sys.stdout.write(f"{count.total()} comments: {told}\n")


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
