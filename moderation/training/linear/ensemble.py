"""Measure the careful reader beside the fast one: how to mix them, and when one is enough."""

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
from moderation.scoring.store import champions
from moderation.text.reading import read
from moderation.training import cards
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row
from moderation.training.metrics import measure

# Of the fast reader's log-odds, set on the validation part: it knows less of hatred.
SHARES = {"identity_attack": 0.1}
USUAL_SHARE = 0.3
MISSED = 0.003  # of the natural comments that the fast one alone lets pass, abusive at most
MOST = {"jigsaw": 2_000, "ucc": 5_000, "insults": 2_000, "fox": 2_000, "trac": 1_500}
USUAL = 500  # rows read of a set: some minutes' work in all

# The label that each head is measured by on natural Wikipedia comments, and on other sets.
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


def fit_ensemble(data: Path, folder: Path, seed: int = 0, **instead: str) -> Path:
    """Measure the two champions of `folder`; the careful one's card then holds what was found.

    A version `instead` of a champion's may be named: `pair(data, folder, careful="0184d49796")`.
    Raises `ModelError` for one that is not there.
    """
    versions = {**champions(folder), **instead}
    home = folder / CAREFUL / versions[CAREFUL]
    fast, careful = load(folder / FAST / versions[FAST]), load(home)
    rows = sample(catalogue.rows(data, "train"), "validation", seed)
    together = measured(rows, scores(fast, rows), scores(careful, rows))
    together |= {"version": versions[FAST]}
    rows = [
        *sample(catalogue.rows(data, "train"), "test", seed, natural=False),
        *sample(catalogue.rows(data, "validate"), None, seed, natural=False),
    ]
    found = {"fast": scores(fast, rows), "careful": scores(careful, rows)}
    found["both"] = combined(Ensemble.of(together, versions[FAST]), **found)
    with cards.amended(home) as card:
        card |= {"together": together, "figures": dict(compared(rows, found))}
    return home


def sample(rows: Iterator[Row], part: str | None, seed: int, *, natural: bool = True) -> list[Row]:
    """Some rows of each set, of one part where it is given; of Wikipedia natural ones."""
    kept = [
        row
        for row in rows
        if part in (None, row.part) and LABELS.intersection(row.labels)
        if row.natural or not (natural or row.source == "jigsaw")
    ]
    order = np.random.default_rng(seed).permutation(len(kept))
    count: Counter[str] = Counter()
    found = []
    for row in (kept[at] for at in order):
        count[row.source] += 1
        if count[row.source] <= MOST.get(row.source, USUAL):
            found.append(row)
    return found


def scores(reader: Scorer, rows: Sequence[Row], batch: int = 256) -> Scores:
    """What a reader says of the rows, by head."""
    parts = [
        reader.score([read(row.text) for row in rows[start : start + batch]])
        for start in range(0, len(rows), batch)
    ]
    return {head: np.concatenate([part[head] for part in parts]) for head in reader.heads}


def combined(together: Ensemble, fast: Scores, careful: Scores) -> Scores:
    """What the two say together, as `CascadeScorer` does it."""
    rows = together.doubtful(fast)
    both = {head: np.array(fast[head]) for head in together.slopes}
    for head, values in both.items():
        values[rows] = together.mixed(head, values[rows], careful[head][rows])
    return both


def measured(rows: Sequence[Row], fast: Scores, careful: Scores) -> dict[str, Any]:
    """How the two are mixed and calibrated, and below what the fast one is certain."""
    shares = {head: SHARES.get(head, USUAL_SHARE) for head in careful}
    slopes, starts = {}, {}
    for head in careful:
        label = WIKIPEDIA.get(head, "jigsaw.insult" if head == "personal_attack" else "")
        kept, answers = said(rows, label) if label else (np.arange(0), np.zeros(0, bool))
        slopes[head], starts[head] = 1.0, 0.0
        if answers.any():
            odds = mixture(fast[head], careful[head], shares[head])[kept]
            model = LogisticRegression(C=1e6).fit(odds[:, None], answers)
            slopes[head], starts[head] = float(model.coef_[0, 0]), float(model.intercept_[0])
    kept, answers = said(rows, "jigsaw.toxic")
    loudest = np.max([fast[head][kept] for head in careful], axis=0)
    return {"shares": shares, "slopes": slopes, "starts": starts, "low": bound(loudest, answers)}


def bound(loudest: npt.NDArray[np.float64], answers: npt.NDArray[np.bool_]) -> float:
    """The highest score below which at most `MISSED` is abusive, with 95 % confidence.

    Clopper and Pearson's upper bound (1934) on the share of abusive among the rows below.
    """
    best = 0.0
    for low in np.geomspace(0.001, 0.1, 41):
        below = answers[loudest < low]
        missed = int(below.sum())
        if len(below) and beta.ppf(0.95, missed + 1, len(below) - missed) <= MISSED:
            best = float(low)
    return round(best, 5)


def said(rows: Sequence[Row], label: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The rows that a label speaks about, and its answers."""
    kept = [at for at, row in enumerate(rows) if label in row.labels]
    return np.array(kept, np.int64), np.array([rows[at].labels[label] >= 0.5 for at in kept])


def compared(rows: Sequence[Row], found: Mapping[str, Scores]) -> Iterator[tuple[str, Any]]:
    """The figures of each reader under `both: toxicity on ucc.hostile` and so on."""
    pairs = [
        *WIKIPEDIA.items(),
        *((head, label) for head, labels in OTHERS.items() for label in labels.split()),
    ]
    for head, label in pairs:
        kept, answers = said(rows, label)
        for name, own in found.items():
            yield f"{name}: {head} on {label}", measure(answers, own[head][kept])
