"""Train the fast abuse model: a logistic regression for each label, mixed into heads.

A head is a score that the model gives, such as `toxicity`. Corpora mean different things by
"toxic", and one regression on all of them is worse than a regression on Wikipedia alone. So each
label of each corpus has its own regression, trained on the rows of that corpus. A head is a
weighted sum of the regressions whose labels are close to its meaning. These mixture weights were
chosen on the validation split. The corpora that are used only for evaluation were known when the
mixture weights were chosen, so metrics on these corpora are slightly optimistic. The experiments
are in docs/experiments.md.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib import Memory

from moderation.scoring.linear import Linear
from moderation.scoring.models import CAREFUL, load
from moderation.scoring.ngrams import Recipe
from moderation.training import cards, metrics
from moderation.training.corpora import catalogue, synthetic
from moderation.training.corpora.store import LabelStore, collect
from moderation.training.linear import distil, fitting
from moderation.training.linear.features import HashedNgrams, StoredFeatures, store_features
from moderation.training.linear.fitting import Fitted
from moderation.training.progress import Progress

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=20)

# Inverse regularisation strength by source: lower for small corpora and uncertain annotators.
STRENGTH = {"civil": 0.25, "jigsaw": 2.0, "dynahate": 1.0, "hatexplain": 1.0}
DEFAULT_STRENGTH = 4.0

# Labels whose rows are added to those of a label, so that the name of a group or person does not
# count by itself: neutral mentions of identities, and synthetic rows.
_NEUTRAL = "identity.toxic"
_HATE, _ATTACK, _POLITE = "synthetic.hate", "synthetic.attack", "synthetic.polite"
ADDED = {
    "jigsaw.toxic": [_NEUTRAL, _HATE, _ATTACK],
    "jigsaw.insult": [_NEUTRAL, _ATTACK],
    "convabuse.person": [_ATTACK],
    "jigsaw.severe": [_NEUTRAL],
    "jigsaw.obscene": [_NEUTRAL],
    "jigsaw.threat": [_NEUTRAL],
    "jigsaw.identity": [_NEUTRAL, _HATE],
    "hatexplain.hate": [_NEUTRAL, _HATE],
    "implicit.explicit": [_NEUTRAL, _HATE],
    "dynahate.hate": [_NEUTRAL, _HATE],
    "stormfront.hate": [_NEUTRAL, _HATE],
}


class Head(NamedTuple):
    """How a score of the model is made from regressions, one for each label of each corpus.

    `weights` are the weights of the labels' regressions in the score. The score is calibrated to
    the label `target`. `rate` is the share of positives among comments that were sampled at random;
    None estimates it from the data.
    """

    weights: dict[str, float]
    target: str
    rate: float | None = None


_INSULT = {"jigsaw.insult": 1.0, "jigsaw.toxic": 0.5, "convabuse.person": 0.3}
MIN_POSITIVES = 50  # natural positives needed for calibration
HEADS = {
    "toxicity": Head(
        {
            "jigsaw.toxic": 1.0,
            "jigsaw.insult": 1.0,
            "civil.toxic": 0.5,
            "ruddit.offensive": 0.5,
            "sbf.offensive": 0.3,
        },
        "jigsaw.toxic",
    ),
    "severe_toxicity": Head({"jigsaw.severe": 1.0, "jigsaw.toxic": 0.5}, "jigsaw.severe"),
    "insult": Head(_INSULT, "jigsaw.insult"),
    "profanity": Head(
        {"jigsaw.obscene": 1.0, "paradetox.toxic": 0.3, "reddit.uncivil": 0.2}, "jigsaw.obscene"
    ),
    "threat": Head(
        {"jigsaw.threat": 1.0, "edos.threat": 0.3, "dynahate.threat": 0.2}, "jigsaw.threat"
    ),
    "identity_attack": Head(
        {
            "jigsaw.identity": 1.0,
            "hatexplain.hate": 0.3,
            "sbf.offensive": 0.3,
            "implicit.explicit": 0.3,
            "dynahate.hate": 0.2,
            "stormfront.hate": 0.2,
        },
        "jigsaw.identity",
    ),
    "sexually_explicit": Head({"sbf.sexual": 1.0, "jigsaw.obscene": 0.5}, "sbf.sexual", 0.005),
    "personal_attack": Head(
        {"jigsaw.insult": 1.0, "jigsaw.toxic": 0.3, "convabuse.person": 0.5, "civil.toxic": 0.2},
        "jigsaw.insult",
    ),
}
LABELS = sorted({label for head in HEADS.values() for label in head.weights})


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    progress: Progress | None = None,
    cache: Path | None = None,
    teacher: Path | None = None,
) -> Path:
    """Train the fast abuse model, save it as a new version, and return the version's folder.

    `data` is the folder of the corpora. The version is written into the folder
    `out/abuse/<version>/`. If `teacher` is the folder of a careful model, the fast model is also
    trained on the careful model's scores of all texts (distillation). Comments and n-grams are
    stored on disk, so that memory use does not grow with the corpora.

    If `cache` is given, comments, n-grams and each trained label are kept in this folder, so that
    an interrupted training can resume. The content of the cache is used again only with the same
    files, code and seed. The cache is unpickled, so only trusted users may have write access to it.
    Raises `CorpusError` if `data` does not match `data/sources.toml`.
    """
    began = time.perf_counter()
    progress = progress or Progress()
    catalogue.log_unused_sources("abuse", [*LABELS, *itertools.chain.from_iterable(ADDED.values())])
    with contextlib.ExitStack() as stack:
        home = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="training-")))
        home.mkdir(parents=True, exist_ok=True)
        memory = Memory(home, verbose=0)
        code = cards.code_hash()
        inputs = {"code": code, "data": catalogue.digests(data, "train"), "seed": seed}
        file = home / f"comments-{joblib.hash(inputs)}.sqlite"
        label_store = stack.enter_context(_label_store(file, data, seed, progress))
        features = _features(label_store, memory, code, progress)
        rarity = fitting.rarity(features.of(label_store.rows("train")))
        fit = memory.cache(_fit_label, ignore=["label_store", "features", "rarity"])
        members = {
            label: fit(inputs, label, label_store, features, rarity, seed)
            for label in progress.track(LABELS, len(LABELS), "learning labels")
        }
        heads = {name: fitting.mixed(members, head.weights) for name, head in HEADS.items()}
        if teacher:
            ignored = ["heads", "label_store", "features", "rarity", "progress"]
            distilled = memory.cache(_distilled, ignore=ignored)
            heads = distilled(inputs, teacher, heads, label_store, features, rarity, progress)
        progress("measuring")
        arrays = _arrays(label_store, features, heads)
        measured = _metrics(label_store, arrays, seed)
        card = _card(data, label_store, measured, seed, time.perf_counter() - began)
        if teacher:
            card["taught_by"] = f"{CAREFUL}/{teacher.name}"
    return cards.save_challenger(out / "abuse", card, arrays)


def _label_store(
    file: Path, data: Path, seed: int, progress: Progress
) -> contextlib.AbstractContextManager[LabelStore]:
    added = {label for labels in ADDED.values() for label in labels}
    rows = itertools.chain(catalogue.rows(data, "train"), synthetic.rows(seed))
    tracked = progress.track(rows, None, "reading comments")
    return collect(tracked, [*LABELS, *added, _POLITE], file)


def _features(
    label_store: LabelStore, memory: Memory, code: str, progress: Progress
) -> StoredFeatures:
    """Compute the n-grams of all texts in the label store, and store the n-grams on disk."""
    texts = progress.track(label_store.texts(), len(label_store), "n-grams of texts")
    return store_features(texts, _ngrams(), memory, code)


def _ngrams() -> HashedNgrams:
    return HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)


def _fit_label(
    inputs: Any,  # noqa: ARG001 - part of the cache's key: files, code and seed
    label: str,
    label_store: LabelStore,
    features: StoredFeatures,
    rarity: Any,
    seed: int,
) -> Fitted:
    """Fit the logistic regression that predicts one label of one corpus.

    It is trained on the rows that have the label, on polite sentences, on the rows that `ADDED`
    names for the label, and on harmless rows into which names were inserted.
    """
    names = (label, _POLITE, *ADDED.get(label, ()))
    labelled = [label_store.of(name, "train") for name in names]
    rows = np.concatenate([part.rows for part in labelled])
    values = np.concatenate([part.values for part in labelled])
    order = np.argsort(rows, kind="stable")
    harmless = labelled[0].rows[labelled[0].values == 0]
    named = _ngrams().transform(synthetic.with_names(label_store.texts(harmless), seed))
    fitted = fitting.fit(
        features.of(rows[order], named),
        np.append(values[order], np.zeros(named.shape[0])),
        STRENGTH.get(label.split(".")[0], DEFAULT_STRENGTH),
        rarity,
    )
    return fitting.standardised(fitted, features.of(label_store.rows("validation", natural=True)))


def _distilled(
    inputs: Any,  # noqa: ARG001 - as in `_fit_label`
    teacher: Path,
    heads: dict[str, Fitted],
    label_store: LabelStore,
    features: StoredFeatures,
    rarity: Any,
    progress: Progress,
) -> dict[str, Fitted]:
    """Return each score's regression, combined with a regression on the careful model's scores.

    `heads` has the regressions by the name of the score. `teacher` is the folder of the careful
    model.
    """
    rows = label_store.rows("train")
    texts = progress.track(label_store.texts(rows), len(rows), "scoring with the teacher")
    labels = distil.soft_labels(load(teacher), list(heads), texts)
    natural = features.of(label_store.rows("validation", natural=True))
    return {
        name: distil.combine(fitted, distil.distil(features.of(rows), column, rarity), natural)
        for (name, fitted), column in progress.track(
            list(zip(heads.items(), labels.T, strict=True)), len(heads), "learning from the teacher"
        )
    }


def _arrays(
    label_store: LabelStore, features: StoredFeatures, heads: dict[str, Fitted]
) -> dict[str, Any]:
    """Return the arrays that the scorer loads: quantised weights, intercepts and calibration."""
    knots = [_knots(label_store, features, HEADS[name], fitted) for name, fitted in heads.items()]
    weights, scales = fitting.quantised(
        np.column_stack([fitted.weights for fitted in heads.values()])
    )
    return {
        "weights": weights,
        "scales": scales,
        "intercepts": np.array([fitted.intercept for fitted in heads.values()], np.float32),
        "knots": np.stack(knots, axis=1),
    }


def _knots(label_store: LabelStore, features: StoredFeatures, head: Head, fitted: Fitted) -> Any:
    """Return a score's calibration curve: log-odds, and the probabilities that they stand for.

    The curve is fitted on the validation split, to the share of positives among comments that were
    sampled at random. The negative rows are comments that were sampled at random. If at least
    `MIN_POSITIVES` of these comments are positive, only they are the positive rows. Otherwise all
    positive rows of the split are used, because corpora over-sample rare kinds of abuse.
    """
    rows, values = label_store.of(head.target, "validation", natural=True)
    if (values >= 0.5).sum() < MIN_POSITIVES:
        all_rows, all_values = label_store.of(head.target, "validation")
        positive = all_rows[all_values >= 0.5]
        rows = np.union1d(label_store.rows("validation", natural=True), positive)
        values = np.isin(rows, positive).astype(np.float64)
    natural = label_store.of(head.target, "train", "validation", natural=True).values
    rate = head.rate or float((natural >= 0.5).mean())
    return fitting.calibration(fitted.logits(features.of(rows)), values, rate)


def _metrics(label_store: LabelStore, arrays: dict[str, Any], seed: int) -> dict[str, Any]:
    """Measure how well each score predicts its target label on the test split.

    The scores are computed with the quantised weights, as in the service.
    """
    scorer = Linear(tuple(HEADS), RECIPE, **arrays)
    measured = {}
    for name, head in HEADS.items():
        rows, values = label_store.of(head.target, "test", natural=not head.rate)
        scores = scorer.probabilities(list(label_store.texts(rows)))
        y_true = values >= 0.5
        column = scores[:, scorer.heads.index(name)]
        measured[f"{name}, {head.target}, test"] = metrics.measure(y_true, column, seed)
    return measured


def _card(
    data: Path, label_store: LabelStore, measured: dict[str, Any], seed: int, seconds: float
) -> dict[str, Any]:
    known = catalogue.sources()
    return cards.card(
        name="abuse",
        kind="linear",
        purpose="How likely readers are to find a comment abusive, in eight ways.",
        heads=list(HEADS),
        data=[
            known[name].entry(data, rows)
            for name, rows in label_store.sources().items()
            if name in known
        ],
        figures=measured,
        seed=seed,
        seconds=seconds,
        limits=(
            "It knows words and their neighbours, not meaning: irony, allusion, quotation and "
            "hatred in polite words escape it. It learned from Wikipedia, news sites, Reddit and "
            "tweets in English, mostly American."
        ),
        recipe={"chars": RECIPE.chars, "words": RECIPE.words, "bits": RECIPE.bits},
        reads="folded",
    )
