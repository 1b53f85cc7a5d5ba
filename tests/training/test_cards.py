"""Cards: a version is named after its weights, and saving it again changes nothing."""

from pathlib import Path

import numpy as np

from moderation.training import cards


def test_a_version_is_named_after_its_weights() -> None:
    """The order of the arrays makes no difference; other weights give another name."""
    zeros, ones = np.zeros(4, np.int8), np.ones(4, np.int8)
    assert cards.version_name({"a": zeros, "b": ones}) == cards.version_name(
        {"b": ones, "a": zeros}
    )
    assert cards.version_name({"a": zeros, "b": ones}) != cards.version_name(
        {"a": ones, "b": zeros}
    )


def test_an_existing_version_is_not_overwritten(tmp_path: Path) -> None:
    """It keeps its card if it is trained again later; a damaged version is written again."""
    arrays = {"weights": np.zeros(4, np.int8)}
    folder = cards.save_challenger(tmp_path, {"made": "2026-11-24"}, arrays)
    card = (folder / "card.json").read_bytes()
    assert cards.save_challenger(tmp_path, {"made": "2026-11-25"}, arrays) == folder
    assert (folder / "card.json").read_bytes() == card
    (folder / "weights.npy").write_bytes(b"half")
    cards.save_challenger(tmp_path, {"made": "2026-11-25"}, arrays)
    assert (folder / "card.json").read_bytes() != card
