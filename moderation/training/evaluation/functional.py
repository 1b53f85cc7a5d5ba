"""Run the guideline suite: measure which cases a policy and its models decide correctly.

`functional_cases.py` has the cases: harmful sentences, and harmless ones that are similar.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moderation.comment import Comment
from moderation.decision import Action, Decision
from moderation.moderator import Moderator
from moderation.training.evaluation.functional_cases import Case, cases

ABUSE_RULES = ("abuse", "personal_attack", "incendiary", "spam", "word_list")


def is_held(decision: Decision) -> bool:
    """Return whether a rule about abuse or spam sent the comment to review or rejected it."""
    return any(
        reason.rule in ABUSE_RULES and reason.action > Action.APPROVE for reason in decision.reasons
    )


def functional_tests(moderator: Moderator, part: str = "test") -> dict[str, Any]:
    """Measure how well the cases of one part of the guideline suite are decided.

    A harmful case is decided correctly if it is held, which means that it is sent to review or
    rejected. A harmless case is decided correctly if it is not held. The result has the accuracy in
    total and by functionality (the kind of sentence), and the cases that were decided wrongly.
    """
    suite = [case for case in cases() if case.part == part]
    decisions = moderator.moderate_many(Comment(case.text) for case in suite)
    results = [(case, is_held(decision)) for case, decision in zip(suite, decisions, strict=True)]
    by_name: dict[str, list[tuple[Case, bool]]] = defaultdict(list)
    for case, held in results:
        by_name[case.functionality].append((case, held))
    return {
        "part": part,
        **_accuracy(results),
        "functionalities": {
            name: {"rule": group[0][0].rule, **_accuracy(group)} for name, group in by_name.items()
        },
        "mistakes": [
            {"functionality": case.functionality, "harmful": case.harmful, "text": case.text}
            for case, held in results
            if held != case.harmful
        ],
    }


def _accuracy(results: list[tuple[Case, bool]]) -> dict[str, float]:
    """Return the accuracy, and which shares of the harmful and of the harmless cases are held.

    A case is held if it is sent to review or rejected.
    """
    caught = [held for case, held in results if case.harmful]
    alarms = [held for case, held in results if not case.harmful]
    right = sum(caught) + len(alarms) - sum(alarms)
    return {
        "cases": len(results),
        "accuracy": round(right / len(results), 4),
        "caught": round(sum(caught) / max(len(caught), 1), 4),
        "false alarms": round(sum(alarms) / max(len(alarms), 1), 4),
    }
