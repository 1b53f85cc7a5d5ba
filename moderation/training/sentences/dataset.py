"""Load the dataset of the sentences model.

It has three sources: the treebank (sentences with their grammar), the in-house sentences and
fragments, and sentences of readers' comments, which have no labels.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from moderation.paths import DATA
from moderation.text.reading import read
from moderation.training.corpora import splits
from moderation.training.sentences.fragments import (
    Example,
    cut_piece,
    example_of,
    fragments,
    perturb,
)
from moderation.training.sentences.treebank import Tree, trees

IN_HOUSE = DATA / "sentences.csv"
TRAIN, DEV = "sentences/en_ewt-train.conllu.gz", "sentences/en_ewt-dev.conllu.gz"
_MAX_TOKENS = 40  # of a comment's sentence
_PIECE_RATE = 0.4  # the share of comments' sentences that are cut to a piece
_PERTURBED_FRAGMENTS = 0.6  # the share of fragments cut out of a tree that are perturbed

Group = list[Example]
"""A sentence of the treebank, the same perturbed, and the fragments cut out of it."""


def in_house(path: Path = IN_HOUSE) -> Iterator[tuple[str, Example]]:
    """Yield the in-house sentences and fragments as examples, each after its split.

    The split is 'train' or 'test'.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["part"], Example(read(row["text"]).tokens, None, row["full"] == "1")


def groups(path: Path, rng: random.Random) -> dict[splits.Part, list[Group]]:
    """Return groups of examples made from a treebank's file, by split.

    A group is made of one sentence of the treebank: the sentence itself, the sentence with changes
    such as typing errors, and fragments that were cut out of it. The split depends on the text of
    the sentence.
    """
    by_part: dict[splits.Part, list[Group]] = {"train": [], "validation": [], "test": []}
    for tree in trees(path):
        if group := _group(tree, rng):
            by_part[splits.part(tree.text)].append(group)
    return by_part


def _group(tree: Tree, rng: random.Random) -> Group:
    sentence = example_of(tree)
    if sentence is None:
        return []
    cut = [
        perturb(fragment, rng) if rng.random() < _PERTURBED_FRAGMENTS else fragment
        for fragment in fragments(tree, sentence, rng)
    ]
    return [sentence, perturb(sentence, rng), *cut]


def unlabelled(texts: Iterable[str], count: int, rng: random.Random) -> list[Example]:
    """Return at most `count` sentences from comments, for the teacher to label.

    Each text gives at most one sentence. Some sentences are cut to a piece. The sentences have no
    labels yet: their roles are None, and `full` is False.
    """
    examples: list[Example] = []
    for raw in texts:
        text = read(raw[: _MAX_TOKENS * 20])
        if not text.sentences:
            continue
        sentence = rng.choice(text.sentences)
        tokens = [token for token in text.tokens if sentence.start <= token.start < sentence.end]
        if rng.random() < _PIECE_RATE:
            tokens = cut_piece(tokens, rng) or tokens
        if len(tokens) <= _MAX_TOKENS and any(token.kind == "word" for token in tokens):
            examples.append(Example(tokens, None, False))
        if len(examples) == count:
            break
    return examples
