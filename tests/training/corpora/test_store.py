"""gather: each text once, as it will be read, with what every set says of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.training.corpora import synthetic
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.splits import Part
from moderation.training.corpora.store import collect

PARTS: tuple[Part, ...] = ("train", "validation", "test")


def test_twins_share_a_row() -> None:
    """A text that stands twice has the mean of its values and is natural if one of them was."""
    rows = [
        Row("You fool", "a", {"a.x": 1.0}),
        Row("You fool", "a", {"a.x": 0.0}, natural=True),
    ]
    with collect(rows, ["a.x"]) as found:
        assert list(found.texts()) == ["You fool"]
        said = found.of("a.x", "train", "validation", "test", natural=True)
        assert (said.rows.tolist(), said.values.tolist()) == ([0], [0.5])
        assert found.sources() == {"a": 2}


def test_only_what_is_asked() -> None:
    """Rows that say nothing about the labels asked for take no room."""
    with collect([Row("You fool", "a", {"a.y": 1.0})], ["a.x"]) as found:
        assert len(found) == 0
        assert found.sources() == {}


def test_disguises_are_undone() -> None:
    """Training reads what serving reads."""
    with collect([Row("You f00l 1d10t", "a", {"a.x": 1.0})], ["a.x"]) as found:
        assert list(found.texts()) == ["You fool idiot"]


def test_parts_and_natural_rows() -> None:
    """`of` gives the rows of the parts asked for, natural ones only where asked."""
    rows = [
        Row(f"comment {number}", "a", {"a.x": float(number % 2)}, natural=number < 50)
        for number in range(100)
    ]
    with collect(rows, ["a.x"]) as found:
        parts = [found.of("a.x", part) for part in PARTS]
        assert sum(len(part.rows) for part in parts) == 100
        assert max(found.of("a.x", "train", natural=True).rows) < 50
        for part, said in zip(PARTS, parts, strict=True):
            assert found.rows(part).tolist() == said.rows.tolist()
            assert list(found.texts(said.rows)) == [f"comment {row}" for row in said.rows]


def test_a_file_is_taken_as_it_is_or_filled_whole(tmp_path: Path) -> None:
    """Reading that breaks off leaves nothing; what was read whole is not read again."""

    def broken() -> Iterator[Row]:
        yield Row("You fool", "a", {"a.x": 1.0})
        raise OSError("the disk has gone")

    file = tmp_path / "comments.sqlite"
    with pytest.raises(OSError, match="gone"), collect(broken(), ["a.x"], file):
        pass
    with collect([Row("Well said", "a", {"a.x": 0.0})], ["a.x"], file) as found:
        assert list(found.texts()) == ["Well said"]
    with collect(broken(), ["a.x"], file) as found:
        assert list(found.texts()) == ["Well said"]


def test_lessons_are_repeatable() -> None:
    """The same seed gives the same lessons; names go into a tenth of the harmless texts."""
    assert [row.text for row in synthetic.rows(3)] == [row.text for row in synthetic.rows(3)]
    plain = [f"a comment about road number {number}" for number in range(50)]
    named = synthetic.named(plain, 3)
    assert named == synthetic.named(plain, 3)
    assert len(named) == 5
