"""feed: which rows teach what, and in what batches."""

import random
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from moderation.training.corpora import in_house
from moderation.training.corpora.catalogue import Row
from moderation.training.transformer import dataset
from moderation.training.transformer.dataset import Example

DRAW = random.Random(9)  # noqa: S311 - not a secret


class Letters:
    """A tokenizer that makes a token of every letter."""

    def encode_batch(self, texts: Sequence[str]) -> list[SimpleNamespace]:
        """The code points."""
        return [SimpleNamespace(ids=[ord(letter) for letter in text]) for text in texts]


def in_part(part: str, text: str = "Comment") -> str:
    """A text that falls into a part."""
    return next(f"{text} {n}" for n in range(99) if Row(f"{text} {n}", "x", {}).part == part)


def test_only_the_training_part_teaches() -> None:
    """Rows of the validation and test parts are left out."""
    rows = [
        Row(in_part(part), "ruddit", {"ruddit.offensive": 1.0})
        for part in ("train", "validation", "test")
    ]
    taught = [example for example in dataset.examples(rows, 0) if example.source == "ruddit"]
    assert [example.text for example in taught] == [rows[0].text]


def test_sets_with_one_annotation_share_a_task() -> None:
    """A label under two names is one task; all others keep their source."""
    rows = [
        Row(in_part("train", "one"), "jigsaw_binary", {"jigsaw_binary.toxic": 1.0}),
        Row(in_part("train", "two"), "civil", {"civil.toxic": 1.0}),
    ]
    tasks = [set(example.targets) for example in dataset.examples(rows, 0)][:2]
    assert tasks == [{"jigsaw.toxic"}, {"civil.toxic"}]


def test_neutral_mention_of_an_identity_is_a_no_for_all() -> None:
    """It speaks to several tasks and harms none."""
    row = Row(in_part("train"), "identity", {"identity.toxic": 0.0})
    example = next(dataset.examples([row], 0))
    assert set(example.targets) == set(dataset.NEUTRAL)
    assert not any(example.targets.values())


def test_own_comments_teach_tasks_of_their_own() -> None:
    """Those of the training part only, each for the labels that it has but spam, and no others."""
    comments = list(in_house.comments())
    length = sum(comment.part == "train" for comment in comments)
    taught = list(dataset.examples([], 0))[:length]
    held = {comment.text for comment in comments if comment.part != "train"}
    assert not held.intersection(example.text for example in dataset.examples([], 0))
    assert {tuple(example.targets) for example in taught} == {
        tuple(f"own.{label}" for label in comment.labels if label != "spam") for comment in comments
    }
    assert {example.source for example in taught} == {"own_comments"}


def test_harmful_rows_are_kept_and_plentiful_harmless_ones_thinned() -> None:
    """Of Wikipedia every abusive row is drawn and about half of the others."""
    pool = [Example(str(n), "jigsaw", {"jigsaw.toxic": float(n < 100)}) for n in range(1_000)]
    drawn = dataset.drawn(pool, DRAW)
    assert sum(example.targets["jigsaw.toxic"] for example in drawn) == 100
    assert 400 < len(drawn) - 100 < 600


def test_a_share_over_one_draws_a_row_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scarce and telling comes several times in an epoch."""
    monkeypatch.setitem(dataset.DRAWN, "scarce", (2.5, 2.0))
    pool = [Example(str(n), "scarce", {"x": float(n < 100)}) for n in range(200)]
    drawn = dataset.drawn(pool, DRAW)
    assert sum(example.targets["x"] == 0 for example in drawn) == 200
    assert 210 < sum(example.targets["x"] == 1 for example in drawn) < 290


def test_a_row_trains_only_what_its_set_speaks_about() -> None:
    """The weights of all other tasks are 0, and padding is masked."""
    chosen = [Example("short", "a", {"a.x": 1.0}), Example("rather longer", "b", {"b.y": 0.5})]
    batch = next(dataset.batches(chosen, ["a.x", "b.y"], Letters(), DRAW))
    assert batch.weights.tolist() == [[1, 0], [0, 1]]
    assert batch.targets.tolist() == [[1, 0], [0, 0.5]]
    assert batch.mask.sum(1).tolist() == [5, 13]
    assert not np.any(batch.ids[0, 5:])
