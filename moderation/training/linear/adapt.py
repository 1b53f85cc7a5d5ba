"""Learn from moderators' verdicts: adapt the champion to a newsroom instead of forgetting it.

The champion's log-odds enter with a weight that stays near 1, and the newsroom's own n-grams are
added under a penalty: a logistic regression with the champion as its prior. Two hundred verdicts
that agree outweigh the penalty, a few, or some that contradict each other, hardly move it. Words
that no verdict was given on have no weight, and on our own comments (`data/own_comments.csv`), on
which no moderator said anything, the layer is held near nothing: it learns to speak where verdicts
do, and what the champion knew of everything else stays as it was. The penalty was set on newsrooms
simulated with training sets (reddit, convabuse), and both holds by what they cost on the general
sets that `benchmarks/newsroom.py` reports, so that its figures are a little kind.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from threadpoolctl import threadpool_limits

from moderation.scoring import store
from moderation.scoring.adapted import AdaptedScorer, log_odds
from moderation.scoring.models import Models
from moderation.scoring.ngrams import Recipe
from moderation.scoring.store import Files, ModelError
from moderation.text.reading import read
from moderation.training import cards, metrics
from moderation.training.corpora import in_house, splits
from moderation.training.corpora.catalogue import CorpusError, Row
from moderation.training.linear import fitting
from moderation.training.linear.features import HashedNgrams

Floats = npt.NDArray[np.float64]

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=18)
PENALTY = 2.0  # on the n-grams' weights: half their squared length, times this
TRUST = 10.0  # how firmly the champion's weight is held to 1
CALM = 1.0  # how firmly the offset is held to 0
HOLD = 1_500.0  # how firmly what n-grams say of comments without verdict is held to 0, all together
FEWEST = 10  # verdicts of either kind without which a head stays as it is
FOLDS = 5
BATCH = 128  # comments read together

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


class Layer(NamedTuple):
    """What is laid over the champion: `slope * champion + features @ weights + start`."""

    weights: npt.NDArray[np.float32]
    slope: float
    start: float

    def logits(self, champion: Floats, features: sparse.csr_matrix) -> Floats:
        """The adapted log-odds of every row."""
        added = np.asarray(features @ self.weights, np.float64)
        return self.slope * champion + added + self.start


def fit(
    champion: Floats,
    features: sparse.csr_matrix,
    values: Floats,
    others: sparse.csr_matrix,
    hold: float = HOLD,
) -> Layer:
    """The layer that fits `values` 0..1 best under the penalty, and says little of `others`.

    The maximum a posteriori of a logistic regression with normal priors: the n-grams' weights
    around 0, and so their sums over each of the others; the champion's weight around 1, the
    offset around 0. It is convex, so that the same rows always give the same layer.

    >>> unseen = sparse.csr_matrix((2, 8), dtype=np.float32)
    >>> layer = fit(np.array([-2.0, 2.0]), unseen, np.array([0.0, 1.0]), unseen)
    >>> round(layer.slope, 1), abs(round(layer.start, 1))
    (1.0, 0.0)
    """
    seen = np.unique(features.indices)
    judged = features[:, seen].astype(np.float64)
    turned = judged.T.tocsr()
    held = others[:, seen].astype(np.float64)
    back = held.T.tocsr()
    each = hold / max(others.shape[0], 1)

    def loss(at: Floats) -> tuple[float, Floats]:
        weights, (slope, start) = at[:-2], at[-2:]
        odds = slope * champion + judged @ weights + start
        value, missed = fitting.cross_entropy(odds, values)
        said = held @ weights
        value += 0.5 * (PENALTY * weights @ weights + each * said @ said)
        value += 0.5 * (TRUST * (slope - 1) ** 2 + CALM * start**2)
        uphill = np.concatenate(
            [
                turned @ missed + PENALTY * weights + each * (back @ said),
                [missed @ champion + TRUST * (slope - 1), missed.sum() + CALM * start],
            ]
        )
        return float(value), uphill

    first = np.zeros(len(seen) + 2)
    first[-2] = 1.0
    with threadpool_limits(1):  # vectors so short are added sooner than threads are woken
        found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"ftol": 1e-5}).x
    weights = np.zeros(features.shape[1], np.float32)
    weights[seen] = found[:-2]
    return Layer(weights, float(found[-2]), float(found[-1]))


def train(
    name: str,
    rows: Iterable[Row],
    folder: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = log.info,
) -> Path:
    """Adapt the champion `name` (abuse or spam) of `folder` to `rows`; the challenger's folder.

    The layer is fitted beside all that scores in service, so the careful reader where there is
    one. A champion that is itself adapted is adapted anew, from what it was laid over: give all
    verdicts, not only new ones. Raises `CorpusError` where no head has verdicts enough,
    `ModelError` where the champion cannot be used.
    """
    began = time.perf_counter()
    home = folder / name / store.champions(folder)[name]
    files = Files.open(home)
    if files.card["kind"] not in ("linear", "adapted"):
        raise ModelError(f"{home}: only a linear model can be adapted, not '{files.card['kind']}'")
    texts, said = _gathered(rows)
    heads = [head for head in files.card["heads"] if _enough(said.get(head, {}))]
    if not heads:
        raise CorpusError(_too_few(said, files.card["heads"]))
    progress(f"the champion reads {len(texts):,} comments")
    champion = _champion(folder, name, texts)
    progress(f"fitting {', '.join(heads)}")
    features, others = ngrams(texts), unjudged()
    layers: list[Layer] = []
    measured: dict[str, Any] = {}
    for head in heads:
        places = np.array(sorted(said[head]), np.int64)
        values = np.array([np.mean(said[head][place]) for place in places])
        rows_of = features[places]
        layers.append(fit(champion[head][places], rows_of, values, others))
        groups = np.array([int(splits.key(texts[place]), 16) % FOLDS for place in places])
        measured |= dict(
            _figures(head, champion[head][places], rows_of, values, others, groups, seed)
        )
    weights, scales = fitting.quantised(np.column_stack([layer.weights for layer in layers]))
    arrays = {it: np.array(files.array(it)) for it in ("weights", "scales", "intercepts", "knots")}
    arrays |= {
        "own_weights": weights,
        "own_scales": scales,
        "own_starts": np.array([layer.start for layer in layers], np.float32),
        "own_slopes": np.array([layer.slope for layer in layers], np.float32),
    }
    beside = files.card["own"]["beside"] if files.card["kind"] == "adapted" else home.name
    card = _card(files.card, beside, heads, said, measured, seed, time.perf_counter() - began)
    return cards.challenger(out / name, card, arrays)


def ngrams(texts: Iterable[str]) -> sparse.csr_matrix:
    """What the layer reads of these texts."""
    hashed = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)
    return hashed.transform(read(text).deobfuscated.text for text in texts)


def unjudged() -> sparse.csr_matrix:
    """Comments that no verdict is about: our own, without those that we measure with."""
    return ngrams(it.text for it in in_house.comments() if it.part != "test")


def _gathered(rows: Iterable[Row]) -> tuple[list[str], dict[str, dict[int, list[float]]]]:
    """Each text once, and by head what was said of it, by its place."""
    places: dict[str, int] = {}
    texts: list[str] = []
    said: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        at = places.setdefault(splits.key(row.text), len(texts))
        if at == len(texts):
            texts.append(row.text)
        for head, value in row.labels.items():
            said.setdefault(head, {}).setdefault(at, []).append(value)
    return texts, said


def _enough(said: Mapping[int, Sequence[float]]) -> bool:
    values = [float(np.mean(it)) >= 0.5 for it in said.values()]
    return min(sum(values), len(values) - sum(values)) >= FEWEST


def _too_few(said: Mapping[str, Mapping[int, Sequence[float]]], heads: Sequence[str]) -> str:
    counts = {
        head: Counter(float(np.mean(it)) >= 0.5 for it in said[head].values())
        for head in heads
        if head in said
    }
    there = [f"{head} has {it[True]} yes and {it[False]} no" for head, it in counts.items()]
    return f"too few verdicts: a score is adapted from {FEWEST} of either kind on; " + (
        "; ".join(there) or "none speaks of a score of this model"
    )


def _champion(folder: Path, name: str, texts: Sequence[str]) -> dict[str, Floats]:
    """The champion's log-odds, without what an earlier layer put over them."""
    reader = Models.load(folder).scorers[name]
    reader = reader.base if isinstance(reader, AdaptedScorer) else reader
    found: dict[str, list[Floats]] = {head: [] for head in reader.heads}
    for start in range(0, len(texts), BATCH):
        scores = reader.score([read(text) for text in texts[start : start + BATCH]])
        for head, values in scores.items():
            found[head].append(log_odds(values))
    return {head: np.concatenate(parts) for head, parts in found.items()}


def _figures(
    head: str,
    champion: Floats,
    features: sparse.csr_matrix,
    values: Floats,
    others: sparse.csr_matrix,
    groups: npt.NDArray[np.int64],
    seed: int,
) -> Iterable[tuple[str, Any]]:
    """Champion and adapted on the verdicts, each fold by a layer that did not see it."""
    adapted = np.zeros(len(values))
    for group in range(FOLDS):
        held = groups == group
        layer = fit(champion[~held], features[~held], values[~held], others)
        adapted[held] = layer.logits(champion[held], features[held])
    answers = values >= 0.5
    for name, odds in (("champion", champion), ("adapted", adapted)):
        yield (
            f"{name}: {head} on the verdicts, cross-validated",
            metrics.measure(answers, expit(odds), seed),
        )


def _card(
    base: Mapping[str, Any],
    beside: str,
    heads: Sequence[str],
    said: Mapping[str, Mapping[int, Sequence[float]]],
    measured: Mapping[str, Any],
    seed: int,
    seconds: float,
) -> dict[str, Any]:
    """The champion's card, with what is new."""
    layer = {
        "heads": list(heads),
        "recipe": {"chars": RECIPE.chars, "words": RECIPE.words, "bits": RECIPE.bits},
        "beside": beside,
        "penalty": PENALTY,
        "hold": HOLD,
    }
    verdicts = {
        "name": "verdicts",
        "rows": len({place for head in heads for place in said[head]}),
        "licence": "the newsroom's own",
        "citation": "The verdicts of this newsroom's moderators.",
        "sha256": _digest(said, heads),
        "by_score": {head: len(said[head]) for head in heads},
    }
    known = [entry for entry in base["data"] if entry["name"] != "verdicts"]
    return cards.card(
        name=base["name"],
        kind="adapted",
        purpose=base["purpose"],
        heads=base["heads"],
        data=[*known, verdicts],
        figures=measured,
        seed=seed,
        seconds=seconds,
        limits=base["limits"]
        + " Adapted to one newsroom's verdicts: it has that newsroom's taste, and its mistakes.",
        recipe=base["recipe"],
        reads=base.get("reads"),
        own=layer,
    )


def _digest(said: Mapping[str, Mapping[int, Sequence[float]]], heads: Sequence[str]) -> str:
    kept = {head: sorted(said[head].items()) for head in heads}
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()
