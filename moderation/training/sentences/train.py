"""Train the sentences model: a tagger of roles, and a judge of full sentences on top of it.

The tagger (CRFsuite) learns from the trees of UD English-EWT, disturbed as in
`training/fragments.py`, and from our own `data/sentences.csv` and sentences of readers' comments,
whose roles a larger reader gave (`training/schooling.py`); the judge (scikit-learn) learns from
the roles that a tagger gives to sentences it has not seen. The split is by text: the model is
calibrated on the validation tenth of the treebank; the figures are taken once, on the held-out
part of our own sentences and on the treebank's development file.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from moderation.scoring.scorer import Probabilities
from moderation.scoring.sentences import HEAD, SentenceScorer, Tagged
from moderation.training import cards
from moderation.training.corpora import catalogue
from moderation.training.linear import fitting
from moderation.training.sentences import classifier, crf
from moderation.training.sentences.dataset import DEV, OWN, TRAIN, Group, groups, own
from moderation.training.sentences.distil import lessons
from moderation.training.sentences.fragments import Example, disturbed, example
from moderation.training.sentences.treebank import trees
from moderation.training.sentences.word_clusters import word_clusters

EPOCHS = 3  # of the teacher: one takes three minutes of a core
_EVERY, _FEW = 4, 1_000  # each fourth comment is enough to learn classes of words from
_OWN_WEIGHT = 2.0  # of our own examples, which are few
_TAUGHT_WEIGHT = 0.5  # of a sentence that the teacher labelled

log = logging.getLogger(__name__)


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    jobs: int = 2,
    texts: Iterable[str] | None = None,
    epochs: int = EPOCHS,
) -> Path:
    """Train on `data`/sentences, write `out`/sentences/<version>/ and return it.

    The classes of words come from `texts`, by default from all comments that may train, and so do
    the sentences that the teacher labels after it has learned for `epochs`; 0: there is none.
    Raises `FileNotFoundError` where the treebank is not there, and `ModuleNotFoundError` where
    torch is not, which the teacher needs.
    """
    began = time.perf_counter()
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    parts = groups(data / TRAIN, draw)
    learned, held = parts["train"] + parts["test"], parts["validation"]
    texts = list(texts) if texts else [row.text for row in catalogue.rows(data, "train")]
    lines = word_clusters(islice(texts, 0, None, _EVERY if len(texts) > _FEW else 1), seed=seed)
    log.info("%d classes of words", len(lines))
    taught = lessons(learned, texts, epochs, seed, draw)
    weighed = [(learned, 1.0), (taught.ours, _OWN_WEIGHT), (taught.comments, _TAUGHT_WEIGHT)]
    fitted, folds = crf.fields([group for part, _ in weighed for group in part], lines, jobs)
    log.info("the field has learned")
    weights = _judge(folds, weighed)
    plain = SentenceScorer(crf.InMemory(fitted, lines), weights, np.zeros((2, 1)))
    known = [one for group in held for one in group[:2]]
    reader = replace(plain, knots=_calibration(_logits(plain, known), known))
    dev = [one for tree in trees(data / DEV) if (one := example(tree))]
    measured = {
        "own sentences, held-out part": [one for part, one in own() if part == "test"],
        "UD English-EWT, dev": dev,
        "the same, disturbed": [disturbed(one, draw) for one in dev],
    }
    figures = {name: _figure(reader, examples) for name, examples in measured.items()}
    files = {"tagger.crfsuite": fitted, "classes.txt": "\n".join(lines).encode()}
    sources = _sources(data, len(taught.comments))
    return _save(out, reader, files, figures, sources, seed, time.perf_counter() - began)


def _judge(
    folds: Sequence[Tagged], weighed: Sequence[tuple[Sequence[Group], float]]
) -> npt.NDArray[np.int8]:
    """The judge's weights; `folds` are the groups' sentences by fields that never saw them."""
    answers = [[(one.full, weight) for one in group] for part, weight in weighed for group in part]
    chances, weights = np.array(crf.folded(answers)).T
    return classifier.fit(folds, chances, weights)


def _logits(reader: SentenceScorer, examples: Sequence[Example]) -> Probabilities:
    return reader.logits(crf.tagged(reader.tagger, examples))


def _figure(reader: SentenceScorer, examples: Sequence[Example]) -> dict[str, Any]:
    """The share judged right at one half, with Wilson's 95 % interval."""
    said = np.interp(_logits(reader, examples), *reader.knots) >= 0.5
    right = int((said == np.array([one.full for one in examples])).sum())
    low, high = binomtest(right, len(examples)).proportion_ci(method="wilson")
    interval = [round(float(low), 4), round(float(high), 4)]
    return {
        "value": round(right / len(examples), 4),
        "interval": interval,
        "rows": len(examples),
    }


def _calibration(logits: Probabilities, held: Sequence[Example]) -> npt.NDArray[np.float64]:
    full = np.array([float(one.full) for one in held])
    return fitting.calibration(logits, full, float(full.mean())).astype(np.float64)


def _sources(data: Path, taught: int) -> list[dict[str, Any]]:
    """What the model learned from, for its card."""
    comments = {
        "name": 'comments of data/sources.toml with use = "train", without their labels',
        "rows": taught,
        "licence": "as there",
        "citation": "as there",
        "note": "Sentences that a teacher labelled: all-MiniLM-L6-v2 (Apache-2.0), fine-tuned on "
        "the two sets above; it is not part of the model.",
    }
    found = [
        {
            "name": "UD English-EWT (train)",
            "rows": sum(1 for _ in trees(data / TRAIN)),
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
    ]
    return [*found, comments] if taught else found


def _save(
    out: Path,
    reader: SentenceScorer,
    files: dict[str, bytes],
    figures: dict[str, Any],
    sources: list[dict[str, Any]],
    seed: int,
    seconds: float,
) -> Path:
    arrays: dict[str, npt.NDArray[Any]] = {
        "weights": reader.weights,
        "knots": reader.knots,
    }
    card = cards.card(
        name="sentences",
        kind="sentences",
        purpose="Judges whether each sentence of a comment is full: subject and finite verb, or "
        "an imperative.",
        heads=[HEAD],
        data=sources,
        figures=figures,
        seed=seed,
        seconds=seconds,
        libraries=(*cards.LIBRARIES, "python-crfsuite"),
        limits="English only. Trained on web text of the United States; sentences with many "
        "romanised Hindi words, verse and lists are judged less surely.",
        classes="Word classes were counted on the comments of data/sources.toml with use = "
        '"train", without their labels.',
    )
    return cards.save_challenger(out / "sentences", card, arrays, files)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
