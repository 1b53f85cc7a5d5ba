"""asking: doubtful comments first, and no two alike."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from moderation.cli import run
from moderation.scoring.models import Models
from moderation.training.linear.active_learning import Waiting, ask, choose, waiting

PLAIN = ["The council meets on Monday.", "Well said, and thank you.", "It rains in Pune today."]
DOUBTFUL = ["Only a fool would believe that.", "This minister is a joke.", "What rubbish."]


def test_the_doubtful_before_the_sure() -> None:
    """Where all comments differ, they come by their doubt."""
    assert choose(np.array([0.9, 0.5, 0.01]), sparse.identity(3, format="csr"), 3).tolist() == [
        1,
        0,
        2,
    ]


def test_no_two_alike() -> None:
    """Of two equal comments the second waits until nothing else is left."""
    features = sparse.csr_matrix(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert choose(np.array([0.5, 0.5, 0.2]), features, 2).tolist() == [0, 2]


def test_nothing_to_ask_about() -> None:
    """No comments, no questions; more wanted than there are, all of them once."""
    nothing = sparse.csr_matrix((0, 4))
    assert choose(np.zeros(0), nothing, 5).tolist() == []
    assert sorted(choose(np.full(2, 0.5), sparse.identity(2, format="csr"), 9).tolist()) == [0, 1]


def test_what_is_judged_or_erased_is_not_asked_about() -> None:
    """By its column, by the record's history, or because no text is left."""
    records: list[dict[str, object]] = [
        {"text": "Judged.", "verdict": "approve"},
        {"text": "Judged.", "history": {"verdicts": [{"action": "reject"}]}},
        {"text": "Judged.", "history": json.dumps({"verdicts": [{"action": "reject"}]})},
        {"text": None, "id": "erased"},
        {"text": "Waits.", "id": "w", "history": {"verdicts": []}},
    ]
    assert [it.id for it in waiting(enumerate(records, 1), "toxicity", {})] == ["w"]


def test_a_score_of_other_models_is_read_again() -> None:
    """What the record holds counts where the same models said it."""
    record = {"text": "So.", "scores": {"toxicity": 0.5}, "models": {"abuse": "old"}}
    for version, score in (("old", 0.5), ("new", None)):
        (found,) = waiting([(1, record)], "toxicity", {"abuse": version})
        assert found.score == score


def test_the_doubtful_of_a_long_record() -> None:
    """Memory holds a few, copies count once, and the sure ones are not asked about."""
    stream = (
        Waiting(f"{text[:4]} {number}", text, 0.5 if text in DOUBTFUL else 0.01)
        for number in range(300)
        for text in (*PLAIN, *DOUBTFUL)
    )
    asked = ask(stream, Models.load(), "toxicity", 3)
    assert sorted(it.text for it in asked) == sorted(DOUBTFUL)


def test_asked_judged_and_given_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The table that `ask` writes, with its verdicts filled in, is one that training reads."""
    source, table = tmp_path / "comments.csv", tmp_path / "asked.csv"
    rows = "".join(f'c{at},"{text} {at}"\n' for at in range(8) for text in (*PLAIN, *DOUBTFUL))
    source.write_text(f"id,text\n{rows}", "utf-8")
    assert run(["ask", str(source), "--most", "40", "--output", str(table)]) == 0
    with table.open(encoding="utf-8", newline="") as file:
        asked = list(csv.DictReader(file))
    assert len(asked) == 40
    assert {it["id"] for it in asked} <= {f"c{at}" for at in range(8)}
    trained = ["train", "abuse", "--verdicts", str(table), "--out", str(tmp_path / "models")]
    assert run(trained) == 2
    assert "too few verdicts" in capfd.readouterr().err
    for it in asked:
        it["verdict"] = "Approve " if it["text"].startswith(tuple(PLAIN)) else "reject"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, asked[0].keys())
        writer.writeheader()
        writer.writerows(asked)
    assert run(trained) == 0
    card = json.loads((Path(capfd.readouterr().out.strip()) / "card.json").read_text("utf-8"))
    assert card["kind"] == "adapted"
    assert run(["ask", str(table)]) == 0
    assert capfd.readouterr().out.splitlines() == ["id,text,score,verdict,rule"]


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("comment\nSo.\n", [], "line 2: no column 'text'"),
        ("text\nSo.\n", ["--score", "wit"], "no model in use gives the score 'wit'; there are:"),
    ],
)
def test_what_cannot_be_asked_is_named(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    content: str,
    options: list[str],
    said: str,
) -> None:
    """The column that is missing, or the scores that there are."""
    (tmp_path / "x.csv").write_text(content, "utf-8")
    assert run(["ask", str(tmp_path / "x.csv"), *options]) != 0
    assert said in capfd.readouterr().err


def test_no_comment_is_a_formula(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The table is made for a spreadsheet, and what is in it was written by strangers."""
    (tmp_path / "x.csv").write_text("text\n=HYPERLINK(1) you fool\n", "utf-8")
    assert run(["ask", str(tmp_path / "x.csv")]) == 0
    assert "2,'=HYPERLINK(1) you fool," in capfd.readouterr().out


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is wrong input."""
    assert run(["ask", str(tmp_path / "none.csv")]) == 2
