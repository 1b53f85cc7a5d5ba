"""Draw the plots of reports as SVG. The plots are readable in print and without colour.

The SVG loads nothing from elsewhere.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from moderation.training.evaluation.error_budget import GRID, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from moderation.training.evaluation.thresholds import RuleFit

Array = npt.NDArray[np.float64]

INK, MARKS = "#1f4e79", "#b3541e"
SIZE = (4.6, 3.4)  # inches


class PlotError(RuntimeError):
    """Plots cannot be drawn. The message says which package is missing."""


def require_matplotlib() -> None:
    """Raise `PlotError` if matplotlib is not installed. Call this before a long computation."""
    if importlib.util.find_spec("matplotlib") is None:
        raise PlotError("plots need matplotlib: pip install -e '.[train]'")


class Drawing:
    """A plot: the `axes` to draw on, and the finished `svg`.

    `svg` exists after the `with` block of `drawing`.
    """

    def __init__(self, axes: Sequence[Axes]) -> None:
        self.axes = axes
        self.svg = ""


@contextmanager
def drawing(panels: int = 1) -> Iterator[Drawing]:
    """Yield a `Drawing` with `panels` axes side by side.

    The drawing's SVG is ready when the `with` block ends.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Keep text as text, and make the ids in the SVG depend only on the content.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "house rules", "font.size": 9}):
        figure = Figure(figsize=(SIZE[0] * panels, SIZE[1]), layout="constrained")
        panel_axes = list(figure.subplots(1, panels, squeeze=False)[0])
        for axes in panel_axes:
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
        result = Drawing(panel_axes)
        yield result
        file = io.StringIO()
        figure.savefig(
            file, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    content = file.getvalue()
    result.svg = content[content.index("<svg") :]


def errors_by_threshold(fits: Sequence[RuleFit]) -> str:
    """Plot, for every rule, the shares of mistakes that each threshold makes.

    The mistakes are abusive comments among the approved, and fine comments among the rejected.
    """
    with drawing(len(fits)) as plot:
        for axes, fit in zip(plot.axes, fits, strict=True):
            _errors(axes, fit.curve)
            for name, level in zip(("review", "reject"), fit.thresholds[:2], strict=True):
                if level != "never":
                    axes.axvline(level, color="0.4", linestyle=":")
                    place = level, 0.97
                    axes.annotate(f" {name} {level}", place, xycoords=("data", "axes fraction"))
            axes.set(title=fit.rule, xlabel="threshold", ylabel="share", ylim=(0, 1), xlim=(0, 1))
        plot.axes[0].legend(loc="center right", fontsize=7)
    return plot.svg


def _errors(axes: Axes, curve: Curve) -> None:
    lines = (
        ("approved, of all", np.array(curve.approved), None, "0.6", "-."),
        ("abusive among the approved", *_columns(curve.approved_abusive), INK, "-"),
        ("fine among the rejected", *_columns(curve.rejected_fine), MARKS, "--"),
    )
    for name, observed, bound, colour, style in lines:
        axes.plot(GRID, observed, style, color=colour, label=name)
        if bound is not None:
            axes.fill_between(GRID, observed, bound, color=colour, alpha=0.15)


def metric_curves(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], name: str) -> str:
    """Plot three curves side by side: ROC, precision against recall, and reliability.

    The curves show how well one score predicts one label.
    """
    points = curves[name]
    with drawing(3) as plot:
        roc, recall, reliability = plot.axes
        roc.plot(*_columns(points["roc"]), color=INK)
        roc.plot([0, 1], [0, 1], ":", color="0.6")
        roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
        recall.plot(*_columns(points["pr"]), color=INK)
        recall.set(
            title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02)
        )
        means, shares = _columns(points["reliability"])
        reliability.plot([0, 1], [0, 1], ":", color="0.6")
        reliability.plot(means, shares, "o-", color=MARKS, markersize=3.5)
        reliability.set(title="Reliability", xlabel="score", ylabel="share of positive labels")
    return plot.svg


def _columns(points: Sequence[Sequence[float]]) -> tuple[Array, Array]:
    values = np.array(points)
    return values[:, 0], values[:, 1]
