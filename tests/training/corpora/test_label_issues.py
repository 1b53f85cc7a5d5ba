"""Label issues: labels that contradict the models, and other languages, are found."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.cli import run
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.importing import ImportedRow, custom_source
from moderation.training.corpora.label_issues import LabelIssue, LabelIssues, load_models

KIND = [
    "The council meets again on Monday evening.",
    "I am a gay man, and proud of it.",
    "Well said, and thank you for the figures.",
]
RUDE = [
    "You are a stupid idiot and everybody hates you.",
    "Shut up, you pathetic moron.",
    "What a worthless piece of shit you are.",
]
FOREIGN = "Le gouvernement n'a rien compris à ce que les gens demandent."


def imported(rows: list[tuple[str, float]], label: str = "toxic") -> Iterator[ImportedRow]:
    """Yield the rows as if imported from a file, from line 2."""
    source = custom_source("desk", {label: label}, "text")
    for line, (text, value) in enumerate(rows, 2):
        yield ImportedRow(line, source, Row(text, "desk", {f"desk.{label}": value}))


def issues_of(
    rows: list[tuple[str, float]], label: str = "toxic", most: int = 99
) -> list[LabelIssue]:
    """Return the issues of the rows, and check that the rows are passed on unchanged."""
    issues = LabelIssues(load_models("fast"), most)
    assert list(issues.over(imported(rows, label))) == list(imported(rows, label))
    return issues.listed()


def test_labels_that_agree_with_the_models_are_no_issues() -> None:
    """The rows are labelled correctly; one mentions an identity."""
    assert issues_of([(text, 0.0) for text in KIND] + [(text, 1.0) for text in RUDE]) == []


def test_few_words_and_names_are_not_another_language() -> None:
    """Texts of less than four words are not checked."""
    assert issues_of([("Très bien.", 0.0), ("Namaste ji", 0.0)]) == []


def test_a_label_without_a_score_is_not_checked() -> None:
    """No model scores how constructive a comment is."""
    rows = [(text, 1.0) for text in KIND] + [(text, 0.0) for text in RUDE]
    assert issues_of(rows, "constructive") == []


def test_wrong_labels_are_listed_the_strongest_first() -> None:
    """One rude comment is labelled kind, and one kind comment is labelled rude."""
    rows = [(text, 0.0) for text in KIND * 5] + [(text, 1.0) for text in RUDE * 5]
    rows[1], rows[-1] = (RUDE[0], 0.0), (KIND[0], 1.0)
    listed = issues_of(rows)
    places = {(issue.line, issue.why, issue.given) for issue in listed}
    assert places == {(3, "label", 0.0), (31, "label", 1.0)}
    gaps = [abs((issue.score or 0) - (issue.given or 0)) for issue in listed]
    assert gaps == sorted(gaps, reverse=True)


def test_a_certain_score_is_an_issue_among_few_rows() -> None:
    """Two rows are too few for a mean."""
    assert [issue.line for issue in issues_of([(RUDE[0], 0.0), (KIND[0], 0.0)])] == [2]


def test_the_strongest_issues_are_kept_and_all_are_counted() -> None:
    """Memory does not grow with the number of issues."""
    rows = [(f"{RUDE[number % 3]} {number}", 0.0) for number in range(9)]
    issues = LabelIssues(load_models("fast"), most=2)
    list(issues.over(imported(rows)))
    assert len(issues.listed()) == 2
    assert issues.counts()["labels"]["toxic"]["no"]["rows"] > 2


@pytest.mark.parametrize("command", ["check", "import"])
def test_other_languages_are_counted_and_listed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    """The report counts them, and `--suspicious` writes them to a table."""
    path, table = tmp_path / "desk.csv", tmp_path / "look.csv"
    path.write_text(f"text,rude\n{KIND[2]},0\n{FOREIGN},0\n".replace(", and", " and"), "utf-8")
    arguments = ["corpus", command, str(path), "--map", "rude=rude", "--suspicious", str(table)]
    out = ["--out", str(tmp_path / "desk.csv.gz")] if command == "import" else []
    assert run([*arguments, *out]) == 0
    output = capfd.readouterr()
    report = json.loads(output.out if command == "check" else output.err)
    assert report["suspicious"]["language"] == 1
    with table.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["line"], row["why"], row["text"]) == ("3", "language", FOREIGN)


def test_the_table_needs_a_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without a model there are no issues to write."""
    (tmp_path / "desk.csv").write_text("text,rude\nSo.,0\n", "utf-8")
    arguments = ["corpus", "check", str(tmp_path / "desk.csv"), "--map", "rude=rude"]
    assert run([*arguments, "--reader", "none", "--suspicious", str(tmp_path / "x.csv")]) == 2
    assert "--suspicious needs --reader" in capfd.readouterr().err
    assert run([*arguments, "--reader", "none"]) == 0
