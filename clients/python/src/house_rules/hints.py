"""What to show an author who is still writing."""

from __future__ import annotations

from typing import TypedDict

from house_rules.types import Action, Change, Decision, Hint, Suggest


class Hints(TypedDict):
    """The reasons against a text, and safe corrections: what `<house-rules-hints>` shows."""

    action: Action
    reasons: list[Hint]
    changes: list[Change]
    hints: list[Hint]


def hints(decision: Decision, suggest: Suggest) -> Hints:
    """Combine a decision and suggestions about the same text. Leaves out scores."""
    return {
        "action": decision["action"],
        "reasons": [
            {"rule": reason["rule"], "message": reason["message"], "spans": reason["spans"]}
            for reason in decision["reasons"]
        ],
        "changes": suggest["changes"],
        "hints": suggest["hints"],
    }
