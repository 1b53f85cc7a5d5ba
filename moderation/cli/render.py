"""A decision laid out for a person: the verdict, the text with the places marked, the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
# A comment must not steer the terminal that shows it: no escape codes, no turning of the line.
_STEERING = regex.compile(r"[\p{Cc}\u202a-\u202e\u2066-\u2069\ud800-\udfff--[\n\t]]", regex.V1)


def render(comment: str, decision: Decision) -> RenderableType:
    """The decision about `comment`, for a terminal."""
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
    """The author's own text with every place that a reason names; the strictest mark on top."""
    text = Text(harmless(comment))
    for reason in [*decision.observed, *reversed(decision.reasons)]:
        for span in reason.finding.spans:
            text.stylize(_MARK[reason.action], span.start, span.end)
    return text


def _reason(reason: Reason) -> RenderableType:
    lines = Text()
    lines.append("● ", "red3" if reason.action == Action.REJECT else "gold1")
    lines.append(_title(reason), "bold")
    lines.append(f"\n{harmless(reason.finding.message)}")
    if reason.finding.suggestion:
        lines.append("\nWrite: ")
        lines.append(harmless(reason.finding.suggestion), "green")
    lines.append(f"\nGuideline: {reason.guideline}\n", "dim")
    return Padding(lines, (0, 0, 0, 2))


def _title(reason: Reason) -> str:
    """The rule, what it did and how sure it is.

    >>> from moderation import Finding
    >>> _title(Reason(Finding("shouting", 0.9, ""), "", Action.REVIEW))
    'shouting: review (0.90)'
    """
    did = reason.action if reason.action > Action.APPROVE else "observed"
    return f"{reason.rule}: {did} ({short(reason.finding.score)})"


def _scores(decision: Decision) -> str:
    heaviest: Iterable[tuple[str, float]] = sorted(
        decision.scores.items(), key=lambda item: (-item[1], item[0])
    )
    return "  ".join(_parts(heaviest))


def _parts(scores: Iterable[tuple[str, float]]) -> Iterator[str]:
    return (f"{name} {short(score)}" for name, score in scores)


def harmless(text: str) -> str:
    """The text without what would steer the terminal, character for character.

    >>> harmless("red: \\x1b[31m")
    'red: �[31m'
    """
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula.

    >>> cell("=HYPERLINK(1)"), cell(0.5)
    ("'=HYPERLINK(1)", 0.5)
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value
