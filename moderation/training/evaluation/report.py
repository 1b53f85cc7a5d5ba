"""Write the metrics of `evaluate` as one HTML page, for screens, print and screen readers.

The page loads nothing from elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from moderation.training.evaluation import plots

TEMPLATE = Path(__file__).with_name("report.html")
CURVES = (
    "Wikipedia, toxic",
    "newspaper, hostile",
    "insults at participants",
    "Indian English, overtly aggressive",
    "written to fool, hate",
)  # the questions whose curves are plotted


def page(results: dict[str, Any]) -> str:
    """Return the metrics of `evaluate` as an HTML page.

    The page quotes the cases of the guideline suite that were decided wrongly. These cases were
    written for this project. The page quotes no comment from a data set.
    """
    curves = results["curves"]
    drawn = {name: plots.metric_curves(curves, name) for name in CURVES if curves.get(name)}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["interval"] = _interval
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(results=results, plots=drawn, levels=_levels(results))


def _interval(value: dict[str, Any] | None) -> str:
    """Format a metric's value with its confidence interval.

    >>> _interval({"value": 0.5, "interval": [0.4, 0.6]})
    '0.500 (0.400 to 0.600)'
    """
    if not value:
        return "too few"
    low, high = value["interval"]
    return f"{value['value']:.3f} ({low:.3f} to {high:.3f})"


def _levels(results: dict[str, Any]) -> list[float]:
    """Return the thresholds at which the metrics in `results` were measured."""
    first: dict[str, Any] = next(iter(results["sets"].values()), {"thresholds": []})
    return [row["threshold"] for row in first["thresholds"]]
