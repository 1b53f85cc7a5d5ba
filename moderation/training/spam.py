"""Train the spam model: advertising and lures among comments and messages.

One logistic regression on YouTube comments and text messages. Comments on news sites and
talk pages stand in for what a newspaper gets otherwise: hardly any of them is spam.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from moderation.ngrams import Recipe
from moderation.readers.linear import Linear
from moderation.training import cards, corpora, figures, fitting
from moderation.training.features import HashedNgrams
from moderation.training.gather import gather

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=18)
LABELS = ("youtube_spam.spam", "sms_spam.spam")
ORDINARY = ("civil.toxic", "reddit.uncivil", "ruddit.offensive", "jigsaw_binary.toxic")
STRENGTH = 4.0
RATE = 0.02  # assumed share of spam among newspaper comments; no public set has the natural one

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


def train(data: Path, out: Path, seed: int = 0, progress: Progress = log.info) -> Path:
    """Train on the sets under `data`, write `out/spam/<version>/`, return that folder.

    Raises `CorpusError` where the folder does not fit `data/sources.toml`.
    """
    began = time.perf_counter()
    progress("reading")
    found = gather(corpora.rows(data, "train"), [*LABELS, *ORDINARY])
    values = np.zeros(len(found.texts))
    for label in LABELS:
        rows, said = found.labels[label]
        values[rows] = said
    progress(f"n-grams of {len(found.texts):,} texts")
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(found.texts)
    learning, held = found.parts == "train", found.parts == "validation"
    rare = fitting.rarity(features[learning])
    features.data *= rare[features.indices]
    progress("fitting")
    fitted = fitting.fit(features[learning], values[learning], STRENGTH, seed)
    knots = fitting.calibration(fitted.logits(features[held]), values[held], RATE)
    weights, scales = fitting.quantised((fitted.weights * rare)[:, None])
    arrays: dict[str, Any] = {
        "weights": weights,
        "scales": scales,
        "intercepts": np.array([fitted.intercept], np.float32),
        "knots": knots[:, None],
    }
    progress("measuring")
    measured = {}
    for label in LABELS:
        rows, said = found.of(label, "test")
        reader = Linear(("spam",), RECIPE, **arrays)
        scores = reader.probabilities([found.texts[row] for row in rows])[:, 0]
        measured[f"spam, {label}, test"] = figures.measure(said >= 0.5, scores, seed)
    catalogue = corpora.catalogue()
    card = cards.card(
        name="spam",
        kind="linear",
        purpose="How likely a comment is to be advertising, a lure or a scam.",
        heads=["spam"],
        data=[catalogue[name].entry(data, rows) for name, rows in sorted(found.sources.items())],
        figures=measured,
        seed=seed,
        seconds=time.perf_counter() - began,
        limits=(
            "It learned from comments under music videos and British and Singaporean text "
            "messages, some of them from before 2012; spam of other kinds escapes it."
        ),
        recipe={"chars": RECIPE.chars, "words": RECIPE.words, "bits": RECIPE.bits},
        reads="folded",
    )
    return cards.challenger(out / "spam", card, arrays)
