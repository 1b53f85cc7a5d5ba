"""importing: a file known by its columns, each comment once, every misfit named by its place."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from moderation.cli import run
from moderation.training.corpora import catalogue
from moderation.training.corpora.importing import known

JIGSAW = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate\n"
LONG = "The council meets again on Monday evening to talk about roads, schools and water for {}"


def checked(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What `corpus check` prints."""
    assert run(["corpus", "check", *arguments]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def refused(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `corpus` says where it refuses."""
    assert run(["corpus", *arguments]) == 2
    return capfd.readouterr().err


@pytest.mark.parametrize("packed", ["csv", "csv.gz", "zip"])
def test_jigsaw_is_known_by_its_columns(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], packed: str
) -> None:
    """Plain, or packed either way; labels keep our names for them."""
    content = JIGSAW + "1,You fool,1,0,0,0,1,0\n2,Well said,0,0,0,0,0,0\n3,,0,0,0,0,0,0\n"
    path = tmp_path / f"train.{packed}"
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("train.csv", content)
    else:
        path.write_bytes(gzip.compress(content.encode()) if "gz" in packed else content.encode())
    found = checked(capfd, str(path))
    assert (found["corpus"], found["kept"]) == ("jigsaw_2018", 2)
    assert found["labels"]["insult"] == {"yes": 1, "no": 1}
    assert found["suspicious"]["empty"] == 1


def test_doubles_and_near_doubles_are_counted_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same in capitals, and with one word more; another comment of the same length stays."""
    texts = [LONG.format("all"), LONG.format("all").upper(), LONG.format("all") + " of us"]
    texts.append("A quite different comment, about cricket and about nothing that was said above.")
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps({"text": it, "rude": 0}) + "\n" for it in texts), "utf-8")
    found = checked(capfd, str(path), "--map", "rude=rude")
    assert (found["kept"], found["same"], found["near"]) == (2, 1, 1)


def test_what_is_imported_is_what_training_reads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file and the printed table together are a corpus of a `train --data` folder."""
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


def test_what_is_read_is_not_written_over(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither under its own name nor by another way to it; other wrong targets are named, too."""
    path = tmp_path / "own.csv.gz"
    path.write_bytes(gzip.compress(b"text,bad\nYou fool,1\n"))
    (tmp_path / "link.csv.gz").symlink_to(path)
    before = path.read_bytes()
    for option, name, said in (
        ("--out", "own.csv.gz", "is FILE itself"),
        ("--out", "link.csv.gz", "is FILE itself"),
        ("--out", "own.csv", "must end in .csv.gz"),
        ("--out", "nowhere/own.csv.gz", "there is no folder"),
        ("--suspicious", "own.csv.gz", "is FILE itself"),
        ("--suspicious", "nowhere/look.csv", "there is no folder"),
    ):
        out = ["--out", str(tmp_path / "new.csv.gz")] if option != "--out" else []
        asked = [str(path), "--map", "rude=bad", *out, option, str(tmp_path / name)]
        assert said in refused(capfd, "import", *asked)
    assert path.read_bytes() == before
    assert sorted(it.name for it in tmp_path.iterdir()) == ["link.csv.gz", "own.csv.gz"]


def test_what_may_only_measure_does_not_train(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A licence that lets a corpus measure alone stands in its table, so that nothing learns."""
    path = tmp_path / "olid.tsv"
    path.write_text("id\ttweet\tsubtask_a\n1\tYou fool\tOFF\n", "utf-8")
    assert run(["corpus", "import", str(path), "--out", str(tmp_path / "olid.csv.gz")]) == 0
    out, err = capfd.readouterr()
    assert "may measure and not train" in err
    (tmp_path / "sources.toml").write_text(out, "utf-8")
    assert list(catalogue.rows(tmp_path, "train", tmp_path / "sources.toml")) == []
    (row,) = catalogue.rows(tmp_path, "validate", tmp_path / "sources.toml")
    assert row.labels == {"olid.offensive": 1.0}


def test_of_twins_the_name_of_the_file_tells(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two sets have the same columns; one keeps the name that `sources.toml` gives it."""
    path = tmp_path / "davidson_tweets.csv.gz"
    path.write_bytes(gzip.compress(b"text,class\nYou fool,1\nWell said,2\n"))
    assert checked(capfd, str(path))["corpus"] == "davidson"


def test_contradictory_labels_are_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The same comment with yes here and no there: how often, and where."""
    path = tmp_path / "own.csv"
    path.write_text("text,bad\nYou fool,1\nYou fool!,0\nYou fool.,1\nWell said,0\n", "utf-8")
    found = checked(capfd, str(path), "--map", "rude=bad")
    assert (found["kept"], found["same"], found["contradictory"]) == (2, 2, 1)
    assert found["suspicious"]["contradictory"] == [[2, 3]]


def test_rows_without_a_label_are_counted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A word that stands for no label makes no row, and is not passed over in silence."""
    path = tmp_path / "olid.tsv"
    path.write_text("id\ttweet\tsubtask_a\n1\tYou fool\tOFF\n2\tWell said\tMAYBE\n", "utf-8")
    found = checked(capfd, str(path))
    assert (found["kept"], found["unlabelled"]) == (1, 1)


def test_every_corpus_says_whence_it_comes() -> None:
    """Licence, citation and address stand with each corpus that is known."""
    assert all(it.licence and it.citation and it.home for it in known().values())


@pytest.mark.parametrize(
    ("content", "options", "said"),
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
        ("text,class\nSo.,1\n", [], "are those of davidson, hatexplain; say which with --as"),
        ("text,x\nSo.,1\n", ["--as", "nothing"], "no such corpus"),
    ],
)
def test_a_misfit_is_named(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    content: str,
    options: list[str],
    said: str,
) -> None:
    """Line, column and what would be right."""
    path = tmp_path / "file.csv"
    path.write_text(content, "utf-8")
    assert said in refused(capfd, "check", str(path), *options)
