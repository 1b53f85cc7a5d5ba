"""Train the sentences model: a tagger of roles, and a judge of full sentences on top of it.

The tagger (CRFsuite) learns from the trees of UD English-EWT, disturbed as in
`training/fragments.py`; the judge (scikit-learn) learns from roles that a tagger gave to
sentences it had not seen, and from our own `data/sentences.csv`. The split is by text: the
judge is calibrated on the validation part, figures are taken once on the test part and on the
treebank's development file.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pycrfsuite
from joblib import Parallel, delayed
from scipy import sparse
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from moderation import models
from moderation.readers.sentences import BITS, HEAD, SCALE, SentenceReader, evidence, observations
from moderation.text import read
from moderation.training import cards, fitting, splits
from moderation.training.fragments import Example, disturbed, example, fragments
from moderation.training.treebank import Tree, trees

OWN = Path(__file__).parents[2] / "data" / "sentences.csv"
TRAIN, DEV = "sentences/en_ewt-train.conllu.gz", "sentences/en_ewt-dev.conllu.gz"
FOLDS = 2
_CRF = {"c1": 0.6, "c2": 0.02, "max_iterations": 50, "feature.minfreq": 3}
_STRENGTH = 0.3  # of the judge (scikit-learn's C)
_OWN_WEIGHT = 2.0  # of our own examples, which are few

log = logging.getLogger(__name__)


def own(path: Path = OWN) -> Iterator[tuple[str, Example]]:
    """Our own sentences and fragments: the part ('train' or 'test') and the example."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["part"], Example(read(row["text"]).tokens, None, row["full"] == "1")


def group(tree: Tree, draw: random.Random) -> list[Example]:
    """A sentence, the same disturbed, and fragments cut out of it."""
    whole = example(tree)
    if whole is None:
        return []
    cut = [
        disturbed(part, draw) if draw.random() < 0.6 else part
        for part in fragments(tree, whole, draw)
    ]
    return [whole, disturbed(whole, draw), *cut]


def fit_tagger(examples: Sequence[Example]) -> bytes:
    """CRFsuite's model of the roles."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tagger.crfsuite")
        trainer = pycrfsuite.Trainer("lbfgs", _CRF, verbose=False)
        for tokens, roles, _ in examples:
            if roles:
                trainer.append(observations(tokens), roles)
        trainer.train(str(path))
        return path.read_bytes()


def tagger(model: bytes) -> Any:
    """A tagger that reads `model`."""
    found = pycrfsuite.Tagger()
    found.open_inmemory(model)
    return found


def _features(tagger: Any, examples: Sequence[Example]) -> sparse.csr_matrix:
    """One row of the judge's features per example."""
    rows = [evidence(one.tokens, tagger.tag(observations(one.tokens))) for one in examples]
    counts = np.array([len(row) for row in rows])
    data = np.repeat(SCALE / np.sqrt(counts), counts)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    found = sparse.csr_matrix((data, np.concatenate(rows), indptr), (len(rows), 1 << BITS))
    found.sum_duplicates()
    return found


def _fold(number: int, groups: Sequence[list[Example]]) -> tuple[sparse.csr_matrix, list[bool]]:
    """The features of one fold, by a tagger that learned from the others."""
    model = fit_tagger([one for at, g in enumerate(groups) if at % FOLDS != number for one in g])
    held = [one for at, g in enumerate(groups) if at % FOLDS == number for one in g]
    return _features(tagger(model), held), [one.full for one in held]


def fit_judge(
    features: sparse.csr_matrix, full: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.int8]:
    """The judge's weights, in steps that the calibration takes account of."""
    model = LogisticRegression(C=_STRENGTH, max_iter=500)
    model.fit(features, full, sample_weight=weights)
    return fitting.quantised(model.coef_.T)[0][:, 0]


def _logits(reader: SentenceReader, examples: Sequence[Example]) -> npt.NDArray[np.float64]:
    return np.array([reader.logit(one.tokens, reader.roles(one.tokens)) for one in examples])


def _figure(reader: SentenceReader, examples: Sequence[Example]) -> dict[str, Any]:
    """The share judged right at one half, with Wilson's 95 % interval."""
    said = np.interp(_logits(reader, examples), *reader.knots) >= 0.5
    right = int((said == np.array([one.full for one in examples])).sum())
    low, high = binomtest(right, len(examples)).proportion_ci(method="wilson")
    interval = [round(float(low), 4), round(float(high), 4)]
    return {"value": round(right / len(examples), 4), "interval": interval, "rows": len(examples)}


def train(data: Path, out: Path, seed: int = 0, jobs: int = 2) -> Path:
    """Train on `data`/sentences, write `out`/sentences/<version>/ and return it.

    Raises `FileNotFoundError` where the treebank is not there.
    """
    began = time.perf_counter()
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    parts: dict[splits.Part, list[list[Example]]] = {"train": [], "validation": [], "test": []}
    count = 0
    for tree in trees(data / TRAIN):
        parts[splits.part(tree.text)].append(group(tree, draw))
        count += 1
    groups = [g for g in parts["train"] if g]
    log.info("%d sentences, %d examples", count, sum(map(len, groups)))
    folds = Parallel(n_jobs=jobs)(delayed(_fold)(number, groups) for number in range(FOLDS))
    model = fit_tagger([one for g in groups for one in g])
    ours = [one for part, one in own() if part == "train"]
    ours += [disturbed(one, draw) for one in ours]
    whole = tagger(model)
    features = sparse.vstack([*(fold for fold, _ in folds), _features(whole, ours)], format="csr")
    full = np.array([*(one for _, known in folds for one in known), *(one.full for one in ours)])
    weights = np.where(np.arange(len(full)) < len(full) - len(ours), 1.0, _OWN_WEIGHT)
    reader = SentenceReader(whole, fit_judge(features, full, weights), np.zeros((2, 1)))
    held = [one for g in parts["validation"] for one in g[:2]]
    known = np.array([float(one.full) for one in held])
    reader.knots = fitting.calibration(_logits(reader, held), known, known.mean()).astype(float)
    figures = {
        "UD English-EWT, held-out tenth of train": _figure(
            reader, [g[0] for g in parts["test"] if g]
        ),
        "UD English-EWT, held-out tenth of train, disturbed": _figure(
            reader, [g[1] for g in parts["test"] if g]
        ),
        "own sentences, held-out part": _figure(reader, [x for part, x in own() if part == "test"]),
        "UD English-EWT, dev": _figure(
            reader, [one for tree in trees(data / DEV) if (one := example(tree))]
        ),
    }
    return _save(out, model, reader, figures, data, count, seed, time.perf_counter() - began)


def _save(
    out: Path,
    model: bytes,
    reader: SentenceReader,
    figures: dict[str, Any],
    data: Path,
    count: int,
    seed: int,
    seconds: float,
) -> Path:
    arrays: dict[str, npt.NDArray[Any]] = {"weights": reader.weights, "knots": reader.knots}
    card = cards.card(
        name="sentences",
        kind="sentences",
        purpose="Judges whether each sentence of a comment is full: subject and finite verb, or "
        "an imperative.",
        heads=[HEAD],
        data=[
            {
                "name": "UD English-EWT (train)",
                "rows": count,
                "licence": "CC BY-SA 4.0",
                "citation": "Silveira et al. 2014, A Gold Standard Dependency Corpus for English",
                "sha256": _sha256(data / TRAIN),
            },
            {
                "name": "own sentences (data/sentences.csv, part train)",
                "rows": sum(part == "train" for part, _ in own()),
                "licence": "Apache-2.0",
                "citation": "this project",
                "sha256": _sha256(OWN),
            },
        ],
        figures=figures,
        seed=seed,
        seconds=seconds,
        libraries=(*cards.LIBRARIES, "python-crfsuite"),
        limits="English only. Trained on web text of the United States; sentences with many "
        "romanised Hindi words, verse and lists are judged less surely.",
    )
    folder = out / "sentences" / cards.version({**arrays, "tagger": np.frombuffer(model, np.uint8)})
    models.save(folder, card, arrays, {"tagger.crfsuite": model})
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
