"""Distil a large model, the teacher, into the small sentences model.

The teacher labels training data that have no labels: the in-house sentences have no roles, and
sentences of comments have no labels at all. The teacher is a transformer that was fine-tuned on the
treebank and the in-house sentences (`teacher.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from moderation.training.sentences.dataset import Group, in_house, unlabelled
from moderation.training.sentences.fragments import Example, perturb

if TYPE_CHECKING:  # it needs torch, which is optional and slow to import
    from moderation.training.sentences.teacher import Teacher

_COMMENT_SENTENCES = 40_000  # sentences of comments that the teacher labels


class Distilled(NamedTuple):
    """Examples that the teacher has labelled, to train on together with the treebank.

    Examples made from one sentence form a group. `in_house` has each in-house sentence twice:
    unchanged, and with changes such as typing errors. `comments` has sentences of comments, and
    about half of them have such changes.
    """

    in_house: list[Group]
    comments: list[Group]


def distil(
    groups: Sequence[Group], texts: Sequence[str], epochs: int, seed: int, rng: random.Random
) -> Distilled:
    """Train a teacher for `epochs`, and let it label in-house sentences and sentences of `texts`.

    The teacher is a transformer. It is trained on `groups`, which are examples from the treebank,
    and on the in-house sentences. If `epochs` is 0, there is no teacher. The in-house sentences
    then have no roles, and the result has no sentences of comments.
    """
    own_sentences = [example for part, example in in_house() if part == "train"]
    comments: list[Example] = []
    if epochs:
        teacher = _train_teacher(groups, own_sentences, epochs, seed)
        labelled = teacher.label(own_sentences)
        own_sentences = [
            new._replace(full=old.full) for old, new in zip(own_sentences, labelled, strict=True)
        ]
        shuffled = rng.sample(texts, len(texts))
        comments = teacher.label(unlabelled(shuffled, _COMMENT_SENTENCES, rng))
    return Distilled(
        [[example, perturb(example, rng)] for example in own_sentences],
        [[perturb(example, rng) if rng.random() < 0.5 else example] for example in comments],
    )


def _train_teacher(
    groups: Sequence[Group], own_sentences: Sequence[Example], epochs: int, seed: int
) -> Teacher:
    """Return a teacher trained on the examples of `groups` and on the in-house sentences.

    The groups are from the treebank. `own_sentences` are the in-house sentences.
    """
    from moderation.training.sentences.teacher import Teacher

    rng = random.Random(seed)  # noqa: S311 - not for secrets

    def sample_epoch() -> list[Example]:
        sentences = [group[0] for group in groups]
        cut = [fragment for group in groups for fragment in group[2:]]
        examples = [*sentences, *cut, *own_sentences, *own_sentences]
        return [perturb(example, rng) if rng.random() < 0.5 else example for example in examples]

    roles = {role for group in groups for role in group[0].roles or ()}
    teacher = Teacher(sorted(roles), seed)
    teacher.fit(sample_epoch, epochs, rng)
    return teacher
