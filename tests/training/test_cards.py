"""cards: a version is named by its weights, and a challenger never disturbs what is there."""

from pathlib import Path

import numpy as np

from moderation.training import cards


def test_the_name_is_that_of_the_weights() -> None:
    """The same weights have the same name whatever the order; one bit more, and it is another."""
    one, two = np.zeros(4, np.int8), np.ones(4, np.int8)
    assert cards.version({"a": one, "b": two}) == cards.version({"b": two, "a": one})
    assert cards.version({"a": one, "b": two}) != cards.version({"a": two, "b": one})


def test_a_version_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """Made again on another day it keeps its card; a damaged one is written anew."""
    arrays = {"weights": np.zeros(4, np.int8)}
    folder = cards.challenger(tmp_path, {"made": "2026-11-24"}, arrays)
    kept = (folder / "card.json").read_bytes()
    assert cards.challenger(tmp_path, {"made": "2026-11-25"}, arrays) == folder
    assert (folder / "card.json").read_bytes() == kept
    (folder / "weights.npy").write_bytes(b"half")
    cards.challenger(tmp_path, {"made": "2026-11-25"}, arrays)
    assert (folder / "card.json").read_bytes() != kept
