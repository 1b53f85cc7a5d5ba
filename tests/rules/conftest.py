"""Fixtures for the rules that read a model's score: the models, and the rule of a test file."""

from collections.abc import Callable, Mapping
from typing import Literal

import pytest

from moderation.decision import Finding
from moderation.policy import Policy, RulePolicy
from moderation.scoring.models import Models
from moderation.text.reading import Text, Weight, read

Scorer = Literal["careful", "fast"]


@pytest.fixture(scope="session")
def models() -> dict[Scorer, Models]:
    """The shipped models with either scorer of abuse."""
    shipped = Models.load()
    return {"careful": shipped.with_reader("careful"), "fast": shipped.with_reader("fast")}


@pytest.fixture(scope="module")
def rule(request: pytest.FixtureRequest) -> RulePolicy:
    """The rule that a test file is named after, with the shipped thresholds and settings."""
    name = str(request.module.__name__).rpartition("test_")[2]
    return Policy.load().rules[name]


@pytest.fixture(params=["careful", "fast"])
def find(
    request: pytest.FixtureRequest, models: dict[Scorer, Models], rule: RulePolicy
) -> Callable[[str], Finding | None]:
    """Check a comment with the file's rule and the shipped models, once with each scorer."""

    def find(comment: str) -> Finding | None:
        text = read(comment)
        models[request.param].score([text])
        return rule.check(text)

    return find


@pytest.fixture
def score(find: Callable[[str], Finding | None]) -> Callable[[str], float]:
    """Return the score of the file's rule for a comment, 0 without a finding."""

    def score(comment: str) -> float:
        finding = find(comment)
        return finding.score if finding else 0.0

    return score


@pytest.fixture
def review(rule: RulePolicy) -> float:
    """The score from which the file's rule sends a comment to a person."""
    return float(rule.thresholds.review)


@pytest.fixture
def reject(rule: RulePolicy) -> float:
    """The score from which the file's rule rejects a comment."""
    return float(rule.thresholds.reject)


@pytest.fixture
def scored() -> Callable[..., Text]:
    """Return a text with scores that no model computed."""

    def scored(scores: Mapping[str, float], comment: str = "you …") -> Text:
        text = read(comment)
        text.scores = dict(scores)
        text.explain = lambda _: [Weight(0, 1, 1.0)]
        return text

    return scored
