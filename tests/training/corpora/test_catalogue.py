"""The catalogue: corpora are read according to `sources.toml`."""

import gzip
from pathlib import Path

import pytest

from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import CorpusError, Row

SOURCES = """
[[source]]
name = "forum"
file = "forum.csv.gz"
use = "train"
licence = "CC0-1.0"
citation = "Nobody 2026"
notes = "Made up."
text = ["rude", "polite"]
natural = { column = "drawn", equals = "yes" }
marks = "marks"
[source.labels]
rude = { texts = { rude = 1.0, polite = 0.0 } }
harm = { column = "harm", scale = [1.0, -1.0] }
hate = { column = "kind", values = { hate = 1.0, unsure = "skip" }, otherwise = 0.0 }
"""
HEADER = "rude,polite,drawn,marks,harm,kind\n"


def _folder(tmp_path: Path, content: str, sources: str = SOURCES) -> tuple[Path, Path]:
    with gzip.open(tmp_path / "forum.csv.gz", "wt", encoding="utf-8") as file:
        file.write(content)
    (tmp_path / "sources.toml").write_text(sources, "utf-8")
    return tmp_path, tmp_path / "sources.toml"


def _rows(tmp_path: Path, content: str, sources: str = SOURCES) -> list[Row]:
    data, path = _folder(tmp_path, content, sources)
    return list(catalogue.rows(data, "train", path))


def test_labels_keep_their_source(tmp_path: Path) -> None:
    """Every kind of mapping gives the value that the head of the file documents."""
    rude, polite = _rows(tmp_path, HEADER + 'You fool,I disagree,yes,"[4, 5, 6, 7]",-3,hate\n')
    assert rude.labels == {"forum.rude": 1.0, "forum.harm": 1.0, "forum.hate": 1.0}
    assert polite.labels["forum.rude"] == 0.0
    assert rude.natural
    assert rude.marks == ((4, 8),)


def test_missing_labels_are_left_out(tmp_path: Path) -> None:
    """'skip' and empty cells give no label, and an empty text gives no row."""
    (row,) = _rows(tmp_path, HEADER + "You fool,,no,[],,unsure\n")
    assert row.labels == {"forum.rude": 1.0}
    assert not row.natural


def test_missing_column(tmp_path: Path) -> None:
    """The error for a missing column names the file and the column."""
    with pytest.raises(CorpusError, match=r"forum\.csv\.gz: no column 'kind'"):
        _rows(tmp_path, "rude,polite,drawn,marks,harm\n")


def test_bad_number(tmp_path: Path) -> None:
    """The error for an invalid number names the file and line, without the comment's text."""
    with pytest.raises(CorpusError, match=r"forum\.csv\.gz, line 2: could not convert"):
        _rows(tmp_path, HEADER + "You fool,I disagree,no,[],much,hate\n")


def test_missing_file(tmp_path: Path) -> None:
    """A missing file is reported before any row is read."""
    data, path = _folder(tmp_path, HEADER)
    (data / "forum.csv.gz").unlink()
    with pytest.raises(CorpusError, match=r"forum\.csv\.gz: there is no such file"):
        catalogue.rows(data, "train", path)


def test_misspelt_key(tmp_path: Path) -> None:
    """An unknown key in `sources.toml` is an error that names it."""
    with pytest.raises(CorpusError, match="licens"):
        _rows(tmp_path, HEADER, SOURCES.replace("licence", "licens"))


def test_a_different_file_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The file differs from the one that the shipped models were trained on."""
    _rows(tmp_path, HEADER, SOURCES.replace('notes = "Made up."', 'notes = ""\nsha256 = "0"'))
    assert "metrics will differ" in caplog.text


def test_corpora_with_doubtful_licences_are_not_trained_on() -> None:
    """No corpus with non-commercial or unclear terms is marked for training."""
    sources = catalogue.sources().values()
    doubtful = [source for source in sources if "NC" in source.licence or "unc" in source.licence]
    assert doubtful
    assert {source.use for source in doubtful} == {"validate"}
    assert all(source.citation and source.sha256 for source in sources)
