"""What the sentences model learns from: the treebank, our own sentences, parts of comments."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from moderation.paths import DATA
from moderation.text.reading import read
from moderation.training.corpora import splits
from moderation.training.sentences.fragments import Example, disturbed, example, fragments, piece
from moderation.training.sentences.treebank import Tree, trees

OWN = DATA / "sentences.csv"
TRAIN, DEV = "sentences/en_ewt-train.conllu.gz", "sentences/en_ewt-dev.conllu.gz"
_LONGEST = 40  # tokens of a comment's sentence
_CUT = 0.4  # how often only a part of it is taken
_CUT_DISTURBED = 0.6  # how often a fragment cut out of a tree is disturbed

Group = list[Example]
"""A sentence of the treebank, the same disturbed, and fragments cut out of it."""


def own(path: Path = OWN) -> Iterator[tuple[str, Example]]:
    """Our own sentences and fragments: the part ('train' or 'test') and the example."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["part"], Example(read(row["text"]).tokens, None, row["full"] == "1")


def groups(path: Path, draw: random.Random) -> dict[splits.Part, list[Group]]:
    """The sentences of a treebank by the part that their text falls in."""
    found: dict[splits.Part, list[Group]] = {"train": [], "validation": [], "test": []}
    for tree in trees(path):
        if group := _group(tree, draw):
            found[splits.part(tree.text)].append(group)
    return found


def _group(tree: Tree, draw: random.Random) -> Group:
    whole = example(tree)
    if whole is None:
        return []
    cut = [
        disturbed(part, draw) if draw.random() < _CUT_DISTURBED else part
        for part in fragments(tree, whole, draw)
    ]
    return [whole, disturbed(whole, draw), *cut]


def unlabelled(texts: Iterable[str], count: int, draw: random.Random) -> list[Example]:
    """One sentence of each text, or a part of it, until there are enough; never called full."""
    found: list[Example] = []
    for raw in texts:
        text = read(raw[: _LONGEST * 20])
        if not text.sentences:
            continue
        sentence = draw.choice(text.sentences)
        tokens = [one for one in text.tokens if sentence.start <= one.start < sentence.end]
        if draw.random() < _CUT:
            tokens = piece(tokens, draw) or tokens
        if len(tokens) <= _LONGEST and any(token.kind == "word" for token in tokens):
            found.append(Example(tokens, None, False))
        if len(found) == count:
            break
    return found
