"""suspicious: labels that the models doubt and other languages, and nothing else."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.cli import run
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.importing import Found, own
from moderation.training.corpora.label_issues import Suspect, Suspects, readers

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


def found(rows: list[tuple[str, float]], label: str = "toxic") -> Iterator[Found]:
    """The rows of a file, its lines from 2 on."""
    source = own("desk", {label: label}, "text")
    for line, (text, value) in enumerate(rows, 2):
        yield Found(line, source, Row(text, "desk", {f"desk.{label}": value}))


def suspects(rows: list[tuple[str, float]], label: str = "toxic", most: int = 99) -> list[Suspect]:
    """Those to look at."""
    watching = Suspects(readers("fast"), most)
    assert list(watching.over(found(rows, label))) == list(found(rows, label))
    return watching.listed()


def test_nothing_is_wrong_with_labels_that_the_models_share() -> None:
    """Rows rightly labelled, a mention of an identity among them."""
    assert suspects([(it, 0.0) for it in KIND] + [(it, 1.0) for it in RUDE]) == []


def test_few_words_and_names_are_of_no_language() -> None:
    """Under four words nothing is said of the language."""
    assert suspects([("Très bien.", 0.0), ("Namaste ji", 0.0)]) == []


def test_a_label_without_a_score_is_not_doubted() -> None:
    """No model says how constructive a comment is."""
    assert suspects([(it, 1.0) for it in KIND] + [(it, 0.0) for it in RUDE], "constructive") == []


def test_wrong_labels_are_doubted_the_strongest_first() -> None:
    """One rude row called kind, one kind row called rude; each with its line and its score."""
    rows = [(it, 0.0) for it in KIND * 5] + [(it, 1.0) for it in RUDE * 5]
    rows[1], rows[-1] = (RUDE[0], 0.0), (KIND[0], 1.0)
    listed = suspects(rows)
    assert {(it.line, it.why, it.given) for it in listed} == {(3, "label", 0.0), (31, "label", 1.0)}
    gaps = [abs((it.score or 0) - (it.given or 0)) for it in listed]
    assert gaps == sorted(gaps, reverse=True)


def test_what_is_very_sure_is_doubted_among_few_rows() -> None:
    """Two rows have no means worth the name."""
    assert [it.line for it in suspects([(RUDE[0], 0.0), (KIND[0], 0.0)])] == [2]


def test_of_many_the_strongest_are_kept_and_all_are_counted() -> None:
    """Memory does not grow with the suspects."""
    rows = [(f"{RUDE[number % 3]} {number}", 0.0) for number in range(9)]
    watching = Suspects(readers("fast"), most=2)
    list(watching.over(found(rows)))
    assert len(watching.listed()) == 2
    assert watching.counts()["labels"]["toxic"]["no"]["rows"] > 2


@pytest.mark.parametrize("command", ["check", "import"])
def test_other_languages_are_told_and_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    """A table for a person to look through, and how many there are."""
    path, table = tmp_path / "desk.csv", tmp_path / "look.csv"
    path.write_text(f"text,rude\n{KIND[2]},0\n{FOREIGN},0\n".replace(", and", " and"), "utf-8")
    asked = ["corpus", command, str(path), "--map", "rude=rude", "--suspicious", str(table)]
    out = ["--out", str(tmp_path / "desk.csv.gz")] if command == "import" else []
    assert run([*asked, *out]) == 0
    said = capfd.readouterr()
    told = json.loads(said.out if command == "check" else said.err)
    assert told["suspicious"]["language"] == 1
    with table.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["line"], row["why"], row["text"]) == ("3", "language", FOREIGN)


def test_a_table_needs_somebody_who_looks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a model there is nothing to write."""
    (tmp_path / "desk.csv").write_text("text,rude\nSo.,0\n", "utf-8")
    asked = ["corpus", "check", str(tmp_path / "desk.csv"), "--map", "rude=rude"]
    assert run([*asked, "--reader", "none", "--suspicious", str(tmp_path / "x.csv")]) == 2
    assert "--suspicious needs --reader" in capfd.readouterr().err
    assert run([*asked, "--reader", "none"]) == 0
