"""author: a person first reads new authors, and authors often rejected."""

import pytest

from moderation import Comment
from moderation.comment import Past
from moderation.rules.author import Settings, check
from moderation.text.reading import read


@pytest.mark.parametrize(
    "past",
    [
        pytest.param(None, id="an author without a record"),
        pytest.param(Past(comments=1, refused=0.0), id="the second comment"),
        pytest.param(Past(comments=3, refused=1.0), id="too few comments for a record"),
        pytest.param(Past(comments=40, refused=0.3), id="some rejections among many comments"),
    ],
)
def test_must_not_fire(past: Past | None) -> None:
    """The rule does not hold an author in good standing."""
    assert check(read(Comment("Well said.", past=past)), Settings()) is None


def test_a_new_author() -> None:
    """The first comments wait for a person. Their number is a setting."""
    finding = check(read(Comment("Well said.", past=Past(0, 0.0))), Settings())
    assert finding is not None
    assert (finding.score, finding.spans) == (1.0, ())
    assert check(read(Comment("Well said.", past=Past(2, 0.0))), Settings(first_comments=3))


def test_an_author_often_rejected() -> None:
    """The score is the share of rejections."""
    finding = check(read(Comment("Well said.", past=Past(10, 0.7))), Settings())
    assert finding is not None
    assert finding.score == pytest.approx(0.7)
