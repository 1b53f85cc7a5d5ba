"""Lay out a decision for a terminal: the action, the comment and the reasons.

The words of the comment that the reasons are about are highlighted.
"""

from __future__ import annotations

import regex
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from moderation.decision import Action, Decision, Reason, short

_BADGE = {
    Action.APPROVE: "bold white on green4",
    Action.REVIEW: "bold black on gold1",
    Action.REJECT: "bold white on red3",
}
_MARK = {
    Action.APPROVE: "underline",
    Action.REVIEW: "bold black on khaki1",
    Action.REJECT: "bold white on red3",
}
# A comment must not control the terminal: no escape codes, no change of the writing direction.
_CONTROL = regex.compile(r"[\p{Cc}\u202a-\u202e\u2066-\u2069\ud800-\udfff--[\n\t]]", regex.V1)


def render(comment: str, decision: Decision) -> RenderableType:
    """Return the decision about `comment` as text for a terminal."""
    parts: list[RenderableType] = [
        Text(f" {str(decision.action).upper()} ", _BADGE[decision.action]),
        Padding(_marked(comment, decision), (1, 2)),
    ]
    parts.extend(_reason(reason) for reason in decision.reasons)
    if decision.observed:
        parts.append(Text("Seen, but left alone:", "dim"))
        parts.extend(Text(f"  {_title(reason)}", "dim") for reason in decision.observed)
    parts.append(Text(_scores(decision), "dim"))
    return Group(*parts)


def _marked(comment: str, decision: Decision) -> Text:
    """Return the comment with the spans of all reasons highlighted.

    The colour shows the action of the reason's rule. Where spans overlap, the strictest action
    shows.
    """
    text = Text(without_control_characters(comment))
    for reason in [*decision.observed, *reversed(decision.reasons)]:
        for span in reason.finding.spans:
            text.stylize(_MARK[reason.action], span.start, span.end)
    return text


def _reason(reason: Reason) -> RenderableType:
    lines = Text()
    lines.append("● ", "red3" if reason.action == Action.REJECT else "gold1")
    lines.append(_title(reason), "bold")
    lines.append(f"\n{without_control_characters(reason.finding.message)}")
    if reason.finding.suggestion:
        lines.append("\nWrite: ")
        lines.append(without_control_characters(reason.finding.suggestion), "green")
    lines.append(f"\nGuideline: {reason.guideline}\n", "dim")
    return Padding(lines, (0, 0, 0, 2))


def _title(reason: Reason) -> str:
    """Return the heading of a reason: its rule, what the rule did, and the score.

    >>> from moderation import Finding
    >>> _title(Reason(Finding("shouting", 0.9, ""), "", Action.REVIEW))
    'shouting: review (0.90)'
    """
    effect = reason.action if reason.action > Action.APPROVE else "observed"
    return f"{reason.rule}: {effect} ({short(reason.finding.score)})"


def _scores(decision: Decision) -> str:
    scores = sorted(decision.scores.items(), key=lambda item: (-item[1], item[0]))
    return "  ".join(f"{name} {short(score)}" for name, score in scores)


def without_control_characters(text: str) -> str:
    """Replace each character that could control the terminal with U+FFFD.

    The length of the text stays the same.

    >>> without_control_characters("red: \\x1b[31m")
    'red: �[31m'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def spreadsheet_cell(value: object) -> object:
    """Return a value for a CSV file.

    If a spreadsheet would take it for a formula, the value gets an apostrophe in front.

    >>> spreadsheet_cell("=HYPERLINK(1)"), spreadsheet_cell(0.5)
    ("'=HYPERLINK(1)", 0.5)
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value
