"""pairing: when the fast reader alone is enough."""

import numpy as np

from moderation.scoring.cascade import Ensemble
from moderation.training.corpora.catalogue import Row
from moderation.training.linear.ensemble import bound, combined, said


def test_no_bound_without_evidence() -> None:
    """A few harmless rows prove nothing: the careful reader reads everything."""
    assert bound(np.full(20, 0.0001), np.zeros(20, np.bool_)) == 0


def test_bound_stays_below_the_abusive_ones() -> None:
    """Many harmless rows below and abuse above: the bound lies between."""
    loudest = np.append(np.full(5_000, 0.004), np.full(500, 0.03))
    answers = loudest > 0.01
    assert 0.004 < bound(loudest, answers) <= 0.0301


def test_below_the_bound_the_fast_score_stands() -> None:
    """What is measured is what the cascade does."""
    together = Ensemble({"toxicity": 0.5}, {"toxicity": 1.0}, {"toxicity": 0.0}, skip_below=0.01)
    fast = {"toxicity": np.array([0.001, 0.5])}
    careful = {"toxicity": np.array([0.9, 0.9])}
    assert np.allclose(combined(together, fast, careful)["toxicity"], [0.001, 0.75])


def test_a_label_speaks_of_its_own_rows() -> None:
    """Rows without the label are no answers."""
    rows = [Row("a", "x", {"x.y": 1.0}), Row("b", "z", {"z.y": 1.0}), Row("c", "x", {"x.y": 0.2})]
    kept, answers = said(rows, "x.y")
    assert kept.tolist() == [0, 2]
    assert answers.tolist() == [True, False]
