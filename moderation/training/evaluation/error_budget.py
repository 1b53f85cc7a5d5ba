"""Fit a rule's thresholds to an error budget.

An error budget says how large three shares may be: of abusive comments among the approved comments,
of fine comments among the rejected comments, and of held comments (those that a person must review)
among the fine comments. The effect of a threshold is counted separately on abusive and on fine
comments. The counts are then combined by the base rate, which is the share of abuse that a
newspaper expects. So a data set in which abuse is over-sampled works as well as a natural one.

Every share has a Clopper-Pearson bound (1934). The error probability is divided between the two
kinds of comments and among all thresholds (Bonferroni). So the bound holds whichever threshold is
chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

GRID = np.round([0.02, *np.arange(0.05, 1.0, 0.05), 0.98], 2)  # the thresholds to choose from
CONFIDENCE = 0.95
PARTS = (
    "approved-abusive",  # the share of abusive comments among the approved
    "rejected-fine",  # the share of fine comments among the rejected
    "held-fine",  # the share of fine comments that are not approved at once
)


class BudgetError(ValueError):
    """An error budget cannot be read, or cannot be fitted to the comments. The message says why."""


class Budget(NamedTuple):
    """An error budget: the largest share allowed of each kind of mistake.

    A share is between 0 and 1. None means that there is no limit.
    """

    approved_abusive: float | None = None
    rejected_fine: float | None = None
    held_fine: float | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parse an error budget in the notation of the command line. Raises `BudgetError`.

        >>> Budget.parse("approved-abusive=1%, rejected-fine=2%")
        Budget(approved_abusive=0.01, rejected_fine=0.02, held_fine=None)
        """
        shares: dict[str, float] = {}
        for part in filter(None, map(str.strip, text.split(","))):
            name, _, value = map(str.strip, part.partition("="))
            if name not in PARTS:
                raise BudgetError(f"unknown part '{name}' of the budget: use {', '.join(PARTS)}")
            shares[name.replace("-", "_")] = _share(name, value)
        if not shares:
            raise BudgetError("the budget is empty: write for example approved-abusive=1%")
        return cls(**shares)


def _share(name: str, value: str) -> float:
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise BudgetError(f"{name}: write a share such as 1% or 0.01, not '{value}'")
    return share


def bounds(count: int, rows: int, alpha: float) -> tuple[float, float]:
    """Return the lower and upper Clopper-Pearson bounds of the share `count` / `rows`.

    Each of the two bounds is wrong with a probability of at most `alpha`.

    >>> low, high = bounds(0, 100, 0.05)
    >>> low, round(high, 4)
    (0.0, 0.0295)
    """
    low = float(beta.ppf(alpha, count, rows - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - alpha, count + 1, rows - count)) if count < rows else 1.0
    return low, high


class Share(NamedTuple):
    """A share of mistakes: the share that was observed, and its upper confidence bound."""

    observed: float
    bound: float


@dataclass(frozen=True)
class Curve:
    """The shares of mistakes for every threshold in `GRID`.

    They are computed for one base rate, which is the share of abuse that a newspaper expects.
    """

    rows: int
    abusive: int
    base_rate: float
    approved: list[float]  # the share of all comments under the threshold
    approved_abusive: list[Share]
    rejected_fine: list[Share]
    held_fine: list[Share]


def error_curve(
    scores: Floats, abusive: Bools, base_rate: float, confidence: float = CONFIDENCE
) -> Curve:
    """Return the shares of mistakes that each threshold in `GRID` makes on labelled comments.

    `scores` are a rule's scores, 0..1. `abusive` says which of the comments are abusive.
    `base_rate` is the share of abuse that a newspaper expects. Raises `BudgetError` if all comments
    or none are abusive.
    """
    bad, fine = np.sort(scores[abusive]), np.sort(scores[~abusive])
    if not len(bad) or not len(fine):
        raise BudgetError("there must be both abusive and fine comments among the labelled ones")
    alpha = (1 - confidence) / 2 / len(GRID)
    approved, approved_abusive, rejected_fine, held_fine = [], [], [], []
    for threshold in GRID:
        bad_below, fine_below = (int(np.searchsorted(side, threshold)) for side in (bad, fine))
        missed, most_missed = bad_below / len(bad), bounds(bad_below, len(bad), alpha)[1]
        passed, least_passed = fine_below / len(fine), bounds(fine_below, len(fine), alpha)[0]
        approved.append(base_rate * missed + (1 - base_rate) * passed)
        approved_abusive.append(
            Share(
                _share_of_mistakes(base_rate, missed, passed),
                _share_of_mistakes(base_rate, most_missed, least_passed),
            )
        )
        rejected_fine.append(
            Share(
                _share_of_mistakes(1 - base_rate, 1 - passed, 1 - missed),
                _share_of_mistakes(1 - base_rate, 1 - least_passed, 1 - most_missed),
            )
        )
        held_fine.append(Share(1 - passed, 1 - least_passed))
    return Curve(
        rows=len(scores),
        abusive=int(abusive.sum()),
        base_rate=base_rate,
        approved=approved,
        approved_abusive=approved_abusive,
        rejected_fine=rejected_fine,
        held_fine=held_fine,
    )


def _share_of_mistakes(rate: float, wrong: float, right: float) -> float:
    """Return the share of mistakes among the comments that get one decision, such as approval.

    The decision is a mistake for some comments, such as abusive ones. `rate` is their share of all
    comments. `wrong` is the share of them that gets the decision. `right` is the share of all other
    comments that gets the decision.
    """
    decided = rate * wrong + (1 - rate) * right
    return rate * wrong / decided if decided else 0.0


Threshold = float | Literal["never"]


class Fit(NamedTuple):
    """Thresholds for review and rejection that were fitted to an error budget.

    An error budget limits the shares of mistakes. `shortfalls` describes the limits that could not
    be met. `within_budget` is true if the thresholds are safe to use. If no threshold for rejection
    is safe, `reject` is "never", which keeps within the budget. `review` is always a number.
    """

    review: float
    reject: Threshold
    shortfalls: list[str]
    within_budget: bool


def fit(curve: Curve, budget: Budget) -> Fit:
    """Return the thresholds that decide as many comments as the error budget allows.

    Comments with scores under `review` are approved. If the budget does not limit abusive comments
    among the approved, `review` is the lowest threshold that meets the limit for fine comments that
    are held for a person. If there are too few rows to prove that a limit is met, people decide:
    `review` is then the lowest threshold in `GRID`, or `reject` is "never".
    """
    approving = _within(curve.approved_abusive, budget.approved_abusive)
    holding = _within(curve.held_fine, budget.held_fine)
    rejecting = _within(curve.rejected_fine, budget.rejected_fine)
    shortfalls = [
        _shortfall(part, shares, curve)
        for part, shares, allowed, thresholds in (
            ("approved-abusive", curve.approved_abusive, budget.approved_abusive, approving),
            ("held-fine", curve.held_fine, budget.held_fine, holding),
            ("rejected-fine", curve.rejected_fine, budget.rejected_fine, rejecting),
        )
        if allowed is not None and not thresholds
    ]
    contradictory = bool(approving and holding and approving[-1] < holding[0])
    if contradictory:
        shortfalls.append(
            f"held-fine needs review = {holding[0]}; approved-abusive allows {approving[-1]}"
        )
    review = float(GRID[0])
    if approving:
        review = approving[-1]
    elif holding and budget.approved_abusive is None:
        review = holding[0]
    reject: Threshold = max(rejecting[0], review) if rejecting else "never"
    within_budget = (
        (budget.approved_abusive is None or bool(approving))
        and (budget.held_fine is None or bool(holding))
        and bool(approving or holding or rejecting)
        and not contradictory
    )
    return Fit(review, reject, shortfalls, within_budget)


def _within(shares: list[Share], allowed: float | None) -> list[float]:
    """Return the thresholds in `GRID` at which the upper bound of a share is at most `allowed`.

    `shares` has the share of mistakes for each threshold.
    """
    if allowed is None:
        return []
    return [
        float(level) for level, share in zip(GRID, shares, strict=True) if share.bound <= allowed
    ]


def _shortfall(part: str, shares: list[Share], curve: Curve) -> str:
    fine, bound = curve.rows - curve.abusive, min(share.bound for share in shares)
    return (
        f"{part} cannot be shown with {curve.abusive:,} abusive and {fine:,} fine comments: "
        f"the best bound is {bound:.2%}. Label more comments, or allow more"
    )
