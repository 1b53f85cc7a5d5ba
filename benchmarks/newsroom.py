"""Measure how fast 2,000 verdicts in ten rounds adapt the champion to a newsroom.

    python -m benchmarks.newsroom --data DIR [--output benchmarks/results/newsroom.md]

A labelled set stands in for a newsroom whose moderators decide as its labels say. 30 % of the
comments are held out for measuring (by their text); the others wait for verdicts. In each of ten
rounds 200 get a verdict. Three ways to use the verdicts are compared: to adapt the champion to
randomly drawn comments, to adapt it to comments chosen by active learning, and to train a model
from scratch. The baseline is the champion without adaptation.

The general sets show the cost of adaptation elsewhere, with and without the penalty that holds the
adapted layer near zero on the project's own comments. The weight penalty was tuned on reddit and
convabuse, and both penalties also on the loss on these general sets, so the results are slightly
optimistic. Training time is not measured. `--scores` caches the champion's scores, which
take most of the time.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from moderation.scoring.calibration import log_odds
from moderation.scoring.models import Models
from moderation.text.reading import read
from moderation.training.corpora import catalogue, splits
from moderation.training.linear import active_learning, adapt, fitting
from moderation.training.linear.adapt import Layer

Floats = npt.NDArray[np.float64]

HEAD = "toxicity"
NEWSROOMS = {"ucc": "ucc.unhealthy", "trac": "trac.aggressive"}
GENERAL = {"Wikipedia": "jigsaw.toxic", "news sites": "civil.toxic", "insults": "insults.insult"}
ROUND, ROUNDS = 200, 10
SHOWN = (200, 1000, 2000)
MOST = {"trac": 6_000, "jigsaw": 2_500, "insults": 2_000}
USUAL = 5_000
RESAMPLES = 200
ARMS = ("adapted, by lot", "adapted, chosen", "from scratch")


in_house = functools.cache(adapt.in_house_features)


class Comments(NamedTuple):
    """Comments: the champion's log-odds, n-grams, labels, and which are held out."""

    champion: Floats
    features: sparse.csr_matrix
    y_true: npt.NDArray[np.bool_]
    held_out: npt.NDArray[np.bool_]


def load(data: Path, label: str, scores: dict[str, float], models: Models) -> Comments:
    """Load the comments of one set, and score those that are not in the cache `scores`."""
    name = label.partition(".")[0]
    source = catalogue.sources()[name]
    rows = [
        row
        for row in source.rows(data)
        if name not in ("jigsaw", "civil")
        or (row.part == "test" and (row.natural or name != "jigsaw"))
    ]
    order = np.random.default_rng(0).permutation(len(rows))[: MOST.get(name, USUAL)]
    rows = [rows[index] for index in order]
    keys = [splits.key(row.text) for row in rows]
    new = [row.text for row, key in zip(rows, keys, strict=True) if key not in scores]
    for start in range(0, len(new), 128):
        texts = [read(text) for text in new[start : start + 128]]
        models.score(texts)
        scores |= {
            splits.key(raw): text.scores[HEAD]
            for raw, text in zip(new[start : start + 128], texts, strict=True)
        }
    return Comments(
        log_odds(np.array([scores[key] for key in keys])),
        adapt.ngrams(row.text for row in rows),
        np.array([row.labels[label] >= 0.5 for row in rows]),
        np.array([int(key, 16) % 10 >= 7 for key in keys]),
    )


def train(comments: Comments, rows: Any, arm: str, hold: float = adapt.IN_HOUSE_PENALTY) -> Layer:
    """Train one arm on the verdicts of these rows."""
    values = comments.y_true[rows].astype(np.float64)
    if arm != "from scratch":
        return adapt.fit(comments.champion[rows], comments.features[rows], values, in_house(), hold)
    fitted = fitting.fit([comments.features[rows]], values, 1 / adapt.PENALTY)
    return Layer(fitted.weights, 0.0, fitted.intercept)


def shuffled(comments: Comments, seed: int) -> Any:
    """Return the comments that wait for a verdict in random order."""
    return np.random.default_rng(seed).permutation(np.flatnonzero(~comments.held_out))


def rounds(comments: Comments, arm: str, seed: int) -> Iterator[tuple[int, Layer]]:
    """Yield the layer after each round. The first round is random in all arms."""
    pool = shuffled(comments, seed)
    labelled = pool[:ROUND]
    for _ in range(ROUNDS):
        layer = train(comments, labelled, arm)
        yield len(labelled), layer
        rest = pool[~np.isin(pool, labelled)]
        if arm == "adapted, chosen":
            logits = layer.logits(comments.champion[rest], comments.features[rest])
            rest = rest[active_learning.select_rows(expit(logits), comments.features[rest], ROUND)]
        labelled = np.concatenate([labelled, rest[:ROUND]])


def roc_auc(comments: Comments, logits: Floats, rows: Any) -> float:
    """Return the ROC AUC on these rows."""
    return float(roc_auc_score(comments.y_true[rows], logits[rows]))


def log_loss(comments: Comments, logits: Floats, rows: Any) -> float:
    """Return the mean log loss on these rows."""
    return float(
        np.mean(np.logaddexp(0, np.where(comments.y_true[rows], -logits[rows], logits[rows])))
    )


class Curve(NamedTuple):
    """By number of verdicts: the mean AUC of all seeds, and each seed's log-odds.

    `last` are the layers of the last round.
    """

    areas: dict[int, float]
    logits: dict[int, list[Floats]]
    last: list[Layer]


def curve(comments: Comments, arm: str, seeds: Sequence[int]) -> Curve:
    """Return one arm's learning curve on the held-out comments."""
    rows = np.flatnonzero(comments.held_out)
    logits: dict[int, list[Floats]] = {}
    last = []
    for seed in seeds:
        for size, layer in rounds(comments, arm, seed):
            logits.setdefault(size, []).append(layer.logits(comments.champion, comments.features))
        last.append(layer)
        print(f"  {arm}, seed {seed}", flush=True)
    areas = {
        size: float(np.mean([roc_auc(comments, values, rows) for values in by_seed]))
        for size, by_seed in logits.items()
    }
    return Curve(areas, logits, last)


def difference(comments: Comments, first: Sequence[Floats], second: Sequence[Floats]) -> str:
    """Return the mean difference of the AUCs with its 95 % interval, by a paired bootstrap."""
    rows = np.flatnonzero(comments.held_out)
    rng = np.random.default_rng(0)

    def mean_difference(rows: Any) -> float:
        return float(
            np.mean([roc_auc(comments, logits, rows) for logits in first])
            - np.mean([roc_auc(comments, logits, rows) for logits in second])
        )

    resampled = [mean_difference(rng.choice(rows, len(rows))) for _ in range(RESAMPLES)]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return f"{mean_difference(rows):+.3f} ({low:+.3f} to {high:+.3f})"


def saving(curves: dict[str, Curve]) -> str:
    """Return how many chosen verdicts are as good as 2,000 random ones, in words."""
    goal = curves[ARMS[0]].areas[SHOWN[-1]]
    reached = [size for size, auc in curves[ARMS[1]].areas.items() if auc >= goal]
    if not reached:
        return "2,000 chosen verdicts are not as good as 2,000 drawn by lot: nothing saved."
    share = 1 - min(reached) / SHOWN[-1]
    return f"{min(reached):,} chosen verdicts are as good as 2,000 drawn by lot: {share:.0%} fewer."


def report(
    data: Path, scores: Path | None, seeds: Sequence[int], plot: Path | None
) -> Iterator[str]:
    """Yield the lines of the report."""
    cache: dict[str, float] = json.loads(scores.read_text()) if scores and scores.exists() else {}
    models = Models.load()
    general = {name: load(data, label, cache, models) for name, label in GENERAL.items()}
    by_newsroom: dict[str, tuple[float, dict[str, Curve]]] = {}
    for name, label in NEWSROOMS.items():
        comments = load(data, label, cache, models)
        if scores:
            scores.write_text(json.dumps(cache))
        rows = np.flatnonzero(comments.held_out)
        champion = roc_auc(comments, comments.champion, rows)
        curves = {arm: curve(comments, arm, seeds) for arm in ARMS}
        by_newsroom[name] = champion, curves
        y_true = comments.y_true
        yield f"\n## {name}: {label}, {len(y_true):,} comments, {y_true.mean():.0%} positive\n"
        yield f"Measured on {len(rows):,} held-out comments; the champion: area {champion:.3f}, "
        yield f"log loss {log_loss(comments, comments.champion, rows):.3f}.\n"
        yield "| verdicts | " + " | ".join(ARMS) + " | by lot, less the champion | log loss |"
        yield "|--:|" + "--:|" * (len(ARMS) + 2)
        for size in curves[ARMS[0]].areas:
            cells = [f"{curves[arm].areas[size]:.3f}" for arm in ARMS]
            change = ""
            if size in SHOWN:
                base = [comments.champion] * len(seeds)
                change = difference(comments, curves[ARMS[0]].logits[size], base)
            logits = curves[ARMS[0]].logits[size]
            loss = np.mean([log_loss(comments, values, rows) for values in logits])
            yield f"| {size:,} | " + " | ".join(cells) + f" | {change} | {loss:.3f} |"
        end = SHOWN[-1]
        change = difference(comments, curves[ARMS[1]].logits[end], curves[ARMS[0]].logits[end])
        yield f"\n{saving(curves)} Chosen less by lot after {end:,}: {change}.\n"
        free = [
            train(comments, shuffled(comments, seed)[:end], ARMS[0], hold=0.0) for seed in seeds
        ]
        yield from elsewhere(comments, general, curves[ARMS[0]].last, free)
    if plot:
        plot_curves(by_newsroom, plot)


def elsewhere(
    comments: Comments, general: dict[str, Comments], held: Sequence[Layer], free: Sequence[Layer]
) -> Iterator[str]:
    """Yield the effect on the general sets, with and without holding the layer near zero."""
    yield "| after 2,000 verdicts | comments | champion | adapted | change | not held | change |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for title, other in {"the newsroom's own": comments, **general}.items():
        rows = (
            np.flatnonzero(comments.held_out) if other is comments else np.arange(len(other.y_true))
        )
        before = roc_auc(other, other.champion, rows)
        line = f"| {title} | {len(rows):,} | {before:.4f} |"
        for layers in (held, free):
            logits = [layer.logits(other.champion, other.features) for layer in layers]
            after = float(np.mean([roc_auc(other, values, rows) for values in logits]))
            line += f" {after:.4f} | {after - before:+.4f} |"
        yield line


def plot_curves(by_newsroom: dict[str, tuple[float, dict[str, Curve]]], target: Path) -> None:
    """Plot the learning curves as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "newsroom"
    figure, axes = plt.subplots(1, len(by_newsroom), figsize=(10, 3.8), layout="constrained")
    for axis, (name, (champion, curves)) in zip(axes, by_newsroom.items(), strict=True):
        axis.axhline(champion, color="0.4", linestyle="--", label="champion")
        for arm, line in curves.items():
            axis.plot(list(line.areas), list(line.areas.values()), marker="o", label=arm)
        axis.set(title=f"{name} ({NEWSROOMS[name]})", xlabel="verdicts", ylabel="area under ROC")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(target, metadata={"Date": ""})


def main() -> None:
    """Measure, print, and write the files if one is named."""
    parser = argparse.ArgumentParser(description="Measure adaptation to a newsroom's verdicts.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--scores", type=Path, help="a file to cache the champion's scores in")
    parser.add_argument(
        "--output", type=Path, help="a Markdown file; the plot is written next to it"
    )
    parser.add_argument(
        "--seeds", type=int, default=3, help="how many random orders to average over"
    )
    options = parser.parse_args()
    plot = options.output.with_suffix(".svg") if options.output else None
    lines = []
    for line in report(options.data, options.scores, range(options.seeds), plot):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        picture = f"\n![Learning curves]({plot.name})\n" if plot else ""
        head = f"# A newsroom's own taste\n\n{_about(options.seeds)}\n{picture}"
        options.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


def _about(seeds: int) -> str:
    versions = ", ".join(
        f"{name} {version}" for name, version in sorted(Models.load().versions.items())
    )
    return (
        f"Areas under the ROC curve, means of {seeds} orders (seeds 0 to {seeds - 1}); intervals "
        f"are 95 %, by {RESAMPLES} paired bootstrap resamples of the held comments. `{HEAD}` by "
        f"both models, {versions}; penalty {adapt.PENALTY}, set on reddit and convabuse, and "
        f"hold {adapt.IN_HOUSE_PENALTY}, both with an eye on the loss on the general sets below.\n"
    )


if __name__ == "__main__":
    main()
