"""What the careful reader learns from: which rows, which tasks they speak about, in what batches.

Sets that use the same word mean different things by it, so each label of each source is a task
with an output of its own; a row trains only the tasks that its set speaks about.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.scoring.onnx import prepared
from moderation.text.reading import read
from moderation.training.corpora import catalogue, in_house
from moderation.training.corpora.contrast_pairs import contrast_pairs
from moderation.training.transformer.augment import augment

LENGTH = 96  # tokens of a text: its head and its tail
TAIL = 24
BATCH = 32
POOL = 40  # batches sorted by length together
TWINS = 4_000

# One annotation under two names is one task.
SAME = {
    "jigsaw_binary.toxic": "jigsaw.toxic",
    "hatemoji.hate": "dynahate.hate",
    "hatemoji.threat": "dynahate.threat",
}
# What a neutral mention of an identity says to the others.
NEUTRAL = (
    "jigsaw.toxic jigsaw.identity civil.toxic dynahate.hate hatexplain.hate implicit.hate".split()
)
LEFT_OUT = {"spans.marked"}  # the comments of `civil` again
NOT_READ = {"own.spam"}  # by this network
# The share of rows drawn in an epoch: of those with some label from a half on, and of the others.
# A share over 1 draws a row more than once.
DRAWN = {
    "jigsaw": (1.0, 0.55),
    "jigsaw_binary": (1.0, 0.5),
    "paradetox": (1.0, 0.6),
    "cannot_rewrite": (0.5, 0.5),
    "identity": (1.0, 0.4),
    "edos": (1.0, 0.35),
    "implicit": (0.9, 0.6),
    "davidson": (0.2, 0.7),
    "hatexplain": (0.7, 0.7),
    "stormfront": (1.0, 0.4),
    "sms_spam": (1.0, 0.5),
    "own_comments": (3.0, 3.0),
}
WEIGHT = {"davidson": 0.3}  # its labels follow dialect

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """A text with its targets by task."""

    text: str
    source: str
    targets: dict[str, float]


def tasks(folder: Path) -> list[str]:
    """The tasks of a careful model that is there already, in the order of its outputs."""
    found: list[str] = json.loads((folder / "card.json").read_text("utf-8"))["tasks"]
    return found


def examples(rows: Iterable[catalogue.Row], seed: int) -> Iterator[Example]:
    """The rows that train, with their tasks, our own comments that do, and our own twins."""
    for row in rows:
        targets = {SAME.get(name, name): value for name, value in row.labels.items()}
        if row.source == "identity":
            targets = dict.fromkeys(NEUTRAL, 0.0)
        if row.part == "train" and not LEFT_OUT.intersection(targets):
            yield Example(read(row.text).clean, row.source, targets)
    for comment in in_house.comments():
        if comment.part == "train":
            targets = {name: it for name, it in comment.named.items() if name not in NOT_READ}
            yield Example(read(comment.text).clean, "own_comments", targets)
    for twin in contrast_pairs(TWINS, seed):
        said = {"own.hate": twin.hate, "own.attack": twin.attack}
        targets = {name: value for name, value in said.items() if value is not None}
        if twin.hate == 0:
            targets |= dict.fromkeys(NEUTRAL, 0.0)
        elif twin.hate:
            targets["dynahate.hate"] = 1.0
        yield Example(twin.text, "own", targets)


def drawn(pool: Sequence[Example], draw: random.Random) -> list[Example]:
    """One epoch's rows: all that are rare and telling, a share of the plentiful."""
    kept = []
    for example in pool:
        harmful, harmless = DRAWN.get(example.source, (1.0, 1.0))
        share = harmful if max(example.targets.values()) >= 0.5 else harmless
        kept += [example] * int(share + draw.random())
    draw.shuffle(kept)
    return kept


def clipped(ids: Sequence[int], length: int = LENGTH, tail: int = TAIL) -> list[int]:
    """Head and tail of a long text; its first and last token are always kept.

    >>> clipped([1, 2, 3, 4, 5, 6], length=4, tail=1)
    [1, 2, 3, 6]
    """
    return list(ids) if len(ids) <= length else [*ids[: length - tail], *ids[-tail:]]


@dataclass(frozen=True)
class Batch:
    """Rows of about the same length: ids, mask, targets and their weights (0: not said)."""

    ids: npt.NDArray[np.int64]
    mask: Floats
    targets: Floats
    weights: Floats


def batches(
    chosen: Sequence[Example], tasks: Sequence[str], tokenizer: Any, draw: random.Random
) -> Iterator[Batch]:
    """The examples in batches of like length, in random order."""
    place = {task: number for number, task in enumerate(tasks)}
    for first in range(0, len(chosen), BATCH * POOL):
        pool = chosen[first : first + BATCH * POOL]
        texts = [prepared(augment(example.text, draw)).text for example in pool]
        encoded = [clipped(found.ids) for found in tokenizer.encode_batch(texts)]
        order = sorted(range(len(pool)), key=lambda row: len(encoded[row]))
        groups = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        draw.shuffle(groups)
        for rows in groups:
            yield _batch([pool[row] for row in rows], [encoded[row] for row in rows], place)


def padded(encoded: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Ids and mask, rows x length.

    >>> padded([[5, 6], [7]])[1].tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    shape = len(encoded), max(map(len, encoded))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for row, said in enumerate(encoded):
        ids[row, : len(said)] = said
        mask[row, : len(said)] = 1
    return ids, mask


def _batch(
    chosen: Sequence[Example], encoded: Sequence[Sequence[int]], place: Mapping[str, int]
) -> Batch:
    targets = np.zeros((len(chosen), len(place)), np.float32)
    weights = np.zeros((len(chosen), len(place)), np.float32)
    for row, example in enumerate(chosen):
        for task, value in example.targets.items():
            targets[row, place[task]] = value
            weights[row, place[task]] = WEIGHT.get(example.source, 1.0)
    return Batch(*padded(encoded), targets, weights)
