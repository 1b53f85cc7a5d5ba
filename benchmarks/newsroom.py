"""A newsroom with a taste of its own: what 2,000 verdicts in ten rounds teach the champion.

    python -m benchmarks.newsroom --data DIR [--output benchmarks/results/newsroom.md]

Three comments in ten are kept for measuring (by their text). The others wait for verdicts; in
each round a moderator who says what the set says judges 200. Four learn from them: the champion
adapted to comments drawn by lot, the same to comments chosen by doubt and distance, and a model
learned from scratch from the verdicts alone. The champion itself learns nothing. The general sets
are measured also after a layer that is not held near nothing on our own comments. The penalty was
set on reddit and convabuse, and it and the hold by the loss on the general sets reported here, so
these figures are a little kind. Training cost is not counted; `--scores` keeps
what the champion said, which takes most of the time.
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

from moderation.scoring.adapted import log_odds
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


others = functools.cache(adapt.unjudged)


class Comments(NamedTuple):
    """Comments with the champion's log-odds, their n-grams, and what readers said."""

    champion: Floats
    features: sparse.csr_matrix
    said: npt.NDArray[np.bool_]
    held: npt.NDArray[np.bool_]


def comments(data: Path, label: str, kept: dict[str, float], models: Models) -> Comments:
    """The comments of one set; the champion reads those that `kept` does not know."""
    name = label.partition(".")[0]
    source = catalogue.sources()[name]
    rows = [
        row
        for row in source.rows(data)
        if name not in ("jigsaw", "civil")
        or (row.part == "test" and (row.natural or name != "jigsaw"))
    ]
    order = np.random.default_rng(0).permutation(len(rows))[: MOST.get(name, USUAL)]
    rows = [rows[at] for at in order]
    keys = [splits.key(row.text) for row in rows]
    new = [row.text for row, key in zip(rows, keys, strict=True) if key not in kept]
    for start in range(0, len(new), 128):
        texts = [read(text) for text in new[start : start + 128]]
        models.score(texts)
        kept |= {
            splits.key(raw): text.scores[HEAD]
            for raw, text in zip(new[start : start + 128], texts, strict=True)
        }
    return Comments(
        log_odds(np.array([kept[key] for key in keys])),
        adapt.ngrams(row.text for row in rows),
        np.array([row.labels[label] >= 0.5 for row in rows]),
        np.array([int(key, 16) % 10 >= 7 for key in keys]),
    )


def learned(found: Comments, rows: Any, arm: str, hold: float = adapt.HOLD) -> Layer:
    """What an arm makes of the verdicts on these rows."""
    values = found.said[rows].astype(np.float64)
    if arm != "from scratch":
        return adapt.fit(found.champion[rows], found.features[rows], values, others(), hold)
    fitted = fitting.fit([found.features[rows]], values, 1 / adapt.PENALTY)
    return Layer(fitted.weights, 0.0, fitted.intercept)


def unjudged(found: Comments, seed: int) -> Any:
    """The comments that wait for a verdict, in an order drawn by lot."""
    return np.random.default_rng(seed).permutation(np.flatnonzero(~found.held))


def rounds(found: Comments, arm: str, seed: int) -> Iterator[tuple[int, Layer]]:
    """The layer after each round; the first round is drawn by lot for all arms."""
    pool = unjudged(found, seed)
    judged = pool[:ROUND]
    for _ in range(ROUNDS):
        layer = learned(found, judged, arm)
        yield len(judged), layer
        rest = pool[~np.isin(pool, judged)]
        if arm == "adapted, chosen":
            odds = layer.logits(found.champion[rest], found.features[rest])
            rest = rest[active_learning.choose(expit(odds), found.features[rest], ROUND)]
        judged = np.concatenate([judged, rest[:ROUND]])


def area(found: Comments, odds: Floats, rows: Any) -> float:
    """The area under the ROC curve on these rows."""
    return float(roc_auc_score(found.said[rows], odds[rows]))


def loss(found: Comments, odds: Floats, rows: Any) -> float:
    """How wrong the probabilities are: the mean of minus the log of what was said."""
    return float(np.mean(np.logaddexp(0, np.where(found.said[rows], -odds[rows], odds[rows]))))


class Curve(NamedTuple):
    """By verdicts: the mean area of all seeds, and each seed's log-odds on the held comments."""

    areas: dict[int, float]
    odds: dict[int, list[Floats]]
    last: list[Layer]


def curve(found: Comments, arm: str, seeds: Sequence[int]) -> Curve:
    """One arm's learning curve on the held comments."""
    rows = np.flatnonzero(found.held)
    odds: dict[int, list[Floats]] = {}
    last = []
    for seed in seeds:
        for size, layer in rounds(found, arm, seed):
            odds.setdefault(size, []).append(layer.logits(found.champion, found.features))
        last.append(layer)
        print(f"  {arm}, seed {seed}", flush=True)
    areas = {
        size: float(np.mean([area(found, each, rows) for each in several]))
        for size, several in odds.items()
    }
    return Curve(areas, odds, last)


def difference(found: Comments, ours: Sequence[Floats], theirs: Sequence[Floats]) -> str:
    """Mean difference of the areas with its 95 % interval, by a paired bootstrap."""
    rows = np.flatnonzero(found.held)
    draw = np.random.default_rng(0)

    def gap(at: Any) -> float:
        return float(
            np.mean([area(found, it, at) for it in ours])
            - np.mean([area(found, it, at) for it in theirs])
        )

    drawn = [gap(draw.choice(rows, len(rows))) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{gap(rows):+.3f} ({low:+.3f} to {high:+.3f})"


def saved(curves: dict[str, Curve]) -> str:
    """How many chosen verdicts reach what 2,000 drawn by lot reach."""
    goal = curves[ARMS[0]].areas[SHOWN[-1]]
    reached = [size for size, at in curves[ARMS[1]].areas.items() if at >= goal]
    if not reached:
        return "Chosen verdicts do not reach within 2,000 what 2,000 by lot reach: nothing saved."
    saving = 1 - min(reached) / SHOWN[-1]
    return f"{min(reached):,} chosen verdicts reach what 2,000 by lot reach: {saving:.0%} fewer."


def report(
    data: Path, scores: Path | None, seeds: Sequence[int], plot: Path | None
) -> Iterator[str]:
    """The lines of the report."""
    kept: dict[str, float] = json.loads(scores.read_text()) if scores and scores.exists() else {}
    models = Models.load()
    general = {name: comments(data, label, kept, models) for name, label in GENERAL.items()}
    drawn: dict[str, tuple[float, dict[str, Curve]]] = {}
    for name, label in NEWSROOMS.items():
        found = comments(data, label, kept, models)
        if scores:
            scores.write_text(json.dumps(kept))
        rows = np.flatnonzero(found.held)
        champion = area(found, found.champion, rows)
        curves = {arm: curve(found, arm, seeds) for arm in ARMS}
        drawn[name] = champion, curves
        yield f"\n## {name}: {label}, {len(found.said):,} comments, {found.said.mean():.0%} yes\n"
        yield f"Measured on {len(rows):,} held comments; the champion: area {champion:.3f}, "
        yield f"log loss {loss(found, found.champion, rows):.3f}.\n"
        yield "| verdicts | " + " | ".join(ARMS) + " | by lot, less the champion | log loss |"
        yield "|--:|" + "--:|" * (len(ARMS) + 2)
        for size in curves[ARMS[0]].areas:
            cells = [f"{curves[arm].areas[size]:.3f}" for arm in ARMS]
            gap = ""
            if size in SHOWN:
                base = [found.champion] * len(seeds)
                gap = difference(found, curves[ARMS[0]].odds[size], base)
            unsure = np.mean([loss(found, each, rows) for each in curves[ARMS[0]].odds[size]])
            yield f"| {size:,} | " + " | ".join(cells) + f" | {gap} | {unsure:.3f} |"
        end = SHOWN[-1]
        gap = difference(found, curves[ARMS[1]].odds[end], curves[ARMS[0]].odds[end])
        yield f"\n{saved(curves)} Chosen less by lot after {end:,}: {gap}.\n"
        free = [learned(found, unjudged(found, it)[:end], ARMS[0], hold=0.0) for it in seeds]
        yield from elsewhere(found, general, curves[ARMS[0]].last, free)
    if plot:
        draw_curves(drawn, plot)


def elsewhere(
    found: Comments, general: dict[str, Comments], held: Sequence[Layer], free: Sequence[Layer]
) -> Iterator[str]:
    """What held layers and free ones cost on the general sets."""
    yield "| after 2,000 verdicts | comments | champion | adapted | change | not held | change |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for title, other in {"the newsroom's own": found, **general}.items():
        rows = np.flatnonzero(found.held) if other is found else np.arange(len(other.said))
        before = area(other, other.champion, rows)
        line = f"| {title} | {len(rows):,} | {before:.4f} |"
        for layers in (held, free):
            odds = [layer.logits(other.champion, other.features) for layer in layers]
            after = float(np.mean([area(other, it, rows) for it in odds]))
            line += f" {after:.4f} | {after - before:+.4f} |"
        yield line


def draw_curves(drawn: dict[str, tuple[float, dict[str, Curve]]], target: Path) -> None:
    """The learning curves as a picture."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "newsroom"
    figure, axes = plt.subplots(1, len(drawn), figsize=(10, 3.8), layout="constrained")
    for axis, (name, (champion, curves)) in zip(axes, drawn.items(), strict=True):
        axis.axhline(champion, color="0.4", linestyle="--", label="champion")
        for arm, found in curves.items():
            axis.plot(list(found.areas), list(found.areas.values()), marker="o", label=arm)
        axis.set(title=f"{name} ({NEWSROOMS[name]})", xlabel="verdicts", ylabel="area under ROC")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(target, metadata={"Date": ""})


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description="What verdicts teach the champion.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    parser.add_argument("--scores", type=Path, help="a file that keeps what the champion said")
    parser.add_argument("--output", type=Path, help="a Markdown file; the picture goes beside it")
    parser.add_argument("--seeds", type=int, default=3, help="how often the order is drawn anew")
    given = parser.parse_args()
    plot = given.output.with_suffix(".svg") if given.output else None
    lines = []
    for line in report(given.data, given.scores, range(given.seeds), plot):
        print(line, flush=True)
        lines.append(line)
    if given.output:
        picture = f"\n![Learning curves]({plot.name})\n" if plot else ""
        head = f"# A newsroom's own taste\n\n{_about(given.seeds)}\n{picture}"
        given.output.write_text(head + "\n".join(lines) + "\n", "utf-8")


def _about(seeds: int) -> str:
    versions = ", ".join(f"{name} {at}" for name, at in sorted(Models.load().versions.items()))
    return (
        f"Areas under the ROC curve, means of {seeds} orders (seeds 0 to {seeds - 1}); intervals "
        f"are 95 %, by {RESAMPLES} paired bootstrap resamples of the held comments. `{HEAD}` by "
        f"both readers, {versions}; penalty {adapt.PENALTY}, set on reddit and convabuse, and "
        f"hold {adapt.HOLD}, both with an eye on the loss on the general sets below.\n"
    )


if __name__ == "__main__":
    main()
