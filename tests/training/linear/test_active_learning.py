"""Active learning: uncertain comments come first, and similar ones are not both selected."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from moderation.cli import run
from moderation.scoring.models import Models
from moderation.training.linear.active_learning import (
    Candidate,
    select,
    select_rows,
    unjudged_comments,
)

PLAIN = ["The council meets on Monday.", "Well said, and thank you.", "It rains in Pune today."]
UNCERTAIN = ["Only a fool would believe that.", "This minister is a joke.", "What rubbish."]


def test_uncertain_comments_come_first() -> None:
    """If all comments differ, they are ordered by uncertainty."""
    rows = select_rows(np.array([0.9, 0.5, 0.01]), sparse.identity(3, format="csr"), 3)
    assert rows.tolist() == [1, 0, 2]


def test_similar_comments_come_last() -> None:
    """The second of two equal comments is selected only if no other is left."""
    features = sparse.csr_matrix(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert select_rows(np.array([0.5, 0.5, 0.2]), features, 2).tolist() == [0, 2]


def test_fewer_comments_than_wanted() -> None:
    """All of them are selected once; none of none."""
    empty = sparse.csr_matrix((0, 4))
    assert select_rows(np.zeros(0), empty, 5).tolist() == []
    assert sorted(select_rows(np.full(2, 0.5), sparse.identity(2, format="csr"), 9).tolist()) == [
        0,
        1,
    ]


def test_judged_and_erased_comments_are_left_out() -> None:
    """The verdict is in its column or in the record's history; an erased comment has no text."""
    records: list[dict[str, object]] = [
        {"text": "Judged.", "verdict": "approve"},
        {"text": "Judged.", "history": {"verdicts": [{"action": "reject"}]}},
        {"text": "Judged.", "history": json.dumps({"verdicts": [{"action": "reject"}]})},
        {"text": None, "id": "erased"},
        {"text": "Waits.", "id": "w", "history": {"verdicts": []}},
    ]
    comments = unjudged_comments(enumerate(records, 1), "toxicity", {})
    assert [comment.id for comment in comments] == ["w"]


def test_scores_of_other_models_are_not_reused() -> None:
    """A score in the record is used if the same model versions gave it."""
    record = {"text": "So.", "scores": {"toxicity": 0.5}, "models": {"abuse": "old"}}
    for version, score in (("old", 0.5), ("new", None)):
        (comment,) = unjudged_comments([(1, record)], "toxicity", {"abuse": version})
        assert comment.score == score


def test_uncertain_comments_of_a_long_record() -> None:
    """Memory holds only a few of them, and copies count once."""
    stream = (
        Candidate(f"{text[:4]} {number}", text, 0.5 if text in UNCERTAIN else 0.01)
        for number in range(300)
        for text in (*PLAIN, *UNCERTAIN)
    )
    selected = select(stream, Models.load(), "toxicity", 3)
    assert sorted(comment.text for comment in selected) == sorted(UNCERTAIN)


def test_training_reads_the_table_of_ask(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A moderator fills in verdicts in between."""
    source, table = tmp_path / "comments.csv", tmp_path / "selected.csv"
    texts = (*PLAIN, *UNCERTAIN)
    rows = "".join(f'c{number},"{text} {number}"\n' for number in range(8) for text in texts)
    source.write_text(f"id,text\n{rows}", "utf-8")
    assert run(["ask", str(source), "--most", "40", "--output", str(table)]) == 0
    with table.open(encoding="utf-8", newline="") as file:
        selected = list(csv.DictReader(file))
    assert len(selected) == 40
    assert {row["id"] for row in selected} <= {f"c{number}" for number in range(8)}
    train = ["train", "abuse", "--verdicts", str(table), "--out", str(tmp_path / "models")]
    assert run(train) == 2
    assert "too few verdicts" in capfd.readouterr().err
    for row in selected:
        row["verdict"] = "Approve " if row["text"].startswith(tuple(PLAIN)) else "reject"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, selected[0].keys())
        writer.writeheader()
        writer.writerows(selected)
    assert run(train) == 0
    card = json.loads((Path(capfd.readouterr().out.strip()) / "card.json").read_text("utf-8"))
    assert card["kind"] == "adapted"
    assert run(["ask", str(table)]) == 0
    assert capfd.readouterr().out.splitlines() == ["id,text,score,verdict,rule"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("comment\nSo.\n", [], "line 2: no column 'text'"),
        ("text\nSo.\n", ["--score", "wit"], "no model in use gives the score 'wit'; there are:"),
    ],
)
def test_a_missing_column_or_score_is_an_error(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    content: str,
    options: list[str],
    message: str,
) -> None:
    """The message names the column, or the scores that exist."""
    (tmp_path / "x.csv").write_text(content, "utf-8")
    assert run(["ask", str(tmp_path / "x.csv"), *options]) != 0
    assert message in capfd.readouterr().err


def test_comments_are_escaped_for_spreadsheets(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Strangers write the comments, and a spreadsheet must not run them as formulas."""
    (tmp_path / "x.csv").write_text("text\n=HYPERLINK(1) you fool\n", "utf-8")
    assert run(["ask", str(tmp_path / "x.csv")]) == 0
    assert "2,'=HYPERLINK(1) you fool," in capfd.readouterr().out


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Its exit code is that of invalid input."""
    assert run(["ask", str(tmp_path / "none.csv")]) == 2
