"""Train the language model: is it English, and which romanised language is it else?

Two logistic regressions (scikit-learn) on the mean of hashed n-grams, kept as int8; the first
is calibrated by length on the validation part. Figures are taken once on the test part.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression, SGDClassifier

from moderation.scoring.language import LanguageScorer, words_of
from moderation.scoring.languages import LATIN, Naming, latin_share
from moderation.scoring.ngrams import Recipe
from moderation.text.reading import read
from moderation.training import cards
from moderation.training.corpora import catalogue
from moderation.training.language import dataset
from moderation.training.language.dataset import Example
from moderation.training.language.metrics import measured
from moderation.training.linear.features import HashedNgrams

RECIPE = Recipe(chars=(1, 4), words=(1, 1), bits=18)
NAMING = replace(RECIPE, bits=15)  # the same n-grams, hashed once for both
_NAMED = 90_000  # examples that the naming learns from
_SCALE = 5.0  # mean n-grams are small numbers; this keeps the regularisation in a usual range
_EPOCHS = 8
_LEVELS = 127  # of an int8

_LIMITS = (
    "Short texts (under four words) are often of no one language. Romanised text was mostly made "
    "by transliteration; Urdu and Hindi in Latin letters are hard to tell apart. Pidgins, dialects "
    "and languages outside the training data may pass, or be named as a neighbour."
)

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


def _features(recipe: Recipe, texts: Sequence[str]) -> sparse.csr_matrix:
    """The share of each n-gram in its text: the squares of the shared transformer's values."""
    found = HashedNgrams(recipe.chars, recipe.words, recipe.bits).transform(texts)
    found.data = found.data**2 * _SCALE
    return found


def _quantised(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """int8 columns and what one step of each is worth; the few largest weights are cut off."""
    top = np.maximum(np.quantile(np.abs(weights), 0.9999, axis=0), 1e-9)
    steps = np.round(weights / top * _LEVELS)
    return np.clip(steps, -_LEVELS, _LEVELS).astype(np.int8), (top / _LEVELS).astype(np.float32)


def _english(train: Sequence[Example], seed: int) -> tuple[npt.NDArray[np.int8], float, float]:
    """The weights for English, and the slope and start that turn their mean into log-odds."""
    model = _fitted(RECIPE, [e.text for e in train], [e.english for e in train], seed)
    weights, steps = _quantised(model.coef_.T)
    return weights[:, 0], float(steps[0] * _SCALE), float(model.intercept_[0])


def _fitted(recipe: Recipe, texts: Sequence[str], wanted: Sequence[Any], seed: int) -> Any:
    """A logistic regression by averaged stochastic descent: the seconds, not the hours, of it."""
    model = SGDClassifier(
        loss="log_loss",
        alpha=1e-7,
        average=True,
        max_iter=_EPOCHS,
        tol=None,
        class_weight="balanced",
        random_state=seed,
    )
    return model.fit(_features(recipe, texts), wanted)


def _naming(train: Sequence[Example], seed: int) -> Naming:
    """Which language in Latin letters it is."""
    train = random.Random(seed).sample(train, min(len(train), _NAMED))  # noqa: S311 - no secret
    model = _fitted(NAMING, [e.text for e in train], [e.language for e in train], seed)
    weights, steps = _quantised(np.ascontiguousarray(model.coef_.T))
    intercepts = model.intercept_.astype(np.float32)
    scales = steps * np.float32(_SCALE)
    languages = tuple(model.classes_)
    return Naming(NAMING.bits, languages, weights.astype(np.float32), scales, intercepts)


def _calibration(
    weights: npt.NDArray[np.int8], slope: float, start: float, held: Sequence[Example]
) -> tuple[float, float, float, float]:
    """Slope and start by the logarithm of the length, so that short texts are less sure."""
    reader = LanguageScorer(RECIPE, weights, (slope, 0.0, start, 0.0), None)  # type: ignore[arg-type]
    texts = [example.text for example in held]
    margin = np.array([reader.grams(text.split(" ")).mean for text in texts]) * slope + start
    length = np.log([min(len(text), 200) for text in texts])
    columns = np.column_stack([margin, margin * length, length])
    model = LogisticRegression(C=1e3, class_weight="balanced")
    model.fit(columns, [example.english for example in held])
    by_margin, by_both, by_length = (float(value) for value in model.coef_[0])
    offset = float(model.intercept_[0])
    return (
        by_margin * slope,
        by_both * slope,
        by_margin * start + offset,
        by_both * start + by_length,
    )


def prepared(examples: Iterable[Example]) -> list[Example]:
    """The examples as the model reads them; those that the script decides are left out."""
    found = []
    for example in examples:
        words = words_of(read(example.text))
        if words and latin_share(words) >= LATIN:
            found.append(example._replace(text=" ".join(words)))
    return found


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = log.info,
    everyday: int = dataset.EVERYDAY,
) -> Path:
    """Train on the folder `data`, write `out`/language/<version>, return that folder.

    The same data and seed give the same weights, and so the same version but for its date.
    """
    began = time.monotonic()
    progress("reading and making examples")
    every = list(dataset.examples(data, seed, everyday))
    learn = prepared(example for example in every if example.part == "train")
    held = prepared(example for example in every if example.part == "validation")
    progress(f"learning English from {len(learn):,} examples")
    weights, slope, start = _english(learn, seed)
    calibration = _calibration(weights, slope, start, held)
    progress("learning to name languages")
    naming = _naming([example for example in learn if not example.english], seed)
    progress("measuring")
    reader = LanguageScorer(RECIPE, weights, calibration, naming)
    arrays: dict[str, npt.NDArray[Any]] = {
        "english": weights,
        "naming": naming.weights.astype(np.int8),
        "scales": naming.scales,
        "intercepts": naming.intercepts,
    }
    card = cards.card(
        name="language",
        kind="language",
        purpose="Whether a comment is in English; names the language of what is not.",
        heads=["english"],
        data=_sources(data, learn),
        figures=measured(reader, [e for e in every if e.part == "test"], seed),
        seed=seed,
        seconds=time.monotonic() - began,
        limits=_LIMITS,
        recipe=asdict(RECIPE),
        naming_bits=NAMING.bits,
        languages=list(naming.languages),
        calibration=list(calibration),
    )
    return cards.save_challenger(out / "language", card, arrays)


def _sources(data: Path, learn: Sequence[Example]) -> list[dict[str, Any]]:
    """What the model learned from, for its card."""
    counts = Counter(example.source for example in learn)
    known = catalogue.sources()
    found = [
        source.entry(data, counts[source.name]) for source in known.values() if counts[source.name]
    ]
    made = sum(count for name, count in counts.items() if name not in known)
    digest = hashlib.sha256((data / dataset.FILE).read_bytes()).hexdigest()
    return [
        {
            "name": "english",
            "file": dataset.FILE,
            "rows": made,
            "licence": "CC BY-SA 4.0 (UD English-EWT), Apache-2.0 (lingua, Hinglish-TOP)",
            "citation": "Silveira et al. 2014; Stahl: lingua; Agarwal et al.: Hinglish-TOP, 2023",
            "sha256": digest,
            "note": "With what was made from it: transliterated, mixed, mistyped, with names.",
        },
        *found,
    ]
