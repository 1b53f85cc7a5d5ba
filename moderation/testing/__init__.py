"""Test the rules and scorers of a plug-in: `check_rule` and `check_scorer`.

They work like scikit-learn's `check_estimator`: one call makes many tests, and raises an
`AssertionError` that lists what is wrong.
"""

from moderation.testing.rule import check_rule
from moderation.testing.scorer import check_scorer

__all__ = ["check_rule", "check_scorer"]
