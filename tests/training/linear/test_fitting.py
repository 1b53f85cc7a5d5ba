"""Fitting: logistic regressions are fitted, mixed, calibrated and quantised correctly."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from moderation.training.linear import fitting
from moderation.training.linear.fitting import Fitted


def _features(rows: int = 200) -> tuple[sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(0)
    dense = rng.random((rows, 6)).astype(np.float32)
    return sparse.csr_matrix(dense), (dense[:, 0] > dense[:, 1]).astype(np.float64)


def test_a_value_between_counts_for_both_sides() -> None:
    """If all values are one half, nothing is learned."""
    features, _ = _features()
    fitted = fitting.fit([features], np.full(200, 0.5), 10.0)
    assert np.abs(fitted.weights).max() < 0.05


def test_blocks_make_no_difference() -> None:
    """Many blocks give nearly the same as one. The same blocks give exactly the same."""
    features, values = _features()
    parts = [features[start : start + 30] for start in range(0, 200, 30)]
    single = fitting.fit([features], values, 10.0)
    first, second = (fitting.fit(parts, values, 10.0) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)
    assert np.allclose(first.weights, single.weights, atol=0.02)
    assert np.allclose(first.logits(parts), first.logits([features]))


def test_it_equals_scikit_learns_logistic_regression() -> None:
    """With the same regularisation both find nearly the same weights."""
    features, values = _features()
    reference = LogisticRegression(C=10.0, solver="liblinear", tol=1e-8).fit(features, values)
    fitted = fitting.fit([features], values, 10.0)
    assert np.allclose(fitted.weights, reference.coef_[0], atol=0.1)
    assert (
        np.corrcoef(fitted.logits([features]), reference.decision_function(features))[0, 1] > 0.999
    )


def test_rarity_is_part_of_the_weights() -> None:
    """`fit` with `rarity` gives the same log-odds as multiplying the features by it."""
    features, values = _features()
    rarity = np.linspace(0.5, 2, 6, dtype=np.float32)
    multiplied = features.multiply(rarity).tocsr()
    expected = fitting.fit([multiplied], values, 10.0)
    fitted = fitting.fit([features], values, 10.0, rarity)
    assert np.allclose(fitted.logits([features]), expected.logits([multiplied]), atol=0.01)


def test_rarity_of_n_grams() -> None:
    """It is 1/4 for an n-gram in every row, and highest for one in none."""
    block = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0]], np.float32))
    rarity = fitting.rarity([block, block])
    assert rarity[0] == 0.25
    assert rarity[0] < rarity[1] < rarity[2]


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
    """On natural rows the log-odds have mean 0 and standard deviation 1."""
    features, _ = _features()
    fitted = Fitted(np.arange(6, dtype=np.float32) * 7, 100.0)
    logits = fitting.standardised(fitted, [features]).logits([features])
    assert logits.mean() == pytest.approx(0, abs=1e-4)
    assert logits.std() == pytest.approx(1, abs=1e-4)


def test_calibration_restores_the_rate() -> None:
    """The mean probability of natural rows is the natural rate."""
    rng = np.random.default_rng(0)
    values = (rng.random(20_000) < 0.5).astype(np.float64)
    logits = rng.normal(values * 2, 1)
    knots = fitting.calibration(logits, values, rate=0.1)
    natural = np.concatenate([logits[values == 0], logits[values == 1][:1111]])
    assert np.interp(natural, *knots).mean() == pytest.approx(0.1, abs=0.01)
    assert (np.diff(knots, axis=1) > 0).all()


def test_quantised() -> None:
    """The quantised weights differ from the weights by at most half a step."""
    weights = np.random.default_rng(0).normal(size=(500, 2)) * [1, 50]
    steps, scales = fitting.quantised(weights)
    assert steps.dtype == np.int8
    assert (np.abs(steps * scales - weights) <= scales * 0.5001).all()
