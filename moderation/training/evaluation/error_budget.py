"""Thresholds from an error budget: what may go wrong, and from which score on it does not.

A budget says how many of the approved comments may be abusive, how many of the rejected ones
fine, or how many fine ones may be held at all. What a threshold does to abusive and to fine
comments is counted apart, so that a set in which abuse is over-sampled serves as well as a natural
one, and joined by the share of abuse that a newspaper expects (its base rate).

Every share is bounded by Clopper and Pearson (1934). The allowed doubt is divided among the two
sides and all thresholds that are tried (Bonferroni), so that whichever is chosen keeps its bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

GRID = np.round([0.02, *np.arange(0.05, 1.0, 0.05), 0.98], 2)  # the thresholds that are tried
CONFIDENCE = 0.95
PARTS = {
    "approved-abusive": "of the approved comments, the abusive",
    "rejected-fine": "of the rejected comments, the fine",
    "held-fine": "of the fine comments, those not approved at once",
}


class BudgetError(ValueError):
    """A budget that cannot be read; the message names the part and what would be right."""


class Budget(NamedTuple):
    """The largest share allowed of each kind of mistake, 0..1; None where none was named."""

    approved_abusive: float | None = None
    rejected_fine: float | None = None
    held_fine: float | None = None

    @classmethod
    def parse(cls, said: str) -> Budget:
        """A budget as it is written on the command line. Raises `BudgetError`.

        >>> Budget.parse("approved-abusive=1%, rejected-fine=2%")
        Budget(approved_abusive=0.01, rejected_fine=0.02, held_fine=None)
        """
        found: dict[str, float] = {}
        for part in filter(None, map(str.strip, said.split(","))):
            name, _, value = map(str.strip, part.partition("="))
            if name not in PARTS:
                raise BudgetError(f"'{name}' is no part of a budget: use {', '.join(PARTS)}")
            found[name.replace("-", "_")] = _share(name, value)
        if not found:
            raise BudgetError("an empty budget: write for example approved-abusive=1%")
        return cls(**found)


def _share(name: str, value: str) -> float:
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise BudgetError(f"{name}: write a share such as 1% or 0.01, not '{value}'")
    return share


def bounds(count: int, rows: int, doubt: float) -> tuple[float, float]:
    """Clopper and Pearson's one-sided bounds, each at `doubt`, on a share seen as `count` of rows.

    >>> low, high = bounds(0, 100, 0.05)
    >>> low, round(high, 4)
    (0.0, 0.0295)
    """
    low = float(beta.ppf(doubt, count, rows - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - doubt, count + 1, rows - count)) if count < rows else 1.0
    return low, high


class Share(NamedTuple):
    """A share as it was seen, and the bound that it stays under with the wanted confidence."""

    seen: float
    bound: float


@dataclass(frozen=True)
class Curve:
    """What every threshold of `GRID` would do, at a base rate."""

    rows: int
    abusive: int
    base_rate: float
    approved: list[float]  # the share of all comments under the threshold
    approved_abusive: list[Share]
    rejected_fine: list[Share]
    held_fine: list[Share]


def curve(
    scores: Floats, abusive: Bools, base_rate: float, confidence: float = CONFIDENCE
) -> Curve:
    """Count what each threshold does to these comments. Raises `BudgetError` for one kind only.

    `scores` are a rule's, 0..1, and `abusive` is what people said of the same comments.
    """
    bad, good = np.sort(scores[abusive]), np.sort(scores[~abusive])
    if not len(bad) or not len(good):
        raise BudgetError("there must be abusive and fine comments among the labelled ones")
    doubt = (1 - confidence) / 2 / len(GRID)
    approved, abusive_let, fine_refused, fine_held = [], [], [], []
    for threshold in GRID:
        missed, passed = (int(np.searchsorted(side, threshold)) for side in (bad, good))
        let, most_let = missed / len(bad), bounds(missed, len(bad), doubt)[1]
        fine, least_fine = passed / len(good), bounds(passed, len(good), doubt)[0]
        approved.append(base_rate * let + (1 - base_rate) * fine)
        seen, bound = _among(base_rate, let, fine), _among(base_rate, most_let, least_fine)
        abusive_let.append(Share(seen, bound))
        seen = _among(1 - base_rate, 1 - fine, 1 - let)
        bound = _among(1 - base_rate, 1 - least_fine, 1 - most_let)
        fine_refused.append(Share(seen, bound))
        fine_held.append(Share(1 - fine, 1 - least_fine))
    return Curve(
        len(scores), int(abusive.sum()), base_rate, approved, abusive_let, fine_refused, fine_held
    )


def _among(rate: float, wrong: float, right: float) -> float:
    """The share of mistakes among the decided, when `rate` of all could be mistaken."""
    decided = rate * wrong + (1 - rate) * right
    return rate * wrong / decided if decided else 0.0


Threshold = float | Literal["never"]


class Fit(NamedTuple):
    """The thresholds that keep the budget, and in words what could not be kept.

    `kept` tells whether they are worth using: a rejection that cannot be shown to be safe is left
    out, and the budget is kept; an approval cannot be left out.
    """

    review: float
    reject: Threshold
    short: list[str]
    kept: bool


def fit(found: Curve, budget: Budget) -> Fit:
    """The thresholds of one rule: as many comments decided at once as the budget allows.

    Comments under `review` are approved. Without a part about approval, `review` is the lowest
    threshold that keeps `held-fine`. What cannot be shown with these rows is left to people:
    `review` falls to its lowest, `reject` to "never".
    """
    most = _kept(found.approved_abusive, budget.approved_abusive)
    least = _kept(found.held_fine, budget.held_fine)
    sure = _kept(found.rejected_fine, budget.rejected_fine)
    short = [
        _missing(part, shares, found)
        for part, shares, allowed, kept in (
            ("approved-abusive", found.approved_abusive, budget.approved_abusive, most),
            ("held-fine", found.held_fine, budget.held_fine, least),
            ("rejected-fine", found.rejected_fine, budget.rejected_fine, sure),
        )
        if allowed is not None and not kept
    ]
    apart = bool(most and least and most[-1] < least[0])
    if apart:
        short.append(f"held-fine needs review = {least[0]}; approved-abusive allows {most[-1]}")
    review = float(GRID[0])
    if most:
        review = most[-1]
    elif least and budget.approved_abusive is None:
        review = least[0]
    kept = [
        budget.approved_abusive is None or bool(most),
        budget.held_fine is None or bool(least),
        bool(most or least or sure),
        not apart,
    ]
    return Fit(review, max(sure[0], review) if sure else "never", short, all(kept))


def _kept(shares: list[Share], allowed: float | None) -> list[float]:
    """The thresholds that keep to what is allowed."""
    if allowed is None:
        return []
    return [float(at) for at, share in zip(GRID, shares, strict=True) if share.bound <= allowed]


def _missing(part: str, shares: list[Share], found: Curve) -> str:
    fine, bound = found.rows - found.abusive, min(share.bound for share in shares)
    return (
        f"{part} cannot be shown with {found.abusive:,} abusive and {fine:,} fine comments: "
        f"the best bound is {bound:.2%}. Label more comments, or allow more"
    )
