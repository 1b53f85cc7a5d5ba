"""length: a comment says something, and not too much of it."""

import pytest

from moderation.rules.length import Settings, check
from moderation.text.reading import read


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Well said.", id="two words are a comment"),
        pytest.param("Shame!", id="one word can say it"),
        pytest.param("बहुत अच्छा", id="words of any script count"),
        pytest.param("word " * 600, id="at the limit"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Short and long comments that say something pass."""
    assert check(read(comment), Settings()) is None


@pytest.mark.parametrize("comment", ["🙏🙏🙏", "!!!", "https://example.com/a"])
def test_no_words(comment: str) -> None:
    """The finding marks the whole of a comment without words."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert finding.spans[0].text == comment


def test_too_long() -> None:
    """The span begins at the first word over the limit."""
    finding = check(read("one two three four"), Settings(most_words=2))
    assert finding is not None
    assert finding.message == "Shorten your comment to 2 words; it has 4."
    assert finding.spans[0].text == "three four"
