"""The words of a decision: what was done, why, and where in the author's own text."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Any


class Action(enum.IntEnum):
    """What happens to a comment; the larger is the stricter, so `max()` picks the verdict.

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
    """A stretch of the author's own text, in code points as received, `end` exclusive."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The span as it stands in JSON."""
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, slots=True)
class Finding:
    """Evidence from one check. It never says what is to be done; the policy does.

    `score` is 0..1: a calibrated probability where a model speaks, else a share or 1.0.
    `message` is one sentence to the author. `suggestion` is the whole comment with this rule's
    own correction made, or None where it has none; never a part of it.
    """

    rule: str
    score: float
    message: str
    spans: tuple[Span, ...] = ()
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding beside the guideline it speaks for and the action the policy drew from it."""

    finding: Finding
    guideline: str
    action: Action

    @property
    def rule(self) -> str:
        """The rule's name."""
        return self.finding.rule

    def to_dict(self) -> dict[str, Any]:
        """The reason as it stands in JSON."""
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
    """What is to be done with a comment, and every reason for it.

    `reasons` acted, strictest first; `observed` were found but stayed under their thresholds
    or run in shadow. `scores` are the models' calibrated probabilities, `policy` the policy's
    hash and `models` the versions that read, so that a decision can be traced years later.
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
        """The decision as it stands in JSON (the shape is fixed; see docs/api.md)."""
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
    """A score in two places, cut off: rounded up, it would seem to have reached a threshold.

    >>> short(0.9484), short(0.95), short(0.29)
    ('0.94', '0.95', '0.29')
    """
    return f"{math.floor(score * 100 + 1e-9) / 100:.2f}"
