"""The ensemble: when the careful model can be skipped."""

import numpy as np

from moderation.scoring.cascade import Ensemble
from moderation.training.corpora.catalogue import Row
from moderation.training.linear.ensemble import combined, labelled_rows, skip_bound


def test_no_bound_without_evidence() -> None:
    """A few harmless rows are not enough to skip the careful model."""
    assert skip_bound(np.full(20, 0.0001), np.zeros(20, np.bool_)) == 0


def test_bound_stays_below_the_abusive_ones() -> None:
    """It lies between many harmless rows and the abusive ones."""
    highest = np.append(np.full(5_000, 0.004), np.full(500, 0.03))
    assert 0.004 < skip_bound(highest, highest > 0.01) <= 0.0301


def test_below_the_bound_the_fast_score_is_used() -> None:
    """The scores that are measured are those of the cascade."""
    ensemble = Ensemble({"toxicity": 0.5}, {"toxicity": 1.0}, {"toxicity": 0.0}, skip_below=0.01)
    fast = {"toxicity": np.array([0.001, 0.5])}
    careful = {"toxicity": np.array([0.9, 0.9])}
    assert np.allclose(combined(ensemble, fast, careful)["toxicity"], [0.001, 0.75])


def test_rows_without_the_label_are_left_out() -> None:
    """They are not negatives."""
    rows = [Row("a", "x", {"x.y": 1.0}), Row("b", "z", {"z.y": 1.0}), Row("c", "x", {"x.y": 0.2})]
    indices, y_true = labelled_rows(rows, "x.y")
    assert indices.tolist() == [0, 2]
    assert y_true.tolist() == [True, False]
