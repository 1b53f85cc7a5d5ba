"""taught: the fast reader learns the careful one's answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from moderation.scoring.models import CAREFUL, load
from moderation.scoring.store import SHIPPED, champions
from moderation.text.reading import Text, Weight, read
from moderation.training import metrics
from moderation.training.linear import abuse, distil
from moderation.training.linear.features import HashedNgrams
from tests.training import small


class Strict:
    """A reader that minds one word only."""

    heads = ("toxicity",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, np.ndarray]:
        """Nearly sure of it, or nearly sure of nothing."""
        return {"toxicity": np.array([0.98 if "fool" in text.clean else 0.01 for text in texts])}

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Nobody asks."""
        raise NotImplementedError


def test_answers_are_softened_around_the_middle() -> None:
    """The usual text is at one half, a rude one well above, and nothing is quite sure."""
    said = distil.answers(Strict(), ["toxicity"], ["well", "you fool", "so it is"] * 200)
    assert said.shape == (600, 1)
    assert said[0, 0] == pytest.approx(0.5)
    assert 0.9 < said[1, 0] < 0.999


def test_no_texts_no_answers() -> None:
    """Nothing in, nothing out."""
    assert distil.answers(Strict(), ["toxicity"], []).shape == (0, 1)


def test_the_answers_are_learned() -> None:
    """What the teacher minds has weight in the n-grams afterwards."""
    texts = ["you fool", "well said", "what a fool", "see you there"] * 20
    features = [HashedNgrams(bits=12).transform(texts)]
    said = distil.answers(Strict(), ["toxicity"], texts)[:, 0]
    learned = distil.taught(features, said, np.ones(1 << 12, np.float32))
    odds = learned.logits([HashedNgrams(bits=12).transform(["such a fool", "well there"])])
    assert odds[0] > odds[1] + 1


def test_abuse_learns_from_a_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of a training, on a few rows: it can be used, and its card says who taught it."""
    monkeypatch.setattr(metrics, "RESAMPLES", 2)
    small.write(tmp_path / "data", rows=30)
    teacher = SHIPPED / CAREFUL / champions(SHIPPED)[CAREFUL]
    made = abuse.train(tmp_path / "data", tmp_path / "out", teacher=teacher)
    assert set(load(made).score([read("You fool.")])) == set(abuse.HEADS)
    card = json.loads((made / "card.json").read_text("utf-8"))
    assert card["taught_by"] == f"{CAREFUL}/{teacher.name}"
