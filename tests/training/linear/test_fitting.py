"""fitting: logistic regressions fitted, mixed, calibrated and quantised without losing meaning."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from moderation.training.linear import fitting
from moderation.training.linear.fitting import Fitted


def _features(rows: int = 200) -> tuple[sparse.csr_matrix, np.ndarray]:
    draw = np.random.default_rng(0)
    dense = draw.random((rows, 6)).astype(np.float32)
    return sparse.csr_matrix(dense), (dense[:, 0] > dense[:, 1]).astype(np.float64)


def test_a_value_between_counts_for_both_sides() -> None:
    """Where readers were split evenly everywhere, nothing is learned."""
    features, _ = _features()
    fitted = fitting.fit([features], np.full(200, 0.5), 10.0)
    assert np.abs(fitted.weights).max() < 0.05


def test_blocks_make_no_difference() -> None:
    """Features in many blocks give what they give in one; the same blocks the very same bits."""
    features, values = _features()
    parts = [features[start : start + 30] for start in range(0, 200, 30)]
    whole = fitting.fit([features], values, 10.0)
    once, again = (fitting.fit(parts, values, 10.0) for _ in range(2))
    assert np.array_equal(once.weights, again.weights)
    assert np.allclose(once.weights, whole.weights, atol=0.02)
    assert np.allclose(once.logits(parts), once.logits([features]))


def test_it_is_the_logistic_regression() -> None:
    """scikit-learn's, with the same prior, finds the same."""
    features, values = _features()
    theirs = LogisticRegression(C=10.0, solver="liblinear", tol=1e-8).fit(features, values)
    ours = fitting.fit([features], values, 10.0)
    assert np.allclose(ours.weights, theirs.coef_[0], atol=0.1)
    assert np.corrcoef(ours.logits([features]), theirs.decision_function(features))[0, 1] > 0.999


def test_rarity_is_folded_into_the_weights() -> None:
    """Multiplying the features, or letting `fit` do it, gives the same log-odds."""
    features, values = _features()
    rare = np.linspace(0.5, 2, 6, dtype=np.float32)
    multiplied = features.multiply(rare).tocsr()
    apart = fitting.fit([multiplied], values, 10.0)
    folded = fitting.fit([features], values, 10.0, rare)
    assert np.allclose(folded.logits([features]), apart.logits([multiplied]), atol=0.01)


def test_the_commonest_is_least_rare() -> None:
    """Seen in every row: 1/4; never seen: most."""
    block = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0]], np.float32))
    rare = fitting.rarity([block, block])
    assert rare[0] == 0.25
    assert rare[0] < rare[1] < rare[2]


def test_a_mixture_is_one_linear_model() -> None:
    """The mixed weights give the weighted sum of the members' log-odds."""
    features, values = _features()
    members = {
        "a": fitting.fit([features], values, 10.0),
        "b": fitting.fit([features], 1 - values, 1.0),
    }
    mixed = fitting.mixed(members, {"a": 1.0, "b": 0.5})
    sums = members["a"].logits([features]) + 0.5 * members["b"].logits([features])
    assert np.allclose(mixed.logits([features]), sums, atol=1e-5)


def test_standardised() -> None:
    """On natural rows the log-odds have mean 0 and deviation 1, whatever they had."""
    features, _ = _features()
    fitted = Fitted(np.arange(6, dtype=np.float32) * 7, 100.0)
    logits = fitting.standardised(fitted, [features]).logits([features])
    assert logits.mean() == pytest.approx(0, abs=1e-4)
    assert logits.std() == pytest.approx(1, abs=1e-4)


def test_calibration_restores_the_rate() -> None:
    """The mean probability over rows of the natural mix is the natural rate."""
    draw = np.random.default_rng(0)
    values = (draw.random(20_000) < 0.5).astype(np.float64)
    logits = draw.normal(values * 2, 1)
    knots = fitting.calibration(logits, values, rate=0.1)
    natural = np.concatenate([logits[values == 0], logits[values == 1][:1111]])
    assert np.interp(natural, *knots).mean() == pytest.approx(0.1, abs=0.01)
    assert (np.diff(knots, axis=1) > 0).all()


def test_quantised() -> None:
    """int8 steps are at most half a step away from the weights."""
    weights = np.random.default_rng(0).normal(size=(500, 2)) * [1, 50]
    steps, scales = fitting.quantised(weights)
    assert steps.dtype == np.int8
    assert (np.abs(steps * scales - weights) <= scales * 0.5001).all()
