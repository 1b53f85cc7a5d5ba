"""Build the dataset of the careful model: examples with their tasks, and batches.

Corpora use the same word for different things. So each label of each corpus is a task, for which
the network has an output of its own. A comment trains only the tasks that its corpus labels.
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

from moderation.scoring.onnx import prepare
from moderation.text.reading import read
from moderation.training.corpora import catalogue, in_house
from moderation.training.corpora.contrast_pairs import contrast_pairs
from moderation.training.transformer.augment import augment

MAX_LENGTH = 96  # tokens of a text: its head and its tail
TAIL_LENGTH = 24
BATCH_SIZE = 32
BATCHES_PER_POOL = 40  # batches whose rows are sorted by length together
CONTRAST_PAIRS = 4_000

# Two names of the same annotation are one task.
SHARED_TASKS = {
    "jigsaw_binary.toxic": "jigsaw.toxic",
    "hatemoji.hate": "dynahate.hate",
    "hatemoji.threat": "dynahate.threat",
}
# A neutral mention of an identity is a negative example for each of these tasks.
NEUTRAL_TASKS = (
    "jigsaw.toxic jigsaw.identity civil.toxic dynahate.hate hatexplain.hate implicit.hate".split()
)
EXCLUDED_TASKS = {"spans.marked"}  # its comments are those of `civil`
EXCLUDED_LABELS = {"own.spam"}  # this network does not score spam
# How many times a row is drawn in an epoch on average: rows with a label of at least 0.5, and
# the others.
SAMPLING_RATES = {
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
SOURCE_WEIGHTS = {"davidson": 0.3}  # its labels follow dialect

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """A training text, and a target between 0 and 1 for each task that its corpus labels.

    A task is to predict one label of one corpus.
    """

    text: str
    source: str
    targets: dict[str, float]


def load_tasks(folder: Path) -> list[str]:
    """Return the tasks of the careful model in `folder`, in the order of the network's outputs.

    A task is to predict one label of one corpus, such as 'jigsaw.toxic'.
    """
    tasks: list[str] = json.loads((folder / "card.json").read_text("utf-8"))["tasks"]
    return tasks


def examples(rows: Iterable[catalogue.Row], seed: int) -> Iterator[Example]:
    """Yield training examples made from `rows`, from in-house comments and from contrast pairs.

    Contrast pairs are generated sentences: a harmful one, and a similar one that is harmless.
    """
    for row in rows:
        targets = {SHARED_TASKS.get(name, name): value for name, value in row.labels.items()}
        if row.source == "identity":
            targets = dict.fromkeys(NEUTRAL_TASKS, 0.0)
        if row.part == "train" and not EXCLUDED_TASKS.intersection(targets):
            yield Example(read(row.text).clean, row.source, targets)
    for comment in in_house.comments():
        if comment.part == "train":
            targets = {
                name: value
                for name, value in comment.source_labels.items()
                if name not in EXCLUDED_LABELS
            }
            yield Example(read(comment.text).clean, "own_comments", targets)
    for sentence in contrast_pairs(CONTRAST_PAIRS, seed):
        labels = {"own.hate": sentence.hate, "own.attack": sentence.attack}
        targets = {name: value for name, value in labels.items() if value is not None}
        if sentence.hate == 0:
            targets |= dict.fromkeys(NEUTRAL_TASKS, 0.0)
        elif sentence.hate:
            targets["dynahate.hate"] = 1.0
        yield Example(sentence.text, "own", targets)


def sample_epoch(pool: Sequence[Example], rng: random.Random) -> list[Example]:
    """Return the examples of one epoch, drawn from `pool`, in random order.

    `SAMPLING_RATES` says how often the examples of a source are drawn on average.
    """
    epoch = []
    for example in pool:
        harmful, harmless = SAMPLING_RATES.get(example.source, (1.0, 1.0))
        rate = harmful if max(example.targets.values()) >= 0.5 else harmless
        epoch += [example] * int(rate + rng.random())
    rng.shuffle(epoch)
    return epoch


def truncate(ids: Sequence[int], length: int = MAX_LENGTH, tail: int = TAIL_LENGTH) -> list[int]:
    """Shorten a text's token ids to `length`, by cutting out the middle. The last `tail` ids stay.

    >>> truncate([1, 2, 3, 4, 5, 6], length=4, tail=1)
    [1, 2, 3, 6]
    """
    return list(ids) if len(ids) <= length else [*ids[: length - tail], *ids[-tail:]]


@dataclass(frozen=True)
class Batch:
    """A batch of examples, padded to equal length.

    `ids` are token ids, and `mask` is 0 for padding; both are rows x length. `targets` and
    `weights` are rows x tasks. A weight is 0 if the row has no target for the task.
    """

    ids: npt.NDArray[np.int64]
    mask: Floats
    targets: Floats
    weights: Floats


def batches(
    examples: Sequence[Example], tasks: Sequence[str], tokenizer: Any, rng: random.Random
) -> Iterator[Batch]:
    """Yield batches of examples of similar length, in random order.

    Some texts are changed at random: disguised, or written in capitals or in small letters.
    """
    columns = {task: column for column, task in enumerate(tasks)}
    for first in range(0, len(examples), BATCH_SIZE * BATCHES_PER_POOL):
        pool = examples[first : first + BATCH_SIZE * BATCHES_PER_POOL]
        texts = [prepare(augment(example.text, rng)).text for example in pool]
        encoded = [truncate(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
        order = sorted(range(len(pool)), key=lambda row: len(encoded[row]))
        groups = [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]
        rng.shuffle(groups)
        for rows in groups:
            yield _batch([pool[row] for row in rows], [encoded[row] for row in rows], columns)


def pad(encoded: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Pad rows of ids to equal length. Return the ids and the mask, which is 0 for padding.

    >>> pad([[5, 6], [7]])[1].tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    shape = len(encoded), max(map(len, encoded))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for row, text_ids in enumerate(encoded):
        ids[row, : len(text_ids)] = text_ids
        mask[row, : len(text_ids)] = 1
    return ids, mask


def _batch(
    examples: Sequence[Example], encoded: Sequence[Sequence[int]], columns: Mapping[str, int]
) -> Batch:
    targets = np.zeros((len(examples), len(columns)), np.float32)
    weights = np.zeros((len(examples), len(columns)), np.float32)
    for row, example in enumerate(examples):
        for task, value in example.targets.items():
            targets[row, columns[task]] = value
            weights[row, columns[task]] = SOURCE_WEIGHTS.get(example.source, 1.0)
    return Batch(*pad(encoded), targets, weights)
