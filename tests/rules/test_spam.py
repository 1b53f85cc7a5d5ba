"""spam: the rule finds advertising and lures, not comments about money, calls or channels."""

from collections.abc import Callable

import pytest

from moderation.decision import Finding

Find = Callable[[str], Finding | None]
Score = Callable[[str], float]


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I read about this in the Hindu today.", id="another newspaper"),
        pytest.param("Call the minister to account.", id="a call"),
        pytest.param("The channel showed the debate live last night.", id="a channel"),
        pytest.param("Rs. 500 cr. was offered and nobody was arrested.", id="money"),
        pytest.param("He won the Nobel Prize for economics.", id="a prize"),
    ],
)
def test_must_not_fire(score: Score, review: float, comment: str) -> None:
    """Honest comments may use the usual words of spam."""
    assert score(comment) < review


@pytest.mark.parametrize(
    "comment",
    [
        "Check out my channel and subscribe!!!",
        "You have won a free prize, call now to claim 1000 pounds cash",
        "I make $5000 a week working from home, check out this website http://www.example.com",
    ],
)
def test_spam(score: Score, review: float, comment: str) -> None:
    """Advertising and lures go to a person at least."""
    assert score(comment) >= review


def test_spans(find: Find) -> None:
    """The finding marks the words of the offer."""
    finding = find("Nice. Check out my channel and subscribe please")
    assert finding is not None
    assert "subscribe" in " ".join(span.text for span in finding.spans)
