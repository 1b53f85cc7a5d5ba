"""Hostile comments get a decision: no exception, no span outside the text, no long wait.

The bound guards against work that grows with the square of the length (minutes at twenty
kilobytes). It does not measure speed: `benchmarks/hostile.py` does.
"""

from __future__ import annotations

import time

import pytest

from moderation import Comment, Moderator
from moderation.comment import Format
from tests.shapes import shapes

BOUND = 2.0  # seconds of this process; the slowest shape takes a tenth
BROKEN = "could not be checked"

SHAPES = dict(shapes())
CASES = [(name, "plain") for name in SHAPES] + [
    (name, "html") for name, text in SHAPES.items() if "<" in text or "&" in text
]


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    """The shipped policy and models."""
    return Moderator.load()


@pytest.mark.parametrize(("name", "form"), CASES)
def test_hostile_shape(name: str, form: Format, moderator: Moderator) -> None:
    """Every check and model handles the shape in time, and spans are inside the text."""
    text = SHAPES[name]
    started = time.process_time()
    decision = moderator.moderate(Comment(text, format=form))
    took = time.process_time() - started
    reasons = [*decision.reasons, *decision.observed]
    assert not [reason.rule for reason in reasons if BROKEN in reason.finding.message]
    assert decision.scores.keys() == _heads(moderator)
    for reason in reasons:
        for span in reason.finding.spans:
            assert 0 <= span.start < span.end <= len(text)
            assert span.text == text[span.start : span.end]
    assert took < BOUND


def test_shapes_are_as_long_as_a_comment_may_be() -> None:
    """Each shape has the greatest length of a comment, except for a few bytes."""
    sizes = {name: len(text.encode()) for name, text in SHAPES.items()}
    assert all(20_470 <= size <= 20_480 for size in sizes.values()), sizes


def _heads(moderator: Moderator) -> set[str]:
    return {head for scorer in moderator.models.scorers.values() for head in scorer.heads}
