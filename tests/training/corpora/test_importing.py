"""Importing: formats are recognised, duplicates removed, and errors name line and column."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from moderation.cli import run
from moderation.training.corpora import catalogue
from moderation.training.corpora.importing import known_formats

JIGSAW = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate\n"
LONG = "The council meets again on Monday evening to talk about roads, schools and water for {}"


def checked(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return what `corpus check` prints."""
    assert run(["corpus", "check", *arguments]) == 0
    report: dict[str, Any] = json.loads(capfd.readouterr().out)
    return report


def refused(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the error message of `corpus`."""
    assert run(["corpus", *arguments]) == 2
    return capfd.readouterr().err


@pytest.mark.parametrize("packed", ["csv", "csv.gz", "zip"])
def test_jigsaw_is_recognised_by_its_columns(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], packed: str
) -> None:
    """Compressed or not. Labels get the names in `formats.toml`."""
    content = JIGSAW + "1,You fool,1,0,0,0,1,0\n2,Well said,0,0,0,0,0,0\n3,,0,0,0,0,0,0\n"
    path = tmp_path / f"train.{packed}"
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("train.csv", content)
    else:
        path.write_bytes(gzip.compress(content.encode()) if "gz" in packed else content.encode())
    report = checked(capfd, str(path))
    assert (report["corpus"], report["kept"]) == ("jigsaw_2018", 2)
    assert report["labels"]["insult"] == {"yes": 1, "no": 1}
    assert report["suspicious"]["empty"] == 1


def test_duplicates_and_near_duplicates_are_removed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """They differ by case or a few words. A different comment of the same length is kept."""
    texts = [LONG.format("all"), LONG.format("all").upper(), LONG.format("all") + " of us"]
    texts.append("A quite different comment, about cricket and about nothing that was said above.")
    path = tmp_path / "own.jsonl"
    path.write_text(
        "".join(json.dumps({"text": text, "rude": 0}) + "\n" for text in texts), "utf-8"
    )
    report = checked(capfd, str(path), "--map", "rude=rude")
    assert (report["kept"], report["same"], report["near"]) == (2, 1, 1)


def test_training_reads_an_imported_corpus(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file and the printed entry of `sources.toml` are a corpus for `train --data`."""
    (tmp_path / "desk.csv").write_text("comment,bad\nYou fool,1\nWell said,0\n", "utf-8")
    arguments = [str(tmp_path / "desk.csv"), "--text", "comment", "--map", "rude=bad"]
    target = tmp_path / "desk.csv.gz"
    assert run(["corpus", "import", *arguments, "--out", str(target)]) == 0
    (tmp_path / "sources.toml").write_text(capfd.readouterr().out, "utf-8")
    rows = list(catalogue.rows(tmp_path, "train", tmp_path / "sources.toml"))
    assert [(row.text, row.labels) for row in rows] == [
        ("You fool", {"desk.rude": 1.0}),
        ("Well said", {"desk.rude": 0.0}),
    ]


def test_the_input_is_not_overwritten(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither directly nor through a link. Other invalid targets are errors, too."""
    path = tmp_path / "own.csv.gz"
    path.write_bytes(gzip.compress(b"text,bad\nYou fool,1\n"))
    (tmp_path / "link.csv.gz").symlink_to(path)
    before = path.read_bytes()
    for option, name, message in (
        ("--out", "own.csv.gz", "is FILE itself"),
        ("--out", "link.csv.gz", "is FILE itself"),
        ("--out", "own.csv", "must end in .csv.gz"),
        ("--out", "nowhere/own.csv.gz", "there is no folder"),
        ("--suspicious", "own.csv.gz", "is FILE itself"),
        ("--suspicious", "nowhere/look.csv", "there is no folder"),
    ):
        out = ["--out", str(tmp_path / "new.csv.gz")] if option != "--out" else []
        arguments = [str(path), "--map", "rude=bad", *out, option, str(tmp_path / name)]
        assert message in refused(capfd, "import", *arguments)
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link.csv.gz", "own.csv.gz"]


def test_a_corpus_for_evaluation_only_is_not_trained_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The printed entry marks it for validation, because its licence allows only that."""
    path = tmp_path / "olid.tsv"
    path.write_text("id\ttweet\tsubtask_a\n1\tYou fool\tOFF\n", "utf-8")
    assert run(["corpus", "import", str(path), "--out", str(tmp_path / "olid.csv.gz")]) == 0
    out, err = capfd.readouterr()
    assert "may measure and not train" in err
    (tmp_path / "sources.toml").write_text(out, "utf-8")
    assert list(catalogue.rows(tmp_path, "train", tmp_path / "sources.toml")) == []
    (row,) = catalogue.rows(tmp_path, "validate", tmp_path / "sources.toml")
    assert row.labels == {"olid.offensive": 1.0}


def test_the_file_name_decides_between_formats_with_the_same_columns(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file has the name that `sources.toml` gives one of two corpora."""
    path = tmp_path / "davidson_tweets.csv.gz"
    path.write_bytes(gzip.compress(b"text,class\nYou fool,1\nWell said,2\n"))
    assert checked(capfd, str(path))["corpus"] == "davidson"


def test_contradictory_labels_are_reported(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same comment with different labels is counted, and its lines are listed."""
    path = tmp_path / "own.csv"
    path.write_text("text,bad\nYou fool,1\nYou fool!,0\nYou fool.,1\nWell said,0\n", "utf-8")
    report = checked(capfd, str(path), "--map", "rude=bad")
    assert (report["kept"], report["same"], report["contradictory"]) == (2, 2, 1)
    assert report["suspicious"]["contradictory"] == [[2, 3]]


def test_rows_without_a_label_are_counted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A cell that maps to no label gives no row, but the report counts it."""
    path = tmp_path / "olid.tsv"
    path.write_text("id\ttweet\tsubtask_a\n1\tYou fool\tOFF\n2\tWell said\tMAYBE\n", "utf-8")
    report = checked(capfd, str(path))
    assert (report["kept"], report["unlabelled"]) == (1, 1)


def test_every_known_corpus_has_licence_citation_and_address() -> None:
    """They are in `sources.toml` and `formats.toml`."""
    corpora = known_formats().values()
    assert all(source.licence and source.citation and source.home for source in corpora)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,b\n1,2\n", [], "no known corpus has the columns a, b"),
        ("text,bad\nSo.,much\n", ["--map", "r=bad"], "line 2, column 'bad': must be a number"),
        ("text,bad\nSo.,5\n", ["--map", "r=bad"], "must be a number from 0 to 1, not '5'"),
        ("text,bad\nSo.,nan\n", ["--map", "r=bad"], "must be a number from 0 to 1, not 'nan'"),
        ("text,x\nSo.,1\n", ["--map", "r=bad"], "no column 'bad'; its columns are text, x"),
        (
            "text,bad\nSo.,5\nWell.,1\nNo.,x\n",
            ["--map", "r=bad"],
            "line 2, column 'bad': must be a number from 0 to 1, not '5'; "
            "line 4, column 'bad': must be a number from 0 to 1, not 'x'",
        ),
        ("text,bad\n" + "So.,5\n" * 30, ["--map", "r=bad"], "line 21, column 'bad': must"),
        ("text,x\nSo.,1\n", ["--map", "bad"], "write LABEL=COLUMN"),
        ("text,class\nSo.,1\n", [], "are those of davidson, hatexplain; choose one with --as"),
        ("text,x\nSo.,1\n", ["--as", "nothing"], "no such corpus"),
    ],
)
def test_an_error_names_line_and_column(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    content: str,
    options: list[str],
    message: str,
) -> None:
    """It also says what would be valid."""
    path = tmp_path / "file.csv"
    path.write_text(content, "utf-8")
    assert message in refused(capfd, "check", str(path), *options)
