"""Train the spam model: advertising and lures among comments and messages.

One logistic regression on YouTube comments, text messages and comments written for this project,
and on whatever else in `sources.toml` has a label `spam`.
Comments on news sites and talk pages stand in for what a newspaper gets otherwise: hardly any of
them is spam.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moderation.scoring.linear import Linear
from moderation.scoring.ngrams import Recipe
from moderation.training import cards, metrics
from moderation.training.corpora import catalogue, in_house
from moderation.training.corpora.splits import Part
from moderation.training.corpora.store import LabelStore, collect
from moderation.training.linear import fitting
from moderation.training.linear.features import HashedNgrams

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=18)
ORDINARY = ("civil.toxic", "reddit.uncivil", "ruddit.offensive", "jigsaw_binary.toxic")
STRENGTH = 4.0
AGAIN = 5  # times more that our own spam counts: it is what newspapers get, and there is little
PARTS: tuple[Part, Part] = ("train", "validation")
RATE = 0.02  # assumed share of spam among newspaper comments; no public set has the natural one

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


def train(data: Path, out: Path, seed: int = 0, progress: Progress = log.info) -> Path:
    """Train on the sets under `data`, write `out/spam/<version>/`, return that folder.

    Raises `CorpusError` where the folder does not fit `data/sources.toml`.
    """
    began = time.perf_counter()
    labels = spoken()
    catalogue.tell_unread("spam", [*labels, *ORDINARY])
    progress("reading")
    every = itertools.chain(catalogue.rows(data, "train"), in_house.rows())
    with collect(every, [*labels, *ORDINARY]) as found:
        progress(f"n-grams of {len(found):,} texts")
        ngrams = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)
        learning, held = (ngrams.transform(found.texts(found.rows(it))) for it in PARTS)
        learned, answers = (_spam(found, labels, it) for it in PARTS)
        said = found.of("own.spam", "train")
        ours = learning[np.searchsorted(found.rows("train"), said.rows[said.values >= 0.5])]
        tested = ((label, found.of(label, "test")) for label in labels)
        measuring = {label: said for label, said in tested if len(said.rows)}
        texts = {label: list(found.texts(said.rows)) for label, said in measuring.items()}
        sources = found.sources()
    progress("fitting")
    learned = np.append(learned, np.ones(AGAIN * ours.shape[0]))
    rare = fitting.rarity([learning])
    fitted = fitting.fit([learning, *[ours] * AGAIN], learned, STRENGTH, rare)
    knots = fitting.calibration(fitted.logits([held]), answers, RATE)
    weights, scales = fitting.quantised(fitted.weights[:, None])
    arrays: dict[str, Any] = {
        "weights": weights,
        "scales": scales,
        "intercepts": np.array([fitted.intercept], np.float32),
        "knots": knots[:, None],
    }
    progress("measuring")
    measured = {}
    for label, said in measuring.items():
        reader = Linear(("spam",), RECIPE, **arrays)
        scores = reader.probabilities(texts[label])[:, 0]
        measured[f"spam, {label}, test"] = metrics.measure(said.values >= 0.5, scores, seed)
    known = catalogue.sources()
    card = cards.card(
        name="spam",
        kind="linear",
        purpose="How likely a comment is to be advertising, a lure or a scam.",
        heads=["spam"],
        data=[
            in_house.entry() if name == "own" else known[name].entry(data, rows)
            for name, rows in sources.items()
        ],
        figures=measured,
        seed=seed,
        seconds=time.perf_counter() - began,
        limits=(
            "It learned from comments under music videos, British and Singaporean text messages, "
            "some of them from before 2012, and a few hundred made-up offers as they stand under "
            "newspaper articles; spam of other kinds escapes it."
        ),
        recipe={"chars": RECIPE.chars, "words": RECIPE.words, "bits": RECIPE.bits},
        reads="folded",
    )
    return cards.challenger(out / "spam", card, arrays)


def spoken() -> list[str]:
    """The labels that say what is spam: our own, and every training set's of that name."""
    return ["own.spam", *catalogue.named("spam")]


def _spam(found: LabelStore, labels: Sequence[str], part: Part) -> fitting.Floats:
    """For each text of the part whether it is spam; what no set of spam holds is none."""
    rows = found.rows(part)
    values = np.zeros(len(rows))
    for label in labels:
        said = found.of(label, part)
        values[np.searchsorted(rows, said.rows)] = said.values
    return values
