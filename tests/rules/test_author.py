"""author: a person reads first who is new here, or was often refused."""

import pytest

from moderation import Comment
from moderation.comment import Past
from moderation.rules.author import Settings, check
from moderation.text.reading import read


@pytest.mark.parametrize(
    "past",
    [
        pytest.param(None, id="nothing is known of the author"),
        pytest.param(Past(comments=1, refused=0.0), id="the first comment was read already"),
        pytest.param(Past(comments=3, refused=1.0), id="too few comments to judge an author by"),
        pytest.param(Past(comments=40, refused=0.3), id="some refusals among many comments"),
    ],
)
def test_must_not_fire(past: Past | None) -> None:
    """An author in good standing is not held."""
    assert check(read(Comment("Well said.", past=past)), Settings()) is None


def test_a_new_author() -> None:
    """The first comments wait for a person, as many as the newspaper says."""
    finding = check(read(Comment("Well said.", past=Past(0, 0.0))), Settings())
    assert finding is not None
    assert (finding.score, finding.spans) == (1.0, ())
    assert check(read(Comment("Well said.", past=Past(2, 0.0))), Settings(first_comments=3))


def test_an_author_often_refused() -> None:
    """The score is the share refused."""
    finding = check(read(Comment("Well said.", past=Past(10, 0.7))), Settings())
    assert finding is not None
    assert finding.score == pytest.approx(0.7)
