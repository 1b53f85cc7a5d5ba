"""The label store: each text once, as the service reads it, with the labels of all corpora."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.training.corpora import synthetic
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.splits import Part
from moderation.training.corpora.store import collect

PARTS: tuple[Part, ...] = ("train", "validation", "test")


def test_duplicates_share_a_row() -> None:
    """They get the mean of their values. They are natural if one of them is."""
    rows = [
        Row("You fool", "a", {"a.x": 1.0}),
        Row("You fool", "a", {"a.x": 0.0}, natural=True),
    ]
    with collect(rows, ["a.x"]) as label_store:
        assert list(label_store.texts()) == ["You fool"]
        labels = label_store.of("a.x", "train", "validation", "test", natural=True)
        assert (labels.rows.tolist(), labels.values.tolist()) == ([0], [0.5])
        assert label_store.sources() == {"a": 2}


def test_rows_without_a_wanted_label_are_not_stored() -> None:
    """They do not count as rows of their source either."""
    with collect([Row("You fool", "a", {"a.y": 1.0})], ["a.x"]) as label_store:
        assert len(label_store) == 0
        assert label_store.sources() == {}


def test_disguises_are_undone() -> None:
    """Training reads the same text as the service."""
    with collect([Row("You f00l 1d10t", "a", {"a.x": 1.0})], ["a.x"]) as label_store:
        assert list(label_store.texts()) == ["You fool idiot"]


def test_parts_and_natural_rows() -> None:
    """`of` returns the rows of the given splits; with `natural` only natural ones."""
    rows = [
        Row(f"comment {number}", "a", {"a.x": float(number % 2)}, natural=number < 50)
        for number in range(100)
    ]
    with collect(rows, ["a.x"]) as label_store:
        parts = [label_store.of("a.x", part) for part in PARTS]
        assert sum(len(labels.rows) for labels in parts) == 100
        assert max(label_store.of("a.x", "train", natural=True).rows) < 50
        for part, labels in zip(PARTS, parts, strict=True):
            assert label_store.rows(part).tolist() == labels.rows.tolist()
            assert list(label_store.texts(labels.rows)) == [f"comment {row}" for row in labels.rows]


def test_a_file_is_complete_or_empty(tmp_path: Path) -> None:
    """After an interruption it is filled again. A complete file is used as it is."""

    def broken() -> Iterator[Row]:
        yield Row("You fool", "a", {"a.x": 1.0})
        raise OSError("the disk has gone")

    file = tmp_path / "comments.sqlite"
    with pytest.raises(OSError, match="gone"), collect(broken(), ["a.x"], file):
        pass
    with collect([Row("Well said", "a", {"a.x": 0.0})], ["a.x"], file) as label_store:
        assert list(label_store.texts()) == ["Well said"]
    with collect(broken(), ["a.x"], file) as label_store:
        assert list(label_store.texts()) == ["Well said"]


def test_synthetic_rows_are_repeatable() -> None:
    """The same seed gives the same rows. Names are added to a tenth of the harmless texts."""
    assert [row.text for row in synthetic.rows(3)] == [row.text for row in synthetic.rows(3)]
    plain = [f"a comment about road number {number}" for number in range(50)]
    named = synthetic.with_names(plain, 3)
    assert named == synthetic.with_names(plain, 3)
    assert len(named) == 5
