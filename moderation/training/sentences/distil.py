"""What the sentences model learns from, beside the treebank: our own sentences, and comments.

Neither knows the roles of its words, and comments not even whether they are full. A large reader,
fine-tuned on both, says so (`training/teacher.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from moderation.training.sentences.dataset import Group, own, unlabelled
from moderation.training.sentences.fragments import Example, disturbed

if TYPE_CHECKING:  # it needs torch, and half of a minute to come
    from moderation.training.sentences.teacher import Teacher

_TAUGHT = 40_000  # sentences of comments that it labels


class Lessons(NamedTuple):
    """Our own sentences, each disturbed too, and sentences of comments, half of them disturbed."""

    ours: list[Group]
    comments: list[Group]


def lessons(
    groups: Sequence[Group], texts: Sequence[str], epochs: int, seed: int, draw: random.Random
) -> Lessons:
    """What there is to learn beside `groups`; roles are known after a teacher's `epochs`.

    Where those are 0 there is no teacher, and of comments nothing. They are drawn from `texts`.
    """
    ours = [one for part, one in own() if part == "train"]
    comments: list[Example] = []
    if epochs:
        teacher = _school(groups, ours, epochs, seed)
        said = teacher.taught(ours)
        ours = [it._replace(full=one.full) for one, it in zip(ours, said, strict=True)]
        comments = teacher.taught(unlabelled(draw.sample(texts, len(texts)), _TAUGHT, draw))
    return Lessons(
        [[one, disturbed(one, draw)] for one in ours],
        [[disturbed(one, draw) if draw.random() < 0.5 else one] for one in comments],
    )


def _school(groups: Sequence[Group], ours: Sequence[Example], epochs: int, seed: int) -> Teacher:
    """A teacher that has learned from the trees of `groups` and our own sentences."""
    from moderation.training.sentences.teacher import Teacher

    draw = random.Random(seed)  # noqa: S311 - not for secrets

    def epoch() -> list[Example]:
        wholes = [group[0] for group in groups]
        cut = [part for group in groups for part in group[2:]]
        drawn = [*wholes, *cut, *ours, *ours]
        return [disturbed(one, draw) if draw.random() < 0.5 else one for one in drawn]

    roles = {role for group in groups for role in group[0].roles or ()}
    teacher = Teacher(sorted(roles), seed)
    teacher.learn(epoch, epochs, draw)
    return teacher
