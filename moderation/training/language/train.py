"""Train the language model: is a text English, and if not, in which language is it?

The model names only languages in Latin letters, including Indian languages in Latin letters. The
model has two logistic regressions (scikit-learn) on the mean of hashed n-grams, stored as int8. The
first decides whether a text is English, and is calibrated by the length of the text on the
validation split. The second names the language. The metrics are computed once, on the test split.
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
from moderation.training.language.metrics import measure
from moderation.training.linear.features import HashedNgrams

RECIPE = Recipe(chars=(1, 4), words=(1, 1), bits=18)
NAMING = replace(RECIPE, bits=15)  # the same n-grams, hashed once for both
_NAMING_EXAMPLES = 90_000  # sampled for the regression that names languages
_SCALE = 5.0  # mean n-grams are small numbers; this keeps the regularisation in a usual range
_EPOCHS = 8
_INT8_MAX = 127

_LIMITS = (
    "Short texts (under four words) are often of no one language. Romanised text was mostly made "
    "by transliteration; Urdu and Hindi in Latin letters are hard to tell apart. Pidgins, dialects "
    "and languages outside the training data may pass, or be named as a neighbour."
)

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


def _features(recipe: Recipe, texts: Sequence[str]) -> sparse.csr_matrix:
    """Return a matrix with the share of each n-gram among all n-grams of its text.

    Each row is a text. The shares are multiplied by `_SCALE`. They are the squares of what
    `HashedNgrams` returns.
    """
    features = HashedNgrams(recipe.chars, recipe.words, recipe.bits).transform(texts)
    features.data = features.data**2 * _SCALE
    return features


def _quantise(weights: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantise the weights to int8. Return the int8 weights, and the step size of each column.

    The largest weights are clipped.
    """
    largest = np.maximum(np.quantile(np.abs(weights), 0.9999, axis=0), 1e-9)
    rounded = np.round(weights / largest * _INT8_MAX)
    int8 = np.clip(rounded, -_INT8_MAX, _INT8_MAX).astype(np.int8)
    return int8, (largest / _INT8_MAX).astype(np.float32)


def _fit_english(train: Sequence[Example], seed: int) -> tuple[npt.NDArray[np.int8], float, float]:
    """Fit the regression that decides whether a text is English.

    Returns the int8 weights, and the slope and intercept that turn the mean weight of a text's
    n-grams into log-odds.
    """
    model = _fit(RECIPE, [e.text for e in train], [e.english for e in train], seed)
    weights, scales = _quantise(model.coef_.T)
    return weights[:, 0], float(scales[0] * _SCALE), float(model.intercept_[0])


def _fit(recipe: Recipe, texts: Sequence[str], labels: Sequence[Any], seed: int) -> Any:
    """Fit a logistic regression on n-grams by averaged stochastic gradient descent.

    This method is fast.
    """
    model = SGDClassifier(
        loss="log_loss",
        alpha=1e-7,
        average=True,
        max_iter=_EPOCHS,
        tol=None,
        class_weight="balanced",
        random_state=seed,
    )
    return model.fit(_features(recipe, texts), labels)


def _fit_naming(train: Sequence[Example], seed: int) -> Naming:
    """Fit the regression that names the language of a text in Latin letters."""
    sample_size = min(len(train), _NAMING_EXAMPLES)
    sample = random.Random(seed).sample(train, sample_size)  # noqa: S311 - not a secret
    model = _fit(NAMING, [e.text for e in sample], [e.language for e in sample], seed)
    weights, scales = _quantise(np.ascontiguousarray(model.coef_.T))
    intercepts = model.intercept_.astype(np.float32)
    scales = scales * np.float32(_SCALE)
    languages = tuple(model.classes_)
    return Naming(NAMING.bits, languages, weights.astype(np.float32), scales, intercepts)


def _calibration(
    weights: npt.NDArray[np.int8],
    slope: float,
    intercept: float,
    validation: Sequence[Example],
) -> tuple[float, float, float, float]:
    """Calibrate the probability that a text is English, by the logarithm of the text's length.

    Short texts are less certain. The calibrated log-odds are linear in the mean weight of the
    text's n-grams. Returns four numbers: the slope, what is added to the slope per unit of
    log-length, the intercept, and what is added to the intercept per unit of log-length.
    """
    calibration = slope, 0.0, intercept, 0.0
    scorer = LanguageScorer(RECIPE, weights, calibration, None)  # type: ignore[arg-type]
    texts = [example.text for example in validation]
    margin = np.array([scorer.grams(text.split(" ")).mean for text in texts]) * slope + intercept
    length = np.log([min(len(text), 200) for text in texts])
    columns = np.column_stack([margin, margin * length, length])
    model = LogisticRegression(C=1e3, class_weight="balanced")
    model.fit(columns, [example.english for example in validation])
    by_margin, by_both, by_length = (float(value) for value in model.coef_[0])
    offset = float(model.intercept_[0])
    return (
        by_margin * slope,
        by_both * slope,
        by_margin * intercept + offset,
        by_both * intercept + by_length,
    )


def preprocess(examples: Iterable[Example]) -> list[Example]:
    """Return the examples with their texts in the form that the language model reads.

    Texts in other scripts than Latin are left out, because their script shows the language.
    """
    preprocessed = []
    for example in examples:
        words = words_of(read(example.text))
        if words and latin_share(words) >= LATIN:
            preprocessed.append(example._replace(text=" ".join(words)))
    return preprocessed


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = log.info,
    everyday: int = dataset.EVERYDAY,
) -> Path:
    """Train the language model, save it as a new version, and return the version's folder.

    `data` is the folder of the corpora. The version is written into the folder
    `out`/language/<version>/. The same data and seed give the same weights, and therefore the same
    version.
    """
    started = time.monotonic()
    progress("reading and generating examples")
    examples = list(dataset.examples(data, seed, everyday))
    training = preprocess(example for example in examples if example.part == "train")
    validation = preprocess(example for example in examples if example.part == "validation")
    progress(f"fitting English on {len(training):,} examples")
    weights, slope, intercept = _fit_english(training, seed)
    calibration = _calibration(weights, slope, intercept, validation)
    progress("fitting the names of languages")
    naming = _fit_naming([example for example in training if not example.english], seed)
    progress("measuring")
    scorer = LanguageScorer(RECIPE, weights, calibration, naming)
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
        data=_sources(data, training),
        figures=measure(scorer, [e for e in examples if e.part == "test"], seed),
        seed=seed,
        seconds=time.monotonic() - started,
        limits=_LIMITS,
        recipe=asdict(RECIPE),
        naming_bits=NAMING.bits,
        languages=list(naming.languages),
        calibration=list(calibration),
    )
    return cards.save_challenger(out / "language", card, arrays)


def _sources(data: Path, training: Sequence[Example]) -> list[dict[str, Any]]:
    """Return the descriptions of the training data that the model's card lists."""
    counts = Counter(example.source for example in training)
    sources = catalogue.sources()
    entries = [
        source.entry(data, counts[source.name])
        for source in sources.values()
        if counts[source.name]
    ]
    generated = sum(count for name, count in counts.items() if name not in sources)
    digest = hashlib.sha256((data / dataset.FILE).read_bytes()).hexdigest()
    return [
        {
            "name": "english",
            "file": dataset.FILE,
            "rows": generated,
            "licence": "CC BY-SA 4.0 (UD English-EWT), Apache-2.0 (lingua, Hinglish-TOP)",
            "citation": "Silveira et al. 2014; Stahl: lingua; Agarwal et al.: Hinglish-TOP, 2023",
            "sha256": digest,
            "note": "With what was made from it: transliterated, mixed, mistyped, with names.",
        },
        *entries,
    ]
