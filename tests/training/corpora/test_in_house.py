"""Our own comments: read with their labels, refused by line and column, apart from the suite."""

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


def test_labels_are_read_and_empty_ones_left_out(tmp_path: Path) -> None:
    """An empty cell is no answer, which is not the same as 0."""
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
def test_a_bad_row_is_refused_by_line_and_column(tmp_path: Path, row: str, column: str) -> None:
    """The message says where to look and does not repeat the comment."""
    with pytest.raises(InHouseError, match=rf"csv, line 3, column '{column}'") as caught:
        _read(tmp_path, HEADER + "Well said,0,0,0,0,0,calm,IN\n" + row + "\n")
    assert "Secret" not in str(caught.value)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    """A file with another head is refused before any row is read."""
    with pytest.raises(InHouseError, match=r"line 1: the columns must be text, attack"):
        _read(tmp_path, "text,attack\nHello,0\n")


def test_each_harm_has_harmless_comments_beside_it_in_both_areas() -> None:
    """Neither a label nor a country may be told from the other by count alone."""
    count = Counter(
        (comment.area, label, value)
        for comment in in_house.comments()
        for label, value in comment.labels.items()
    )
    for area in ("IN", "XX"):
        for label in in_house.LABELS:
            assert count[area, label, 1.0] >= 80
            assert count[area, label, 0.0] >= 80


def test_nothing_is_taken_from_the_suite_that_measures() -> None:
    """No comment is nearly a case of the suite, else the suite would measure memory."""
    ours = [comment.text for comment in in_house.comments()]
    theirs = [case.text for case in functional_cases.cases()]
    alike = process.cdist(
        ours, theirs, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=75
    )
    assert [ours[row] for row in alike.max(axis=1).nonzero()[0]] == []
