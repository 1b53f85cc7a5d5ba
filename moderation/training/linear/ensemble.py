"""Fit the ensemble of the fast and the careful model, which score abuse together.

The fit decides how to mix their scores, and below which score of the fast model the careful model
is skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from moderation.scoring.cascade import Ensemble, mixture
from moderation.scoring.models import CAREFUL, FAST, load
from moderation.scoring.scorer import Scorer
from moderation.scoring.store import AnyStore, ModelStore
from moderation.text.reading import read
from moderation.training import cards
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row
from moderation.training.metrics import measure

# Mixture weights of the fast model's log-odds, set on the validation split. It is weak on hatred.
WEIGHTS = {"identity_attack": 0.1}
DEFAULT_WEIGHT = 0.3
MAX_MISSED = 0.003  # share of abusive comments among those that the careful model skips
SAMPLE_SIZES = {"jigsaw": 2_000, "ucc": 5_000, "insults": 2_000, "fox": 2_000, "trac": 1_500}
DEFAULT_SAMPLE_SIZE = 500  # rows of a corpus; all together take some minutes

# The label that each head is measured against: on natural Wikipedia comments, and on others.
WIKIPEDIA = {
    "toxicity": "jigsaw.toxic",
    "severe_toxicity": "jigsaw.severe",
    "insult": "jigsaw.insult",
    "profanity": "jigsaw.obscene",
    "threat": "jigsaw.threat",
    "identity_attack": "jigsaw.identity",
}
OTHERS = {
    "toxicity": """insults.insult ucc.hostile ucc.antagonize fox.hateful trac.overt
        trac.overt_or_not trac.aggressive civil.toxic reddit.uncivil davidson.offensive
        hatexplain.offensive sbf.offensive paradetox.toxic""",
    "personal_attack": "insults.insult ucc.hostile ucc.antagonize convabuse.person",
    "identity_attack": """fox.hateful dynahate.hate hatemoji.hate implicit.hate stormfront.hate
        hatexplain.hate""",
    "sexually_explicit": "sbf.sexual",
}

LABELS = {*WIKIPEDIA.values(), *" ".join(OTHERS.values()).split()}

Scores = Mapping[str, npt.NDArray[np.float64]]
"""The scores of the rows, by head."""


def fit_ensemble(data: Path, folder: AnyStore, seed: int = 0, **overrides: str) -> Path:
    """Fit how the fast and the careful model in use score together, and measure them together.

    The result is written into the careful model's `card.json`. `folder` holds the models and `data`
    the corpora. `overrides` names versions to use instead of those in use, for example
    `fit_ensemble(data, folder, careful="0184d49796")`. Returns the careful model's folder. Raises
    `ModelError` if a version does not exist.
    """
    store = ModelStore.of(folder)
    versions = {**store.champions(), **overrides}
    home = store.keep(CAREFUL, versions[CAREFUL])
    fast, careful = load(store.find(FAST, versions[FAST])), load(home)
    rows = sample(catalogue.rows(data, "train"), "validation", seed)
    fitted = fit_mixture(rows, scores(fast, rows), scores(careful, rows))
    fitted |= {"version": versions[FAST]}
    rows = [
        *sample(catalogue.rows(data, "train"), "test", seed, natural=False),
        *sample(catalogue.rows(data, "validate"), None, seed, natural=False),
    ]
    results = {"fast": scores(fast, rows), "careful": scores(careful, rows)}
    results["both"] = combined(Ensemble.of(fitted, versions[FAST]), **results)
    with cards.edited(home) as card:
        card |= {"together": fitted, "figures": dict(compare(rows, results))}
    return home


def sample(rows: Iterator[Row], part: str | None, seed: int, *, natural: bool = True) -> list[Row]:
    """Draw a random sample of each corpus's rows that have a label to measure.

    If `part` is given, only rows of this split are drawn. If `natural` is true, only rows that were
    sampled at random from their source are drawn. If `natural` is false, rows of Wikipedia are
    still limited to those sampled at random, and rows of other corpora are not.
    """
    candidates = [
        row
        for row in rows
        if part in (None, row.part) and LABELS.intersection(row.labels)
        if row.natural or not (natural or row.source == "jigsaw")
    ]
    order = np.random.default_rng(seed).permutation(len(candidates))
    count: Counter[str] = Counter()
    drawn = []
    for row in (candidates[index] for index in order):
        count[row.source] += 1
        if count[row.source] <= SAMPLE_SIZES.get(row.source, DEFAULT_SAMPLE_SIZE):
            drawn.append(row)
    return drawn


def scores(scorer: Scorer, rows: Sequence[Row], batch: int = 256) -> Scores:
    """Score the rows in batches. Return an array of all rows' scores for each score's name."""
    parts = [
        scorer.score([read(row.text) for row in rows[start : start + batch]])
        for start in range(0, len(rows), batch)
    ]
    return {head: np.concatenate([part[head] for part in parts]) for head in scorer.heads}


def combined(ensemble: Ensemble, fast: Scores, careful: Scores) -> Scores:
    """Return the scores of both models together, as `CascadeScorer` computes them in the service.

    `fast` and `careful` are the scores of each model alone.
    """
    rows = ensemble.doubtful(fast)
    both = {head: np.array(fast[head]) for head in ensemble.slopes}
    for head, values in both.items():
        values[rows] = ensemble.mixed(head, values[rows], careful[head][rows])
    return both


def fit_mixture(rows: Sequence[Row], fast: Scores, careful: Scores) -> dict[str, Any]:
    """Fit how the scores of both models are combined, and return the parameters.

    The parameters are mixture weights, a calibration, and the score of the fast model under which
    the careful model is skipped. They are in the form in which the card stores them.
    """
    weights = {head: WEIGHTS.get(head, DEFAULT_WEIGHT) for head in careful}
    slopes, offsets = {}, {}
    for head in careful:
        label = WIKIPEDIA.get(head, "jigsaw.insult" if head == "personal_attack" else "")
        indices, y_true = labelled_rows(rows, label) if label else (np.arange(0), np.zeros(0, bool))
        slopes[head], offsets[head] = 1.0, 0.0
        if y_true.any():
            odds = mixture(fast[head], careful[head], weights[head])[indices]
            model = LogisticRegression(C=1e6).fit(odds[:, None], y_true)
            slopes[head], offsets[head] = float(model.coef_[0, 0]), float(model.intercept_[0])
    indices, y_true = labelled_rows(rows, "jigsaw.toxic")
    highest = np.max([fast[head][indices] for head in careful], axis=0)
    return {
        "shares": weights,
        "slopes": slopes,
        "starts": offsets,
        "low": skip_bound(highest, y_true),
    }


def skip_bound(highest: npt.NDArray[np.float64], y_true: npt.NDArray[np.bool_]) -> float:
    """Return the score of the fast model under which the careful model can be skipped.

    It is the highest score at which, with 95 % confidence, at most the share `MAX_MISSED` of the
    rows under it are abusive (Clopper and Pearson's upper bound, 1934). `highest` holds the highest
    of the fast model's scores for each row.
    """
    best = 0.0
    for bound in np.geomspace(0.001, 0.1, 41):
        below = y_true[highest < bound]
        missed = int(below.sum())
        if len(below) and beta.ppf(0.95, missed + 1, len(below) - missed) <= MAX_MISSED:
            best = float(bound)
    return round(best, 5)


def labelled_rows(
    rows: Sequence[Row], label: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the indices of the rows that have this label, and whether each is positive."""
    indices = [index for index, row in enumerate(rows) if label in row.labels]
    y_true = [rows[index].labels[label] >= 0.5 for index in indices]
    return np.array(indices, np.int64), np.array(y_true)


def compare(rows: Sequence[Row], results: Mapping[str, Scores]) -> Iterator[tuple[str, Any]]:
    """Yield metrics of each model, each after a name like `both: toxicity on ucc.hostile`.

    `results` holds the scores of 'fast', 'careful' and 'both'.
    """
    pairs = [
        *WIKIPEDIA.items(),
        *((head, label) for head, labels in OTHERS.items() for label in labels.split()),
    ]
    for head, label in pairs:
        indices, y_true = labelled_rows(rows, label)
        for name, model_scores in results.items():
            yield f"{name}: {head} on {label}", measure(y_true, model_scores[head][indices])
