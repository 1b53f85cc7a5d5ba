"""The words shown behind a score."""

from __future__ import annotations

import pytest

from moderation.scoring.explain import spans
from moderation.text.reading import Text, Weight, read


def _weighed(comment: str, shares: dict[str, float]) -> Text:
    """Return the text of a comment, with the weights of some of its pieces."""
    text = read(comment)
    weights = [
        Weight(text.clean.index(piece), text.clean.index(piece) + len(piece), share)
        for piece, share in shares.items()
    ]
    text.explain = lambda _: weights
    return text


@pytest.mark.parametrize(
    ("comment", "shares", "shown"),
    [
        ("He is a stup*d man.", {"d man": 0.6, "stup": 0.4}, ["stup*d man"]),
        ("He is a stup*d man.", {"man": 0.4, "stup": 0.35, "is": 0.25}, ["stup*d man"]),
        ("He is f*** rude.", {"f": 1.0}, ["f***"]),
        ("He is a s t u p i d man.", {"d ": 0.7, "man": 0.2}, ["s t u p i d"]),
        ("He is a dull man.", {"dull": 0.7, "man": 0.2}, ["dull"]),
    ],
)
def test_a_disguised_word_is_shown_whole(
    comment: str, shares: dict[str, float], shown: list[str]
) -> None:
    """It does not matter which of its pieces weighed. Their shares add up."""
    assert [span.text.strip() for span in spans(_weighed(comment, shares), "abuse")] == shown


def test_the_shares_of_pieces_add_up() -> None:
    """Two light pieces of one word together outweigh a heavier word, so only it is shown."""
    text = _weighed("Such a stup*d plan.", {"plan": 0.34, "stup": 0.33, "*d": 0.33})
    assert [span.text for span in spans(text, "abuse")] == ["stup*d"]
