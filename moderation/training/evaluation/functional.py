"""The guideline suite as the shipped policy decides it, functionality by functionality."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moderation.comment import Comment
from moderation.decision import Action, Decision
from moderation.moderator import Moderator
from moderation.training.evaluation.functional_cases import Case, cases

JUDGING = ("abuse", "personal_attack", "incendiary", "spam", "word_list")


def held(decision: Decision) -> bool:
    """Whether a rule about abuse or spam kept the comment from being approved at once."""
    return any(
        reason.rule in JUDGING and reason.action > Action.APPROVE for reason in decision.reasons
    )


def functional_tests(moderator: Moderator, part: str = "test") -> dict[str, Any]:
    """Accuracy of one part of the suite, over all and by functionality, and the mistakes.

    A harmful case is right where it is held, a harmless one where it is not.
    """
    chosen = [case for case in cases() if case.part == part]
    decided = moderator.moderate_many(Comment(case.text) for case in chosen)
    judged = [(case, held(decision)) for case, decision in zip(chosen, decided, strict=True)]
    by_name: dict[str, list[tuple[Case, bool]]] = defaultdict(list)
    for case, caught in judged:
        by_name[case.functionality].append((case, caught))
    return {
        "part": part,
        **_accuracy(judged),
        "functionalities": {
            name: {"rule": own[0][0].rule, **_accuracy(own)} for name, own in by_name.items()
        },
        "mistakes": [
            {"functionality": case.functionality, "harmful": case.harmful, "text": case.text}
            for case, caught in judged
            if caught != case.harmful
        ],
    }


def _accuracy(judged: list[tuple[Case, bool]]) -> dict[str, float]:
    """Rows, accuracy, and the shares of harmful cases caught and harmless ones held."""
    caught = [found for case, found in judged if case.harmful]
    alarms = [found for case, found in judged if not case.harmful]
    right = sum(caught) + len(alarms) - sum(alarms)
    return {
        "cases": len(judged),
        "accuracy": round(right / len(judged), 4),
        "caught": round(sum(caught) / max(len(caught), 1), 4),
        "false alarms": round(sum(alarms) / max(len(alarms), 1), 4),
    }
