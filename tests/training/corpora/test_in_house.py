"""In-house comments: labels are read, errors name line and column, functional tests differ."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from rapidfuzz import fuzz, process, utils

from moderation.training.corpora import in_house
from moderation.training.corpora.in_house import InHouseError
from moderation.training.evaluation import functional_cases

HEADER = "text,attack,hate,toxic,threat,spam,kind,area\n"


def _read(folder: Path, content: str) -> list[in_house.Comment]:
    path = folder / "comments.csv"
    path.write_text(content, "utf-8")
    return list(in_house.comments(path))


def test_empty_labels_are_left_out(tmp_path: Path) -> None:
    """An empty cell means that the label does not apply, which is not the same as 0."""
    [comment] = _read(tmp_path, HEADER + '"So, they say.",,1,0,,,implicit_hate,XX\n')
    assert comment == ("So, they say.", {"hate": 1.0, "toxic": 0.0}, "implicit_hate", "XX")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        pytest.param(" ,0,0,0,0,0,calm,IN", "text", id="no text"),
        pytest.param("Secret,0,0,2,0,0,calm,IN", "toxic", id="neither 0 nor 1"),
        pytest.param("Secret,,,,,,calm,IN", "attack", id="no label at all"),
        pytest.param("Secret,0,0,0,0,0,Very calm,IN", "kind", id="no slug"),
        pytest.param("Secret,0,0,0,0,0,calm,UK", "area", id="unknown area"),
        pytest.param("Secret,0,0,0,0,0,calm", "area", id="too few cells"),
        pytest.param("Secret,0,0,0,0,0,calm,IN,more", "area", id="too many cells"),
        pytest.param("WELL said.,0,0,0,0,0,calm,IN", "text", id="the same text again"),
    ],
)
def test_an_invalid_row_is_an_error_with_line_and_column(
    tmp_path: Path, row: str, column: str
) -> None:
    """The message does not quote the comment."""
    with pytest.raises(InHouseError, match=rf"csv, line 3, column '{column}'") as error:
        _read(tmp_path, HEADER + "Well said,0,0,0,0,0,calm,IN\n" + row + "\n")
    assert "Secret" not in str(error.value)


def test_other_columns_are_an_error(tmp_path: Path) -> None:
    """The header is checked before any row is read."""
    with pytest.raises(InHouseError, match=r"line 1: the columns must be text, attack"):
        _read(tmp_path, "text,attack\nHello,0\n")


def test_both_areas_have_harmful_and_harmless_comments_for_each_label() -> None:
    """The area must not predict a label."""
    count = Counter(
        (comment.area, label, value)
        for comment in in_house.comments()
        for label, value in comment.labels.items()
    )
    for area in ("IN", "XX"):
        for label in in_house.LABELS:
            assert count[area, label, 1.0] >= 80
            assert count[area, label, 0.0] >= 80


def test_no_comment_resembles_a_functional_test() -> None:
    """Otherwise the functional tests would measure what a model remembers."""
    comments = [comment.text for comment in in_house.comments()]
    cases = [case.text for case in functional_cases.cases()]
    similarities = process.cdist(
        comments, cases, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=75
    )
    assert [comments[row] for row in similarities.max(axis=1).nonzero()[0]] == []


def test_no_comment_resembles_one_that_only_measures_spam() -> None:
    """`data/spam_test.csv` trains nothing."""
    with (in_house.COMMENTS.parent / "spam_test.csv").open(encoding="utf-8", newline="") as file:
        measured = [row["text"] for row in csv.DictReader(file)]
    comments = [comment.text for comment in in_house.comments()]
    similarities = process.cdist(
        measured, comments, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=75
    )
    assert [measured[row] for row in similarities.max(axis=1).nonzero()[0]] == []
