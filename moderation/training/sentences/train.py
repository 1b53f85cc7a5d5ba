"""Train the sentences model: a tagger of roles, and a classifier of full sentences.

The tagger (CRFsuite) gives each word a role, such as subject or finite verb. It is trained on the
trees of UD English-EWT (the treebank), perturbed as in `fragments.py`, on the in-house sentences
(`data/sentences.csv`), and on sentences of readers' comments. A teacher labels the roles in the
in-house sentences and in the sentences of comments (`distil.py`). The classifier (scikit-learn)
decides by the roles whether a sentence is full. The classifier is trained on roles from a tagger
that was not trained on the sentences in question.

The split is by text. The model is calibrated on the validation split of the treebank. The metrics
are computed once, on the test split of the in-house sentences and on the treebank's development
file.
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
from moderation.training.sentences.dataset import DEV, IN_HOUSE, TRAIN, Group, groups, in_house
from moderation.training.sentences.distil import distil
from moderation.training.sentences.fragments import Example, example_of, perturb
from moderation.training.sentences.treebank import trees
from moderation.training.sentences.word_clusters import word_clusters

EPOCHS = 3  # of the teacher; one takes three minutes on one core
_EVERY, _FEW = 4, 1_000  # of more than 1,000 texts every fourth is used for word clusters
_IN_HOUSE_WEIGHT = 2.0  # of our own sentences, because they are few
_COMMENTS_WEIGHT = 0.5  # of a sentence that the teacher labelled

log = logging.getLogger(__name__)


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    jobs: int = 2,
    texts: Iterable[str] | None = None,
    epochs: int = EPOCHS,
) -> Path:
    """Train the sentences model, save it as a new version, and return the version's folder.

    The treebank is in `data`/sentences. The version is written into the folder
    `out`/sentences/<version>/. Word clusters are computed on `texts`, by default the comments of
    all training corpora. The teacher is a larger model, which is trained for `epochs` and labels
    sentences of `texts` to train on. If `epochs` is 0, there is no teacher.

    Raises `FileNotFoundError` if the treebank is missing, and `ModuleNotFoundError` if there is a
    teacher but torch is not installed.
    """
    started = time.perf_counter()
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    by_part = groups(data / TRAIN, rng)
    training, validation = by_part["train"] + by_part["test"], by_part["validation"]
    texts = list(texts) if texts else [row.text for row in catalogue.rows(data, "train")]
    lines = word_clusters(islice(texts, 0, None, _EVERY if len(texts) > _FEW else 1), seed=seed)
    log.info("%d word clusters", len(lines))
    distilled = distil(training, texts, epochs, seed, rng)
    weighted = [
        (training, 1.0),
        (distilled.in_house, _IN_HOUSE_WEIGHT),
        (distilled.comments, _COMMENTS_WEIGHT),
    ]
    tagger, sentences = crf.fit_and_cross_tag(
        [group for part, _ in weighted for group in part], lines, jobs
    )
    log.info("the tagger is trained")
    weights = _fit_classifier(sentences, weighted)
    uncalibrated = SentenceScorer(crf.tagger(tagger, lines), weights, np.zeros((2, 1)))
    held_out = [example for group in validation for example in group[:2]]
    knots = _calibration(_logits(uncalibrated, held_out), held_out)
    scorer = replace(uncalibrated, knots=knots)
    dev = [example for tree in trees(data / DEV) if (example := example_of(tree))]
    test_sets = {
        "own sentences, held-out part": [example for part, example in in_house() if part == "test"],
        "UD English-EWT, dev": dev,
        "the same, disturbed": [perturb(example, rng) for example in dev],
    }
    metrics = {name: _accuracy(scorer, examples) for name, examples in test_sets.items()}
    files = {"tagger.crfsuite": tagger, "classes.txt": "\n".join(lines).encode()}
    sources = _sources(data, len(distilled.comments))
    return _save(out, scorer, files, metrics, sources, seed, time.perf_counter() - started)


def _fit_classifier(
    sentences: Sequence[Tagged], weighted: Sequence[tuple[Sequence[Group], float]]
) -> npt.NDArray[np.int8]:
    """Fit the classifier of full sentences to sentences with roles, and return its weights.

    `sentences` are in the order in which `crf.fit_and_cross_tag` returns them. `weighted` holds the
    groups of examples, with the weight that each example of these groups has in training.
    """
    labels = [
        [(example.full, weight) for example in group] for part, weight in weighted for group in part
    ]
    full, weights = np.array(crf.in_fold_order(labels)).T
    return classifier.fit(sentences, full, weights)


def _logits(scorer: SentenceScorer, examples: Sequence[Example]) -> Probabilities:
    return scorer.logits(crf.tag(scorer.tagger, examples))


def _accuracy(scorer: SentenceScorer, examples: Sequence[Example]) -> dict[str, Any]:
    """Return the accuracy of telling full sentences from fragments, with Wilson's 95 % interval.

    The threshold is a probability of 0.5.
    """
    y_pred = np.interp(_logits(scorer, examples), *scorer.knots) >= 0.5
    correct = int((y_pred == np.array([example.full for example in examples])).sum())
    low, high = binomtest(correct, len(examples)).proportion_ci(method="wilson")
    interval = [round(float(low), 4), round(float(high), 4)]
    return {
        "value": round(correct / len(examples), 4),
        "interval": interval,
        "rows": len(examples),
    }


def _calibration(logits: Probabilities, examples: Sequence[Example]) -> npt.NDArray[np.float64]:
    y_true = np.array([float(example.full) for example in examples])
    return fitting.calibration(logits, y_true, float(y_true.mean())).astype(np.float64)


def _sources(data: Path, labelled: int) -> list[dict[str, Any]]:
    """Return the descriptions of the training data that the model's card lists.

    `labelled` is the number of sentences of comments that the teacher labelled.
    """
    comments = {
        "name": 'comments of data/sources.toml with use = "train", without their labels',
        "rows": labelled,
        "licence": "as there",
        "citation": "as there",
        "note": "Sentences that a teacher labelled: all-MiniLM-L6-v2 (Apache-2.0), fine-tuned on "
        "the two sets above; it is not part of the model.",
    }
    sources = [
        {
            "name": "UD English-EWT (train)",
            "rows": sum(1 for _ in trees(data / TRAIN)),
            "licence": "CC BY-SA 4.0",
            "citation": "Silveira et al. 2014, A Gold Standard Dependency Corpus for English",
            "sha256": _sha256(data / TRAIN),
        },
        {
            "name": "own sentences (data/sentences.csv, part train)",
            "rows": sum(part == "train" for part, _ in in_house()),
            "licence": "Apache-2.0",
            "citation": "this project",
            "sha256": _sha256(IN_HOUSE),
        },
    ]
    return [*sources, comments] if labelled else sources


def _save(
    out: Path,
    scorer: SentenceScorer,
    files: dict[str, bytes],
    metrics: dict[str, Any],
    sources: list[dict[str, Any]],
    seed: int,
    seconds: float,
) -> Path:
    arrays: dict[str, npt.NDArray[Any]] = {
        "weights": scorer.weights,
        "knots": scorer.knots,
    }
    card = cards.card(
        name="sentences",
        kind="sentences",
        purpose="Judges whether each sentence of a comment is full: subject and finite verb, or "
        "an imperative.",
        heads=[HEAD],
        data=sources,
        figures=metrics,
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
