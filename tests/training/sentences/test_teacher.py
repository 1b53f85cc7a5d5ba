"""The teacher of the sentences model, where torch and the published weights are installed."""

import random

import pytest

from moderation.text.reading import read
from moderation.training.sentences.fragments import Example

pytest.importorskip("torch")
pytest.importorskip("all_minilm_l6_v2")

FULL = ("He lied to us.", "The bus was late again.", "Stop this nonsense now.", "They know it.")
CUT = ("A great day for us.", "Because he lied.", "Total failure again.", "In the name of God.")


def examples(texts: tuple[str, ...], full: bool) -> list[Example]:
    """Sentences with a role for every token."""
    found = [read(text).tokens for text in texts]
    return [Example(tokens, ["N"] * (len(tokens) - 1) + ["X"], full) for tokens in found]


def test_it_learns_to_tell_sentences_from_fragments() -> None:
    """After eight epochs what it was shown is told apart, and answers come in the order asked."""
    from moderation.training.sentences.teacher import Teacher

    teacher = Teacher(["N", "X"], seed=0)
    shown = examples(FULL, True) + examples(CUT, False)
    teacher.learn(lambda: list(shown), 8, random.Random(0))  # noqa: S311 - no secret
    said = teacher.taught(shown)
    chances = [one.full for one in said]
    assert min(chances[: len(FULL)]) > max(chances[len(FULL) :])
    assert [one.roles for one in said] == [one.roles for one in shown]
    assert [one.tokens for one in said] == [one.tokens for one in shown]
    backwards = [one.full for one in teacher.taught(shown[::-1])]
    assert backwards == pytest.approx(chances[::-1], abs=1e-4)
