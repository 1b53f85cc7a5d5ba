"""The teacher of the sentences model. Needs torch and the pretrained weights."""

import random

import pytest

from moderation.text.reading import read
from moderation.training.sentences.fragments import Example

pytest.importorskip("torch")
pytest.importorskip("all_minilm_l6_v2")

FULL = ("He lied to us.", "The bus was late again.", "Stop this nonsense now.", "They know it.")
FRAGMENTS = (
    "A great day for us.",
    "Because he lied.",
    "Total failure again.",
    "In the name of God.",
)


def labelled(texts: tuple[str, ...], full: bool) -> list[Example]:
    """Return the texts as examples with a role for every token."""
    sentences = [read(text).tokens for text in texts]
    return [Example(tokens, ["N"] * (len(tokens) - 1) + ["X"], full) for tokens in sentences]


def test_teacher_tells_sentences_from_fragments() -> None:
    """After eight epochs it separates its training examples, and keeps their order."""
    from moderation.training.sentences.teacher import Teacher

    teacher = Teacher(["N", "X"], seed=0)
    examples = labelled(FULL, True) + labelled(FRAGMENTS, False)
    teacher.fit(lambda: list(examples), 8, random.Random(0))  # noqa: S311 - no secret
    predicted = teacher.label(examples)
    probabilities = [example.full for example in predicted]
    assert min(probabilities[: len(FULL)]) > max(probabilities[len(FULL) :])
    assert [example.roles for example in predicted] == [example.roles for example in examples]
    assert [example.tokens for example in predicted] == [example.tokens for example in examples]
    reversed_order = [example.full for example in teacher.label(examples[::-1])]
    assert reversed_order == pytest.approx(probabilities[::-1], abs=1e-4)
