"""Plots for reports, as SVG: readable in print and without colour, nothing fetched."""

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

    from moderation.training.evaluation.thresholds import Fitted

Array = npt.NDArray[np.float64]

INK, MARKS = "#1f4e79", "#b3541e"
SIZE = (4.6, 3.4)  # inches


class PlotError(RuntimeError):
    """Nothing can be drawn here; the message says what is missing."""


def ready() -> None:
    """Raise `PlotError` where what draws is not installed: to be asked before a long work."""
    if importlib.util.find_spec("matplotlib") is None:
        raise PlotError("plots need matplotlib: pip install -e '.[train]'")


class Drawing:
    """An SVG in the making: `axes` to draw on, and after that its `svg`."""

    def __init__(self, axes: Sequence[Axes]) -> None:
        self.axes = axes
        self.svg = ""


@contextmanager
def drawing(panels: int = 1) -> Iterator[Drawing]:
    """Axes beside each other; the SVG is there when the block ends."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Letters stay text, and names within the file depend on nothing but what is drawn.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "house rules", "font.size": 9}):
        figure = Figure(figsize=(SIZE[0] * panels, SIZE[1]), layout="constrained")
        found = figure.subplots(1, panels, squeeze=False)[0]
        for axes in found:
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
        made = Drawing(list(found))
        yield made
        file = io.StringIO()
        figure.savefig(
            file, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    content = file.getvalue()
    made.svg = content[content.index("<svg") :]


def coverage(fits: Sequence[Fitted]) -> str:
    """For every rule: the error among approved and among rejected comments, by threshold."""
    with drawing(len(fits)) as made:
        for axes, one in zip(made.axes, fits, strict=True):
            _errors(axes, one.curve)
            for name, at in zip(("review", "reject"), one.thresholds[:2], strict=True):
                if at != "never":
                    axes.axvline(at, color="0.4", linestyle=":")
                    axes.annotate(f" {name} {at}", (at, 0.97), xycoords=("data", "axes fraction"))
            axes.set(title=one.rule, xlabel="threshold", ylabel="share", ylim=(0, 1), xlim=(0, 1))
        made.axes[0].legend(loc="center right", fontsize=7)
    return made.svg


def _errors(axes: Axes, curve: Curve) -> None:
    lines = (
        ("approved, of all", np.array(curve.approved), None, "0.6", "-."),
        ("abusive among the approved", *_both(curve.approved_abusive), INK, "-"),
        ("fine among the rejected", *_both(curve.rejected_fine), MARKS, "--"),
    )
    for name, seen, bound, colour, style in lines:
        axes.plot(GRID, seen, style, color=colour, label=name)
        if bound is not None:
            axes.fill_between(GRID, seen, bound, color=colour, alpha=0.15)


def _both(shares: Sequence[tuple[float, float]]) -> tuple[Array, Array]:
    pairs = np.array(shares)
    return pairs[:, 0], pairs[:, 1]


def questions(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], name: str) -> str:
    """ROC, precision and recall, and reliability of one question, beside each other."""
    found = curves[name]
    with drawing(3) as made:
        roc, recall, reliable = made.axes
        roc.plot(*_columns(found["roc"]), color=INK)
        roc.plot([0, 1], [0, 1], ":", color="0.6")
        roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
        recall.plot(*_columns(found["pr"]), color=INK)
        recall.set(
            title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02)
        )
        means, shares = _columns(found["reliability"])
        reliable.plot([0, 1], [0, 1], ":", color="0.6")
        reliable.plot(means, shares, "o-", color=MARKS, markersize=3.5)
        reliable.set(title="Reliability", xlabel="score", ylabel="share that readers call so")
    return made.svg


def _columns(points: Sequence[Sequence[float]]) -> tuple[Array, Array]:
    values = np.array(points)
    return values[:, 0], values[:, 1]
