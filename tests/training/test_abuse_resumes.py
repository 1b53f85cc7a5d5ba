"""abuse: what was read and hashed before an interruption is not done again."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from joblib import Memory

from moderation.training import abuse
from moderation.training.gather import Gathered
from moderation.training.progress import Told


def gathered(*texts: str) -> Gathered:
    """Texts that all train."""
    parts, natural = np.array(["train"] * len(texts)), np.zeros(len(texts), bool)
    return Gathered(list(texts), parts, natural, {}, Counter())


def test_n_grams_are_kept_for_the_same_files_code_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come from the cache, bit for bit; other data are hashed anew."""
    hashed = Memory(tmp_path, verbose=0).cache(abuse._hashed, ignore=["found", "progress"])
    found = gathered("Well said.", "You fool.")
    features, rare = hashed({"data": "a"}, found, Told())

    def never(*_: object) -> None:
        raise AssertionError("hashed again")

    monkeypatch.setattr(abuse, "_features", never)
    again, rarity = hashed({"data": "a"}, found, Told())
    assert (again != features).nnz == 0
    assert np.array_equal(rare, rarity)
    with pytest.raises(AssertionError, match="hashed again"):
        hashed({"data": "b"}, found, Told())
