"""Play the website and the moderators of a fictional newspaper for a month.

python docs/first-month/play.py send 1         send the comments of week 1, as the website does
python docs/first-month/play.py queue          judge the comments in the queue
python docs/first-month/play.py reports 1      judge approved comments that readers complained about
python docs/first-month/play.py fill FILE      fill in the table that `moderation ask` wrote
python docs/first-month/play.py read 1         judge all other comments of week 1

The Harbour Courier, its town and its readers are fictional. Readers may criticise politicians as
harshly as they like, but may not call another reader a barnacle or a mudfoot.
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
sys.path.insert(0, str(ROOT / "clients" / "python" / "src"))
from house_rules import Action, Comment, Decision, HouseRules  # noqa: E402 - not installed

SERVICE = HouseRules(os.environ.get("SERVICE", "http://127.0.0.1:8000"), timeout=60, deadline=60)
CONTEMPT = "Contempt for a reader."


class Row(NamedTuple):
    """A comment and the verdict that the Courier's moderators would give."""

    id: str
    week: str
    article: str | None
    text: str
    verdict: Action


def month() -> list[Row]:
    """Return all comments. Week 4 has harmless comments of the package."""
    with (HERE / "comments.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Row(
                row["id"],
                row["week"],
                row["article"] or None,
                row["text"],
                cast(Action, row["label"]),
            )
            for row in csv.DictReader(file)
        ]
    texts = {row.text for row in rows}
    with (ROOT / "data" / "own_comments.csv").open(encoding="utf-8", newline="") as file:
        harmless = [
            row["text"]
            for row in csv.DictReader(file)
            if "1" not in (row["attack"], row["hate"], row["toxic"]) and row["text"] not in texts
        ]
    week_4 = (
        Row(f"d{number}", "4", None, text, "approve") for number, text in enumerate(harmless[:110])
    )
    return [*rows, *week_4]


def send(rows: Iterable[Row]) -> Iterator[tuple[Row, Decision]]:
    """Yield each comment with its decision. A comment that is sent again gets the same decision."""
    rows = list(rows)
    for row, decision in zip(rows, SERVICE.moderate_many(map(_comment, rows)), strict=True):
        yield row, cast(Decision, decision)


def _comment(row: Row) -> Comment:
    comment: Comment = {"id": row.id, "text": row.text}
    if row.article:
        comment["article"] = row.article
    return comment


def judge(row: Row, decision: str) -> Action:
    """Give a moderator's verdict on a decision, and return it."""
    SERVICE.give_verdict(decision, row.verdict, "asha", CONTEMPT * (row.verdict == "reject"))
    return row.verdict


def fill(path: Path) -> Iterator[Action]:
    """Write verdicts into a table of `moderation ask`, and yield them."""
    verdicts = {row.text: row.verdict for row in month()}
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table[0].keys())
        writer.writeheader()
        for line in table:
            writer.writerow({**line, "verdict": verdicts[line["text"]]})
            yield verdicts[line["text"]]


def main(command: str, *arguments: str) -> None:
    """Run one command and print the number of comments by action."""
    rows = {row.id: row for row in month()}
    chosen = [row for row in rows.values() if row.week in arguments]
    match command:
        case "send":
            actions: Iterable[str] = [decision["action"] for _, decision in send(chosen)]
        case "queue":
            waiting = [(decision["comment_id"], decision["id"]) for decision in SERVICE.queue()]
            actions = [judge(rows[comment], id_) for comment, id_ in waiting if comment]
        case "reports":
            rude = [row for row in chosen if row.verdict == "reject"]
            sent = [*send(rude)]
            approved = [
                (row, decision) for row, decision in sent if decision["action"] == "approve"
            ]
            actions = [judge(row, decision["id"]) for row, decision in approved]
        case "read":
            actions = [judge(row, decision["id"]) for row, decision in send(chosen)]
        case "fill":
            actions = fill(Path(arguments[0]))
        case _:
            sys.exit(__doc__)
    count = Counter(actions)
    parts = ", ".join(f"{count[action]} {action}" for action in ("approve", "review", "reject"))
    sys.stdout.write(f"{count.total()} comments: {parts}\n")


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
