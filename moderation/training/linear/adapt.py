"""Adapt a linear model to a newsroom, by training on its moderators' verdicts.

The model in use (the champion) stays as it is. The adapted model adds a layer to it: a logistic
regression on the champion's log-odds and on the n-grams of the comments. The weight of the log-odds
is kept near 1, and the weights of the n-grams are penalised. Two hundred verdicts that agree
outweigh the penalty. A few verdicts, or contradictory ones, have little effect.

N-grams that occur in no comment with a verdict have no weight. In addition, what the layer adds to
the scores of the in-house comments (`data/own_comments.csv`), which have no verdicts, is penalised.
So the layer changes the scores of comments that resemble comments with verdicts, and hardly changes
the scores of other comments.

The penalty on the weights was chosen on newsrooms simulated with training corpora (reddit,
convabuse). Both penalties also depend on the loss on the general corpora that
`benchmarks/newsroom.py` measures, so the metrics of this benchmark are slightly optimistic.
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

from moderation.lifecycle.together import newer_shipped, with_version
from moderation.scoring.adapted import AdaptedScorer
from moderation.scoring.calibration import log_odds
from moderation.scoring.models import Models
from moderation.scoring.ngrams import Recipe
from moderation.scoring.store import AnyStore, Files, ModelError, ModelStore
from moderation.text.reading import read
from moderation.training import cards, metrics
from moderation.training.corpora import in_house, splits
from moderation.training.corpora.catalogue import CorpusError, Row
from moderation.training.linear import fitting
from moderation.training.linear.features import HashedNgrams

Floats = npt.NDArray[np.float64]
Labels = Mapping[str, Mapping[int, Sequence[float]]]
"""The values of each head's labels, by the index of the text."""

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=18)
# Each penalty is the factor of half a square:
PENALTY = 2.0  # of the n-grams' weights (sum of squares)
SLOPE_PENALTY = 10.0  # of the difference between the champion's weight and 1
OFFSET_PENALTY = 1.0  # of the offset
IN_HOUSE_PENALTY = (
    1_500.0  # of the n-grams' log-odds for comments without verdicts (mean of squares)
)
MIN_VERDICTS = 10  # of either kind, to adapt a head
FOLDS = 5
BATCH = 128  # comments scored together

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


class Layer(NamedTuple):
    """A correction of the champion's log-odds that is learnt from moderators' verdicts.

    `features` are the n-grams of a comment. The corrected log-odds are `slope * champion + features
    @ weights + offset`.
    """

    weights: npt.NDArray[np.float32]
    slope: float
    offset: float

    def logits(self, champion: Floats, features: sparse.csr_matrix) -> Floats:
        """Return the corrected log-odds of every row.

        They are computed from the champion's log-odds and the n-grams (`features`).
        """
        added = np.asarray(features @ self.weights, np.float64)
        return self.slope * champion + added + self.offset


def fit(
    champion: Floats,
    features: sparse.csr_matrix,
    values: Floats,
    others: sparse.csr_matrix,
    hold: float = IN_HOUSE_PENALTY,
) -> Layer:
    """Fit a layer, which corrects the champion's log-odds, to moderators' verdicts.

    `values` are the labels of the comments with verdicts, from 0 to 1. `champion` holds the
    champion's log-odds for these comments, and `features` their n-grams. `others` are the n-grams
    of comments without verdicts. `hold` is the penalty on what the layer adds to the scores of the
    comments without verdicts. The layer is the maximum a posteriori of a logistic regression with
    normal priors. The problem is convex, so the same rows give the same layer.

    >>> empty = sparse.csr_matrix((2, 8), dtype=np.float32)
    >>> layer = fit(np.array([-2.0, 2.0]), empty, np.array([0.0, 1.0]), empty)
    >>> round(layer.slope, 1), abs(round(layer.offset, 1))
    (1.0, 0.0)
    """
    used = np.unique(features.indices)
    judged = features[:, used].astype(np.float64)
    judged_t = judged.T.tocsr()
    unjudged = others[:, used].astype(np.float64)
    unjudged_t = unjudged.T.tocsr()
    each = hold / max(others.shape[0], 1)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, (slope, offset) = parameters[:-2], parameters[-2:]
        odds = slope * champion + judged @ weights + offset
        value, residuals = fitting.cross_entropy(odds, values)
        contribution = unjudged @ weights
        value += 0.5 * (PENALTY * weights @ weights + each * contribution @ contribution)
        value += 0.5 * (SLOPE_PENALTY * (slope - 1) ** 2 + OFFSET_PENALTY * offset**2)
        gradient = np.concatenate(
            [
                judged_t @ residuals + PENALTY * weights + each * (unjudged_t @ contribution),
                [
                    residuals @ champion + SLOPE_PENALTY * (slope - 1),
                    residuals.sum() + OFFSET_PENALTY * offset,
                ],
            ]
        )
        return float(value), gradient

    initial = np.zeros(len(used) + 2)
    initial[-2] = 1.0
    with threadpool_limits(1):  # the vectors are too short for threads to pay off
        options = {"ftol": 1e-5}
        solution = minimize(loss, initial, jac=True, method="L-BFGS-B", options=options).x
    weights = np.zeros(features.shape[1], np.float32)
    weights[used] = solution[:-2]
    return Layer(weights, float(solution[-2]), float(solution[-1]))


def train(
    name: str,
    rows: Iterable[Row],
    root: AnyStore,
    out: Path,
    seed: int = 0,
    progress: Progress = log.info,
) -> Path:
    """Adapt the model `name` (abuse or spam) that is in use in `root` to the labelled `rows`.

    Writes the adapted model into the folder `out/<name>/<version>/`, and returns this folder. The
    adapted model adds a layer, a correction of the scores, to the model in use. The layer is fitted
    to the scores of the service. If there is a careful model, these are the scores of both models
    together. If the model in use is adapted already, the new layer replaces its layer: pass all
    verdicts, not only new ones. If a newer version than the one in use is shipped, the newer one is
    adapted. Raises `CorpusError` if no score has enough verdicts, and `ModelError` if the model is
    not linear.
    """
    began = time.perf_counter()
    store = ModelStore.of(root)
    version = newer_shipped(store, name) or store.champions()[name]
    home = store.find(name, version)
    files = Files.open(home)
    if files.card["kind"] not in ("linear", "adapted"):
        raise ModelError(f"{home}: only a linear model can be adapted, not '{files.card['kind']}'")
    texts, labels = _texts_and_labels(rows)
    heads = [head for head in files.card["heads"] if _has_enough(labels.get(head, {}))]
    if not heads:
        raise CorpusError(_too_few(labels, files.card["heads"]))
    progress(f"the champion reads {len(texts):,} comments")
    versions = with_version(store, store.champions(), name, version)
    champion = _champion(Models.load(store, versions), name, texts)
    progress(f"fitting {', '.join(heads)}")
    features, others = ngrams(texts), in_house_features()
    layers: list[Layer] = []
    measured: dict[str, Any] = {}
    for head in heads:
        indices = np.array(sorted(labels[head]), np.int64)
        values = np.array([np.mean(labels[head][index]) for index in indices])
        odds, judged = champion[head][indices], features[indices]
        layers.append(fit(odds, judged, values, others))
        folds = np.array([int(splits.key(texts[index]), 16) % FOLDS for index in indices])
        measured |= dict(_cross_validated(head, odds, judged, values, others, folds, seed))
    weights, scales = fitting.quantised(np.column_stack([layer.weights for layer in layers]))
    base_arrays = ("weights", "scales", "intercepts", "knots")
    arrays = {array: np.array(files.array(array)) for array in base_arrays}
    arrays |= {
        "own_weights": weights,
        "own_scales": scales,
        "own_starts": np.array([layer.offset for layer in layers], np.float32),
        "own_slopes": np.array([layer.slope for layer in layers], np.float32),
    }
    base = files.card["own"]["beside"] if files.card["kind"] == "adapted" else home.name
    card = _card(files.card, base, heads, labels, measured, seed, time.perf_counter() - began)
    return cards.save_challenger(out / name, card, arrays)


def ngrams(texts: Iterable[str]) -> sparse.csr_matrix:
    """Return a matrix of the texts' n-grams, by which the adapted model corrects scores."""
    hashed = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)
    return hashed.transform(read(text).deobfuscated.text for text in texts)


def in_house_features() -> sparse.csr_matrix:
    """Return a matrix of the n-grams of the in-house comments, without those of the test split."""
    return ngrams(comment.text for comment in in_house.comments() if comment.part != "test")


def _texts_and_labels(rows: Iterable[Row]) -> tuple[list[str], Labels]:
    """Return the distinct texts of the rows, and the values of their labels.

    The values are in a dict by the name of the score, and then by the index of the text. A text has
    several values if several rows have the text.
    """
    indices: dict[str, int] = {}
    texts: list[str] = []
    labels: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        index = indices.setdefault(splits.key(row.text), len(texts))
        if index == len(texts):
            texts.append(row.text)
        for head, value in row.labels.items():
            labels.setdefault(head, {}).setdefault(index, []).append(value)
    return texts, labels


def _has_enough(labels: Mapping[int, Sequence[float]]) -> bool:
    y_true = [float(np.mean(values)) >= 0.5 for values in labels.values()]
    return min(sum(y_true), len(y_true) - sum(y_true)) >= MIN_VERDICTS


def _too_few(labels: Labels, heads: Sequence[str]) -> str:
    counts = {
        head: Counter(float(np.mean(values)) >= 0.5 for values in labels[head].values())
        for head in heads
        if head in labels
    }
    totals = [
        f"{head} has {count[True]} yes and {count[False]} no" for head, count in counts.items()
    ]
    return f"too few verdicts: a score needs at least {MIN_VERDICTS} of either kind; " + (
        "; ".join(totals) or "none is about a score of this model"
    )


def _champion(models: Models, name: str, texts: Sequence[str]) -> dict[str, Floats]:
    """Return the log-odds that the model in use gives the texts, by the name of the score.

    If the model in use is adapted, the log-odds are those of the model without its adaptation.
    """
    scorer = models.scorers[name]
    scorer = scorer.base if isinstance(scorer, AdaptedScorer) else scorer
    odds: dict[str, list[Floats]] = {head: [] for head in scorer.heads}
    for start in range(0, len(texts), BATCH):
        scores = scorer.score([read(text) for text in texts[start : start + BATCH]])
        for head, values in scores.items():
            odds[head].append(log_odds(values))
    return {head: np.concatenate(parts) for head, parts in odds.items()}


def _cross_validated(
    head: str,
    champion: Floats,
    features: sparse.csr_matrix,
    values: Floats,
    others: sparse.csr_matrix,
    folds: npt.NDArray[np.int64],
    seed: int,
) -> Iterable[tuple[str, Any]]:
    """Yield metrics of the champion and of the adapted model on moderators' verdicts.

    The adapted model is cross-validated, so no comment is scored by a model that was fitted to it.
    """
    adapted = np.zeros(len(values))
    for fold in range(FOLDS):
        held_out = folds == fold
        layer = fit(champion[~held_out], features[~held_out], values[~held_out], others)
        adapted[held_out] = layer.logits(champion[held_out], features[held_out])
    y_true = values >= 0.5
    for name, odds in (("champion", champion), ("adapted", adapted)):
        yield (
            f"{name}: {head} on the verdicts, cross-validated",
            metrics.measure(y_true, expit(odds), seed),
        )


def _card(
    card: Mapping[str, Any],
    base: str,
    heads: Sequence[str],
    labels: Labels,
    measured: Mapping[str, Any],
    seed: int,
    seconds: float,
) -> dict[str, Any]:
    """Return the card of an adapted model: the champion's card with some additions.

    The additions are the settings of the adaptation, the verdicts as training data, and the new
    metrics. `base` is the version of the model that is adapted.
    """
    layer = {
        "heads": list(heads),
        "recipe": {"chars": RECIPE.chars, "words": RECIPE.words, "bits": RECIPE.bits},
        "beside": base,
        "penalty": PENALTY,
        "hold": IN_HOUSE_PENALTY,
    }
    verdicts = {
        "name": "verdicts",
        "rows": len({index for head in heads for index in labels[head]}),
        "licence": "the newsroom's own",
        "citation": "The verdicts of this newsroom's moderators.",
        "sha256": _digest(labels, heads),
        "by_score": {head: len(labels[head]) for head in heads},
    }
    known = [entry for entry in card["data"] if entry["name"] != "verdicts"]
    return cards.card(
        name=card["name"],
        kind="adapted",
        purpose=card["purpose"],
        heads=card["heads"],
        data=[*known, verdicts],
        figures=measured,
        seed=seed,
        seconds=seconds,
        limits=card["limits"]
        + " Adapted to one newsroom's verdicts: it has that newsroom's taste, and its mistakes.",
        recipe=card["recipe"],
        reads=card.get("reads"),
        own=layer,
    )


def _digest(labels: Labels, heads: Sequence[str]) -> str:
    used = {head: sorted(labels[head].items()) for head in heads}
    return hashlib.sha256(json.dumps(used).encode()).hexdigest()
