"""spam: advertising and lures, not comments that mention money, calls or channels."""

from collections.abc import Callable

import pytest

from moderation.policy import Policy
from moderation.rules.spam import Settings, check
from moderation.text.reading import Text

REVIEW = Policy.load().rules["spam"].thresholds.review

Judge = Callable[[str], Text]


def _score(judged: Judge, comment: str) -> float:
    finding = check(judged(comment), Settings())
    return finding.score if finding else 0.0


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
def test_must_not_fire(judged: Judge, comment: str) -> None:
    """Words that spam likes stand in honest comments too."""
    assert _score(judged, comment) < float(REVIEW)


@pytest.mark.parametrize(
    "comment",
    [
        "Check out my channel and subscribe!!!",
        "You have won a free prize, call now to claim 1000 pounds cash",
        "I make $5000 a week working from home, check out this website http://www.example.com",
    ],
)
def test_spam(judged: Judge, comment: str) -> None:
    """Advertising and lures come to a person at least."""
    assert _score(judged, comment) >= float(REVIEW)


def test_spans(judged: Judge) -> None:
    """The words of the offer are marked."""
    finding = check(judged("Nice. Check out my channel and subscribe please"), Settings())
    assert finding is not None
    assert "subscribe" in " ".join(span.text for span in finding.spans)
