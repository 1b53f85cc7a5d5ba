"""The figures as a page: one file, nothing fetched, to be read by eye, in print or aloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from moderation.training.evaluation import plots

TEMPLATE = Path(__file__).with_name("report.html")
DRAWN = (
    "Wikipedia, toxic",
    "newspaper, hostile",
    "insults at participants",
    "Indian English, overtly aggressive",
    "written to fool, hate",
)  # the questions whose curves are shown


def page(found: dict[str, Any]) -> str:
    """What `evaluate` found, as HTML.

    The suite's mistakes are quoted, for its sentences are our own; no row of a data set is.
    """
    drawn = {
        name: plots.questions(found["curves"], name) for name in DRAWN if found["curves"].get(name)
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["interval"] = _interval
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(found=found, drawn=drawn, levels=_levels(found))


def _interval(value: dict[str, Any] | None) -> str:
    """A value with its interval.

    >>> _interval({"value": 0.5, "interval": [0.4, 0.6]})
    '0.500 (0.400 to 0.600)'
    """
    if not value:
        return "too few"
    low, high = value["interval"]
    return f"{value['value']:.3f} ({low:.3f} to {high:.3f})"


def _levels(found: dict[str, Any]) -> list[float]:
    """The thresholds that were measured."""
    return [it["threshold"] for one in [*found["sets"].values()][:1] for it in one["thresholds"]]
