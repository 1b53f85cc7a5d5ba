"""gather: each text once, as it will be read, with what every set says of it."""

from moderation.training import lessons
from moderation.training.corpora import Row
from moderation.training.gather import gather


def test_twins_share_a_row() -> None:
    """A text that stands twice has the mean of its values and is natural if one of them was."""
    rows = [
        Row("You fool", "a", {"a.x": 1.0}),
        Row("You fool", "a", {"a.x": 0.0}, natural=True),
    ]
    found = gather(rows, ["a.x"])
    assert found.texts == ["You fool"]
    assert found.labels["a.x"].values.tolist() == [0.5]
    assert found.natural.tolist() == [True]


def test_only_what_is_asked() -> None:
    """Rows that say nothing about the labels asked for take no room."""
    found = gather([Row("You fool", "a", {"a.y": 1.0})], ["a.x"])
    assert found.texts == []
    assert found.sources == {}


def test_disguises_are_undone() -> None:
    """Training reads what serving reads."""
    assert gather([Row("You f00l 1d10t", "a", {"a.x": 1.0})], ["a.x"]).texts == ["You fool idiot"]


def test_parts_and_natural_rows() -> None:
    """`of` gives the rows of the parts asked for, natural ones only where asked."""
    rows = [
        Row(f"comment {number}", "a", {"a.x": float(number % 2)}, natural=number < 50)
        for number in range(100)
    ]
    found = gather(rows, ["a.x"])
    parts = [found.of("a.x", part) for part in ("train", "validation", "test")]
    assert sum(len(part.rows) for part in parts) == 100
    assert max(found.of("a.x", "train", natural=True).rows) < 50


def test_lessons_are_repeatable() -> None:
    """The same seed gives the same lessons; names go into a tenth of the harmless texts."""
    assert [row.text for row in lessons.rows(3)] == [row.text for row in lessons.rows(3)]
    plain = [f"a comment about road number {number}" for number in range(50)]
    named = lessons.named(plain, 3)
    assert named == lessons.named(plain, 3)
    assert len(named) == 5
