"""budget: thresholds that keep what they promise, on comments that were not looked at."""

import numpy as np
import pytest

from moderation.training.evaluation.error_budget import (
    GRID,
    Bools,
    Budget,
    BudgetError,
    Floats,
    bounds,
    curve,
    fit,
)


def draw(rows: int, rate: float, seed: int) -> tuple[Floats, Bools]:
    """Scores and labels of a rule that is good and not perfect."""
    chance = np.random.default_rng(seed)
    said = chance.random(rows) < rate
    odds = chance.normal(0, 1.3, rows) + np.where(said, 2.5, -3.0)
    return 1 / (1 + np.exp(-odds)), said


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("", "empty"),
        ("approved=1%", "'approved' is no part"),
        ("approved-abusive=lots", "approved-abusive: write a share"),
        ("rejected-fine=0", "rejected-fine: write a share"),
        ("held-fine=140%", "held-fine: write a share"),
    ],
)
def test_unreadable_budgets_are_named(said: str, named: str) -> None:
    """The message names the part of the budget that is wrong."""
    with pytest.raises(BudgetError, match=named):
        Budget.parse(said)


def test_bounds_hold_as_often_as_they_say() -> None:
    """In 2,000 samples the true share lies under the upper bound at least 95 times of 100."""
    counts = np.random.default_rng(0).binomial(200, 0.03, 2_000)
    held = np.mean([bounds(int(count), 200, 0.05)[1] >= 0.03 for count in counts])
    assert 0.95 <= held <= 0.995


def test_the_promise_is_kept_on_fresh_comments() -> None:
    """Thresholds fitted on one sample keep the budget on a large other one, 19 times of 20."""
    budget = Budget.parse("approved-abusive=2%,rejected-fine=10%")
    fresh, said = draw(200_000, 0.1, 99)
    kept = 0
    for seed in range(40):
        made = fit(curve(*draw(4_000, 0.1, seed), 0.1), budget)
        assert made.reject != "never"
        abusive = said[fresh < made.review].mean()
        fine = (~said[fresh >= float(made.reject)]).mean()
        kept += abusive <= 0.02 and fine <= 0.10
    assert kept >= 38


def test_over_sampled_abuse_changes_nothing() -> None:
    """A set with half its comments abusive gives about the thresholds of a natural one."""
    budget = Budget.parse("approved-abusive=2%")
    natural = fit(curve(*draw(20_000, 0.1, 1), 0.1), budget)
    sampled = fit(curve(*draw(20_000, 0.5, 2), 0.1), budget)
    assert abs(natural.review - sampled.review) <= 0.1


def test_what_cannot_be_shown_is_left_to_people() -> None:
    """With 60 comments nothing can be promised: nothing is approved or rejected, and it is said."""
    made = fit(curve(*draw(60, 0.3, 3), 0.1), Budget.parse("approved-abusive=1%,rejected-fine=1%"))
    assert (made.review, made.reject) == (GRID[0], "never")
    assert len(made.short) == 2
    assert "Label more comments" in made.short[0]
    assert not made.kept


def test_rejections_that_cannot_be_shown_are_left_out() -> None:
    """Then the budget is kept all the same; of nothing else than rejections, nothing is."""
    found = curve(*draw(2_000, 0.1, 3), 0.1)
    made = fit(found, Budget.parse("approved-abusive=5%,rejected-fine=0.01%"))
    assert (made.reject, made.kept, len(made.short)) == ("never", True, 1)
    assert not fit(found, Budget.parse("rejected-fine=0.01%")).kept


def test_parts_that_contradict_each_other_are_told() -> None:
    """Where approval must stop earlier than the held allow, approval wins and it is said."""
    found = curve(*draw(20_000, 0.1, 4), 0.1)
    made = fit(found, Budget.parse("approved-abusive=0.5%,held-fine=0.5%"))
    assert made.review <= 0.5
    assert any("held-fine needs" in line for line in made.short)
    assert not made.kept


def test_reject_is_never_under_review() -> None:
    """A generous budget for rejections does not reject what would be approved."""
    made = fit(curve(*draw(20_000, 0.1, 5), 0.1), Budget.parse("held-fine=0.5%,rejected-fine=60%"))
    assert made.reject != "never"
    assert float(made.reject) >= made.review


def test_one_kind_of_comment_is_refused() -> None:
    """Without fine comments there is nothing to count."""
    with pytest.raises(BudgetError, match="abusive and fine"):
        curve(np.array([0.5, 0.9]), np.array([True, True]), 0.1)
