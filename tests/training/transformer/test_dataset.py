"""The careful model's dataset: which rows train which tasks, and how batches are formed."""

import random
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from moderation.training.corpora import in_house
from moderation.training.corpora.catalogue import Row
from moderation.training.transformer import dataset
from moderation.training.transformer.dataset import Example

RNG = random.Random(9)  # noqa: S311 - not a secret


class Letters:
    """A tokenizer with one token per letter."""

    def encode_batch(self, texts: Sequence[str]) -> list[SimpleNamespace]:
        """Return the code points of each text as its ids."""
        return [SimpleNamespace(ids=[ord(letter) for letter in text]) for text in texts]


def text_in_part(part: str, text: str = "Comment") -> str:
    """Return a text that the split assigns to `part`."""
    return next(f"{text} {n}" for n in range(99) if Row(f"{text} {n}", "x", {}).part == part)


def test_only_the_training_part_is_used() -> None:
    """Rows of the validation and test parts are left out."""
    rows = [
        Row(text_in_part(part), "ruddit", {"ruddit.offensive": 1.0})
        for part in ("train", "validation", "test")
    ]
    ruddit = [example for example in dataset.examples(rows, 0) if example.source == "ruddit"]
    assert [example.text for example in ruddit] == [rows[0].text]


def test_two_names_of_an_annotation_are_one_task() -> None:
    """`jigsaw_binary.toxic` trains `jigsaw.toxic`; other labels are tasks of their own."""
    rows = [
        Row(text_in_part("train", "one"), "jigsaw_binary", {"jigsaw_binary.toxic": 1.0}),
        Row(text_in_part("train", "two"), "civil", {"civil.toxic": 1.0}),
    ]
    tasks = [set(example.targets) for example in dataset.examples(rows, 0)][:2]
    assert tasks == [{"jigsaw.toxic"}, {"civil.toxic"}]


def test_neutral_mention_of_an_identity_is_negative_for_several_tasks() -> None:
    """Its target is 0 for each of `NEUTRAL_TASKS`."""
    row = Row(text_in_part("train"), "identity", {"identity.toxic": 0.0})
    example = next(dataset.examples([row], 0))
    assert set(example.targets) == set(dataset.NEUTRAL_TASKS)
    assert not any(example.targets.values())


def test_own_comments_train_tasks_of_their_own() -> None:
    """Only comments of the training part are used, with all their labels but spam."""
    comments = list(in_house.comments())
    count = sum(comment.part == "train" for comment in comments)
    examples = list(dataset.examples([], 0))[:count]
    held_out = {comment.text for comment in comments if comment.part != "train"}
    assert not held_out.intersection(example.text for example in dataset.examples([], 0))
    assert {tuple(example.targets) for example in examples} == {
        tuple(f"own.{label}" for label in comment.labels if label != "spam") for comment in comments
    }
    assert {example.source for example in examples} == {"own_comments"}


def test_epoch_has_all_harmful_rows_and_a_share_of_harmless_ones() -> None:
    """Every abusive row of Wikipedia is drawn, and about half of the others."""
    pool = [Example(str(n), "jigsaw", {"jigsaw.toxic": float(n < 100)}) for n in range(1_000)]
    epoch = dataset.sample_epoch(pool, RNG)
    assert sum(example.targets["jigsaw.toxic"] for example in epoch) == 100
    assert 400 < len(epoch) - 100 < 600


def test_rate_over_one_draws_a_row_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a rate of 2.5 a row is drawn two or three times in an epoch."""
    monkeypatch.setitem(dataset.SAMPLING_RATES, "scarce", (2.5, 2.0))
    pool = [Example(str(n), "scarce", {"x": float(n < 100)}) for n in range(200)]
    epoch = dataset.sample_epoch(pool, RNG)
    assert sum(example.targets["x"] == 0 for example in epoch) == 200
    assert 210 < sum(example.targets["x"] == 1 for example in epoch) < 290


def test_row_trains_only_the_tasks_of_its_source() -> None:
    """The weights of all other tasks are 0, and padding is masked."""
    examples = [Example("short", "a", {"a.x": 1.0}), Example("rather longer", "b", {"b.y": 0.5})]
    batch = next(dataset.batches(examples, ["a.x", "b.y"], Letters(), RNG))
    assert batch.weights.tolist() == [[1, 0], [0, 1]]
    assert batch.targets.tolist() == [[1, 0], [0, 0.5]]
    assert batch.mask.sum(1).tolist() == [5, 13]
    assert not np.any(batch.ids[0, 5:])
