"""The teacher of the sentences model, where torch and the published weights are installed."""

import random

import pytest

from moderation.text import read
from moderation.training.fragments import Example

pytest.importorskip("torch")
pytest.importorskip("all_minilm_l6_v2")

FULL = ("He lied to us.", "The bus was late again.", "Stop this nonsense now.", "They know it.")
CUT = ("A great day for us.", "Because he lied.", "Total failure again.", "In the name of God.")


def examples(texts: tuple[str, ...], full: bool) -> list[Example]:
    """Sentences with a role for every token."""
    found = [read(text).tokens for text in texts]
    return [Example(tokens, ["N"] * (len(tokens) - 1) + ["X"], full) for tokens in found]


def test_it_learns_to_tell_sentences_from_fragments() -> None:
    """After five epochs what it was shown is told apart, and answers come in the order asked."""
    from moderation.training.teacher import Teacher

    teacher = Teacher(["N", "X"], seed=0)
    shown = examples(FULL, True) + examples(CUT, False)
    teacher.learn(lambda: list(shown), 5, random.Random(0))  # noqa: S311 - no secret
    said = list(teacher.say(shown))
    assert min(said[: len(FULL)]) > max(said[len(FULL) :])
    assert list(teacher.say(shown[::-1])) == pytest.approx(said[::-1], abs=1e-4)
