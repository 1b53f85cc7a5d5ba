"""A decision: what happens to a comment, why, and where in the author's text."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Any


class Action(enum.IntEnum):
    """What happens to a comment. A larger action is stricter, so `max()` returns the decision.

    >>> max(Action.APPROVE, Action.REVIEW)
    <Action.REVIEW: 1>
    >>> str(Action.REVIEW)
    'review'
    """

    APPROVE = 0
    REVIEW = 1
    REJECT = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text as received, in code points. `end` is exclusive."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the span as JSON."""
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, slots=True)
class Finding:
    """The evidence of one check. The policy decides what follows from it.

    `score` is 0..1: a calibrated probability if it comes from a model, else a share or 1.0.
    `message` is one sentence to the author. `suggestion` is the whole comment with this rule's
    correction, or None if the rule has none. Another rule's limit on the action (`Rule.most`) does
    not hold for an `unlimited` finding.
    """

    rule: str
    score: float
    message: str
    spans: tuple[Span, ...] = ()
    suggestion: str | None = None
    unlimited: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding with its guideline and the action that the policy gives it.

    `most` is the strictest action of a decision in which this reason leads to an action.
    """

    finding: Finding
    guideline: str
    action: Action
    most: Action = Action.REJECT

    @property
    def rule(self) -> str:
        """The rule's name."""
        return self.finding.rule

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as JSON."""
        finding = self.finding
        return {
            "rule": finding.rule,
            "guideline": self.guideline,
            "score": round(finding.score, 4),
            "message": finding.message,
            "spans": [span.to_dict() for span in finding.spans],
            "suggestion": finding.suggestion,
            "action": str(self.action),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a comment, and every reason for it.

    `reasons` led to an action, strictest first. `observed` are findings below their thresholds, or
    of rules in shadow. `scores` are the models' calibrated probabilities. `policy` is the policy's
    hash and `models` are the versions of the models, so that you can trace a decision years later.
    `took_ms` is the time per comment in milliseconds.
    """

    id: str
    action: Action
    reasons: tuple[Reason, ...]
    observed: tuple[Reason, ...]
    scores: dict[str, float]
    language: dict[str, Any]
    policy: str
    models: dict[str, str]
    took_ms: float = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as JSON, in the fixed shape of docs/api.md."""
        return {
            "id": self.id,
            "action": str(self.action),
            "reasons": [reason.to_dict() for reason in self.reasons],
            "observed": [reason.to_dict() for reason in self.observed],
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "language": self.language,
            "policy": self.policy,
            "models": self.models,
            "took_ms": round(self.took_ms, 3),
        }


def short(score: float) -> str:
    """Format a score with two decimals, rounded down so that it never seems to reach a threshold.

    >>> short(0.9484), short(0.95), short(0.29)
    ('0.94', '0.95', '0.29')
    """
    return f"{math.floor(score * 100 + 1e-9) / 100:.2f}"
