"""The client's errors. Neither is an approval: let a person read the comment."""

from __future__ import annotations

from house_rules.types import Problem


class HouseRulesError(Exception):
    """No decision. Let a person read the comment, and do not publish it."""


class RefusedError(HouseRulesError):
    """The service refused the request. `problem` says what is wrong, and in which field."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


class UnansweredError(HouseRulesError):
    """The service did not answer in time, or the answer was not the service's."""
