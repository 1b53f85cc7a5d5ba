"""Train the spam model, which detects advertising, lures and scams.

It is one logistic regression. It is trained on YouTube comments, text messages, in-house comments,
and every other training corpus in `sources.toml` that has a label `spam`. Comments from news sites
and talk pages serve as negatives, because hardly any of them is spam.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moderation.scoring.linear import Linear
from moderation.scoring.ngrams import Recipe
from moderation.training import cards, metrics
from moderation.training.corpora import catalogue, in_house
from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.splits import Part
from moderation.training.corpora.store import LabelStore, collect
from moderation.training.linear import fitting
from moderation.training.linear.features import HashedNgrams

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=20)
HARMLESS_LABELS = ("civil.toxic", "reddit.uncivil", "ruddit.offensive", "jigsaw_binary.toxic")
STRENGTH = 12.0
# In-house spam and its counterparts are few but typical of newspapers, so extra copies are learned.
SPAM_REPEATS, COUNTERPART_REPEATS = 12, 8
COUNTERPARTS = frozenset(  # kinds of harmless comments that share the words or figures of spam
    "advertising_words asking_about_a_scheme customer_complaint figures_and_dates"
    " warning_of_scams".split()
)
PARTS: tuple[Part, Part] = ("train", "validation")
_REPEATED = "own.repeated_spam"
RATE = 0.02  # assumed share of spam among newspaper comments; no public corpus has the real one

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


def train(data: Path, out: Path, seed: int = 0, progress: Progress = log.info) -> Path:
    """Train the spam model, save it as a new version, and return the version's folder.

    `data` is the folder of the corpora. The version is written into the folder
    `out/spam/<version>/`. Raises `CorpusError` if `data` does not match `data/sources.toml`.
    """
    began = time.perf_counter()
    labels = spam_labels()
    catalogue.log_unused_sources("spam", [*labels, *HARMLESS_LABELS])
    progress("reading")
    rows = itertools.chain(catalogue.rows(data, "train"), _in_house_rows())
    with collect(rows, [*labels, _REPEATED, *HARMLESS_LABELS]) as label_store:
        progress(f"n-grams of {len(label_store):,} texts")
        ngrams = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)
        training, validation = (
            ngrams.transform(label_store.texts(label_store.rows(part))) for part in PARTS
        )
        training_values, validation_values = (_values(label_store, labels, part) for part in PARTS)
        repeated = label_store.of(_REPEATED, "train")
        in_house_block = training[np.searchsorted(label_store.rows("train"), repeated.rows)]
        labelled = ((label, label_store.of(label, "test")) for label in labels)
        tests = {label: test for label, test in labelled if len(test.rows)}
        texts = {label: list(label_store.texts(test.rows)) for label, test in tests.items()}
        sources = label_store.sources()
    progress("fitting")
    rarity = fitting.rarity([training])
    blocks = [training]
    for value, repeats in ((1.0, SPAM_REPEATS), (0.0, COUNTERPART_REPEATS)):
        block = in_house_block[repeated.values == value]
        blocks += [block] * repeats
        training_values = np.append(training_values, np.full(repeats * block.shape[0], value))
    fitted = fitting.fit(blocks, training_values, STRENGTH, rarity)
    knots = fitting.calibration(fitted.logits([validation]), validation_values, RATE)
    weights, scales = fitting.quantised(fitted.weights[:, None])
    arrays: dict[str, Any] = {
        "weights": weights,
        "scales": scales,
        "intercepts": np.array([fitted.intercept], np.float32),
        "knots": knots[:, None],
    }
    progress("measuring")
    measured = {}
    for label, test in tests.items():
        scorer = Linear(("spam",), RECIPE, **arrays)
        scores = scorer.probabilities(texts[label])[:, 0]
        measured[f"spam, {label}, test"] = metrics.measure(test.values >= 0.5, scores, seed)
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
            "some of them from before 2012, and 1,600 made-up offers as they stand under newspaper "
            "articles, half of them in Indian English; it misses a well-written advertisement "
            "of one sentence about something it has not seen."
        ),
        recipe={"chars": RECIPE.chars, "words": RECIPE.words, "bits": RECIPE.bits},
        reads="folded",
    )
    return cards.save_challenger(out / "spam", card, arrays)


def spam_labels() -> list[str]:
    """Return the full names of all labels that mean spam, such as `own.spam`.

    They are labels of the in-house comments and of the training corpora.
    """
    return ["own.spam", *catalogue.labels_named("spam")]


def _in_house_rows() -> Iterator[Row]:
    """Yield the in-house comments.

    Spam and its counterparts, which are the harmless comments of the same kinds and of
    `COUNTERPARTS`, have a second label for spam, `_REPEATED`.
    """
    comments = list(in_house.comments())
    kinds = COUNTERPARTS | {comment.kind for comment in comments if comment.labels.get("spam")}
    for comment in comments:
        labels = comment.source_labels
        if comment.kind in kinds and "own.spam" in labels:
            labels[_REPEATED] = labels["own.spam"]
        yield Row(comment.text, "own", labels)


def _values(label_store: LabelStore, labels: Sequence[str], part: Part) -> fitting.Floats:
    """Return an array: 1 for each text of the split that is labelled as spam, 0 for all others.

    If a text has several labels of spam, the last one counts.
    """
    rows = label_store.rows(part)
    values = np.zeros(len(rows))
    for label in labels:
        labelled = label_store.of(label, part)
        values[np.searchsorted(rows, labelled.rows)] = labelled.values
    return values
