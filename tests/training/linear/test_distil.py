"""Distillation: the fast model learns the careful model's scores."""

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
    """A scorer that objects to one word only."""

    heads = ("toxicity",)

    def score(self, texts: Sequence[Text]) -> Mapping[str, np.ndarray]:
        """Return a high score for texts with 'fool', and a low one for others."""
        return {"toxicity": np.array([0.98 if "fool" in text.clean else 0.01 for text in texts])}

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Fail, because distillation needs no explanations."""
        raise NotImplementedError


def test_soft_labels_are_centred_on_the_median() -> None:
    """The median text has 0.5, a rude one much more, but less than 1."""
    labels = distil.soft_labels(Strict(), ["toxicity"], ["well", "you fool", "so it is"] * 200)
    assert labels.shape == (600, 1)
    assert labels[0, 0] == pytest.approx(0.5)
    assert 0.9 < labels[1, 0] < 0.999


def test_no_texts_give_no_soft_labels() -> None:
    """The result still has a column for each head."""
    assert distil.soft_labels(Strict(), ["toxicity"], []).shape == (0, 1)


def test_soft_labels_are_learned() -> None:
    """The n-grams of the word that the teacher objects to get weight."""
    texts = ["you fool", "well said", "what a fool", "see you there"] * 20
    features = [HashedNgrams(bits=12).transform(texts)]
    labels = distil.soft_labels(Strict(), ["toxicity"], texts)[:, 0]
    fitted = distil.distil(features, labels, np.ones(1 << 12, np.float32))
    odds = fitted.logits([HashedNgrams(bits=12).transform(["such a fool", "well there"])])
    assert odds[0] > odds[1] + 1


def test_abuse_learns_from_a_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training on a few rows gives a usable model, and its card names the teacher."""
    monkeypatch.setattr(metrics, "RESAMPLES", 2)
    small.write(tmp_path / "data", rows=30)
    teacher = SHIPPED / CAREFUL / champions(SHIPPED)[CAREFUL]
    folder = abuse.train(tmp_path / "data", tmp_path / "out", teacher=teacher)
    assert set(load(folder).score([read("You fool.")])) == set(abuse.HEADS)
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["taught_by"] == f"{CAREFUL}/{teacher.name}"
