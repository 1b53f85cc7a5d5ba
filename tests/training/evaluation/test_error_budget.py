"""error_budget: fitted thresholds keep their budget on comments they were not fitted on."""

import numpy as np
import pytest

from moderation.training.evaluation.error_budget import (
    GRID,
    Bools,
    Budget,
    BudgetError,
    Floats,
    bounds,
    error_curve,
    fit,
)


def draw(rows: int, rate: float, seed: int) -> tuple[Floats, Bools]:
    """Return scores and labels of a rule that is good but not perfect."""
    rng = np.random.default_rng(seed)
    abusive = rng.random(rows) < rate
    log_odds = rng.normal(0, 1.3, rows) + np.where(abusive, 2.5, -3.0)
    return 1 / (1 + np.exp(-log_odds)), abusive


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("approved=1%", "unknown part 'approved'"),
        ("approved-abusive=lots", "approved-abusive: write a share"),
        ("rejected-fine=0", "rejected-fine: write a share"),
        ("held-fine=140%", "held-fine: write a share"),
    ],
)
def test_invalid_budgets_are_named(text: str, message: str) -> None:
    """The message names the part of the budget that is wrong."""
    with pytest.raises(BudgetError, match=message):
        Budget.parse(text)


def test_bounds_have_their_coverage() -> None:
    """In 2,000 samples the true share is under the upper bound at least 95 % of the time."""
    counts = np.random.default_rng(0).binomial(200, 0.03, 2_000)
    coverage = np.mean([bounds(int(count), 200, 0.05)[1] >= 0.03 for count in counts])
    assert 0.95 <= coverage <= 0.995


def test_the_budget_is_kept_on_new_comments() -> None:
    """Thresholds fitted on one sample keep the budget on another in 38 of 40 runs."""
    budget = Budget.parse("approved-abusive=2%,rejected-fine=10%")
    scores, abusive = draw(200_000, 0.1, 99)
    within_budget = 0
    for seed in range(40):
        thresholds = fit(error_curve(*draw(4_000, 0.1, seed), 0.1), budget)
        assert thresholds.reject != "never"
        approved_abusive = abusive[scores < thresholds.review].mean()
        rejected_fine = (~abusive[scores >= float(thresholds.reject)]).mean()
        within_budget += approved_abusive <= 0.02 and rejected_fine <= 0.10
    assert within_budget >= 38


def test_over_sampled_abuse_changes_nothing() -> None:
    """A set with half of its comments abusive gives about the same threshold as a natural one."""
    budget = Budget.parse("approved-abusive=2%")
    natural = fit(error_curve(*draw(20_000, 0.1, 1), 0.1), budget)
    sampled = fit(error_curve(*draw(20_000, 0.5, 2), 0.1), budget)
    assert abs(natural.review - sampled.review) <= 0.1


def test_what_cannot_be_shown_is_left_to_people() -> None:
    """60 comments are too few: nothing is approved or rejected, and the shortfalls say so."""
    budget = Budget.parse("approved-abusive=1%,rejected-fine=1%")
    thresholds = fit(error_curve(*draw(60, 0.3, 3), 0.1), budget)
    assert (thresholds.review, thresholds.reject) == (GRID[0], "never")
    assert len(thresholds.shortfalls) == 2
    assert "Label more comments" in thresholds.shortfalls[0]
    assert not thresholds.within_budget


def test_rejections_that_cannot_be_shown_are_left_out() -> None:
    """The budget is kept without rejections, unless rejections are all it is about."""
    curve = error_curve(*draw(2_000, 0.1, 3), 0.1)
    thresholds = fit(curve, Budget.parse("approved-abusive=5%,rejected-fine=0.01%"))
    assert thresholds.reject == "never"
    assert thresholds.within_budget
    assert len(thresholds.shortfalls) == 1
    assert not fit(curve, Budget.parse("rejected-fine=0.01%")).within_budget


def test_contradictory_parts_are_reported() -> None:
    """If both parts cannot be met, approved-abusive has priority and the shortfalls say so."""
    curve = error_curve(*draw(20_000, 0.1, 4), 0.1)
    thresholds = fit(curve, Budget.parse("approved-abusive=0.5%,held-fine=0.5%"))
    assert thresholds.review <= 0.5
    assert any("held-fine needs" in line for line in thresholds.shortfalls)
    assert not thresholds.within_budget


def test_reject_is_never_under_review() -> None:
    """A generous budget for rejections does not reject what would be approved."""
    budget = Budget.parse("held-fine=0.5%,rejected-fine=60%")
    thresholds = fit(error_curve(*draw(20_000, 0.1, 5), 0.1), budget)
    assert thresholds.reject != "never"
    assert float(thresholds.reject) >= thresholds.review


def test_one_kind_of_comment_is_refused() -> None:
    """Without fine comments nothing can be measured."""
    with pytest.raises(BudgetError, match="abusive and fine"):
        error_curve(np.array([0.5, 0.9]), np.array([True, True]), 0.1)
