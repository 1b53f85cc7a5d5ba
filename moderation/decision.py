"""Define a decision: what happens to a comment, why, and which of its words are the cause.

Each rule that objects to a comment returns a `Finding`. The policy turns each finding into a
`Reason`, which has an action. The decision's action is the strictest action of its reasons.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Any


class Action(enum.IntEnum):
    """What happens to a comment. A stricter action is larger, so `max()` returns the strictest.

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
    """A part of the received text, counted in Unicode code points. `end` is exclusive."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the span as a dict of JSON values."""
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule has found in a comment. The policy decides which action follows from it.

    `score` is from 0 to 1. It is a calibrated probability if it comes from a model, otherwise a
    share or 1.0. `message` is one sentence to the author. `suggestion` is the whole comment with
    this rule's correction, or None if the rule has none. `least` is the mildest action that the
    policy may take, whatever the score: it is `review` if the check could not read the whole
    comment. Another rule may limit the decision's action (`Rule.most`), but that limit does not
    hold for a finding that is `unlimited`.
    """

    rule: str
    score: float
    message: str
    spans: tuple[Span, ...] = ()
    suggestion: str | None = None
    least: Action = Action.APPROVE
    unlimited: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding with its guideline and the action that the policy gives it.

    If this reason leads to review or rejection, no reason of the decision can have a stricter
    action than `most`.
    """

    finding: Finding
    guideline: str
    action: Action
    most: Action = Action.REJECT

    @property
    def rule(self) -> str:
        """The name of the rule whose finding this is."""
        return self.finding.rule

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as a dict of JSON values."""
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

    `reasons` are the findings that led to review or rejection, strictest first. `observed` are the
    findings that led to neither: their scores are below the rule's thresholds, or the rule has no
    thresholds (it runs in shadow). `scores` are the models' calibrated probabilities. `policy` is
    the policy's hash and `models` are the versions of the models, so that you can trace a decision
    years later. `took_ms` is the time per comment in milliseconds. `plugins` has the package and
    version of each rule and model that comes from a plug-in.
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
    plugins: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as a dict of JSON values, in the fixed shape of docs/api.md."""
        return {
            "id": self.id,
            "action": str(self.action),
            "reasons": [reason.to_dict() for reason in self.reasons],
            "observed": [reason.to_dict() for reason in self.observed],
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "language": self.language,
            "policy": self.policy,
            "models": self.models,
            **({"plugins": self.plugins} if self.plugins else {}),
            "took_ms": round(self.took_ms, 3),
        }


def short(score: float) -> str:
    """Format a score with two decimals.

    The score is rounded down, so that it never seems to reach a threshold that it does not reach.

    >>> short(0.9484), short(0.95), short(0.29)
    ('0.94', '0.95', '0.29')
    """
    return f"{math.floor(score * 100 + 1e-9) / 100:.2f}"
