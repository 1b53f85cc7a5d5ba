"""Sentences of comments, labelled by a large reader for the judge to learn from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from moderation.training.examples import Group, own, unlabelled
from moderation.training.fragments import Example, disturbed

if TYPE_CHECKING:  # it needs torch, and half of a minute to come
    from moderation.training.teacher import Teacher

_TAUGHT = 60_000  # sentences of comments that it labels


class Lessons(NamedTuple):
    """Sentences of comments, and the chance that each is full, as the teacher says."""

    examples: list[Example]
    chances: list[float]


def lessons(
    groups: Sequence[Group], texts: Sequence[str], epochs: int, seed: int, draw: random.Random
) -> Lessons:
    """What a teacher says, after it has learned for `epochs`; nothing where that is 0.

    The sentences are drawn from `texts`; half of them are disturbed thereafter.
    """
    if not epochs:
        return Lessons([], [])
    teacher = _school(groups, epochs, seed)
    plain = unlabelled(draw.sample(texts, len(texts)), _TAUGHT, draw)
    chances = list(teacher.say(plain))
    changed = [disturbed(one, draw) if draw.random() < 0.5 else one for one in plain]
    return Lessons(changed, chances)


def _school(groups: Sequence[Group], epochs: int, seed: int) -> Teacher:
    """A teacher that has learned from the trees of `groups` and our own sentences."""
    from moderation.training.teacher import Teacher

    draw = random.Random(seed)  # noqa: S311 - not for secrets
    ours = [one for part, one in own() if part == "train"]

    def epoch() -> list[Example]:
        wholes = [group[0] for group in groups]
        cut = [part for group in groups for part in group[2:]]
        drawn = wholes + cut + ours + ours
        return [disturbed(one, draw) if draw.random() < 0.5 else one for one in drawn]

    roles = {role for group in groups for role in group[0].roles or ()}
    teacher = Teacher(sorted(roles), seed)
    teacher.learn(epoch, epochs, draw)
    return teacher
