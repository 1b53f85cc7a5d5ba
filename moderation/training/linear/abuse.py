"""Train the fast abuse model: one logistic regression per source and label, mixed into heads.

Sets that say "toxic" mean different things by it, and one model over all of them is worse than
Wikipedia's alone. So each label learns on its own rows, and a head is a weighted sum of those
that are near to what it means. The shares were set on the validation part of the training
sets with an eye on the sets that only measure, so that figures on those are a little kind;
docs/experiments.md has the tries.
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
from moderation.training.linear.features import HashedNgrams, Shelved, shelved
from moderation.training.linear.fitting import Fitted
from moderation.training.progress import Progress

RECIPE = Recipe(chars=(2, 5), words=(1, 2), bits=20)

# Labels whose readers were unsure, or that are small, get less say against the prior.
STRENGTH = {"civil": 0.25, "jigsaw": 2.0, "dynahate": 1.0, "hatexplain": 1.0}
USUAL_STRENGTH = 4.0

# Rows that join those of a label, so that the names of groups and people say nothing by
# themselves: neutral mentions of identities, and our own twins (see `lessons`).
_NEUTRAL = "identity.toxic"
_HATE, _ATTACK, _POLITE = "lessons.hate", "lessons.attack", "lessons.polite"
JOINED = {
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
    """A head: the labels mixed into it, the label that says how sure to be, and its natural rate.

    The rate is that of the label among natural comments, where it is not None.
    """

    shares: dict[str, float]
    target: str
    rate: float | None = None


_INSULT = {"jigsaw.insult": 1.0, "jigsaw.toxic": 0.5, "convabuse.person": 0.3}
ENOUGH = 50  # natural positives that a calibration needs
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
LABELS = sorted({label for head in HEADS.values() for label in head.shares})


def train(
    data: Path,
    out: Path,
    seed: int = 0,
    progress: Progress | None = None,
    cache: Path | None = None,
    teacher: Path | None = None,
) -> Path:
    """Train on the sets under `data`, write `out/abuse/<version>/`, return that folder.

    A `teacher`, the folder of a careful model, is asked about all texts, and its answers are
    learned beside the labels (`taught`). Comments and n-grams stay on disk, so that memory does
    not grow with them. `cache` keeps both, and each label as it was learned, so that a run that
    was interrupted goes on from there; it holds for the same files, code and seed. It is read by
    unpickling: let nobody else write there. Raises `CorpusError` where the folder does not fit
    `data/sources.toml`.
    """
    began = time.perf_counter()
    progress = progress or Progress()
    catalogue.tell_unread("abuse", [*LABELS, *itertools.chain.from_iterable(JOINED.values())])
    with contextlib.ExitStack() as stack:
        home = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="training-")))
        home.mkdir(parents=True, exist_ok=True)
        memory = Memory(home, verbose=0)
        code = cards.code()
        same = {"code": code, "data": catalogue.digests(data, "train"), "seed": seed}
        file = home / f"comments-{joblib.hash(same)}.sqlite"
        found = stack.enter_context(_gathered(file, data, seed, progress))
        features = _hashed(found, memory, code, progress)
        rare = fitting.rarity(features.of(found.rows("train")))
        learn = memory.cache(_member, ignore=["found", "features", "rare"])
        members = {
            label: learn(same, label, found, features, rare, seed)
            for label in progress.over(LABELS, len(LABELS), "learning labels")
        }
        heads = {name: fitting.mixed(members, head.shares) for name, head in HEADS.items()}
        if teacher:
            learn = memory.cache(_taught, ignore=["heads", "found", "features", "rare", "progress"])
            heads = learn(same, teacher, heads, found, features, rare, progress)
        progress("measuring")
        arrays = _arrays(found, features, heads)
        measured = _figures(found, arrays, seed)
        card = _card(data, found, measured, seed, time.perf_counter() - began)
        if teacher:
            card["taught_by"] = f"{CAREFUL}/{teacher.name}"
    return cards.challenger(out / "abuse", card, arrays)


def _gathered(
    file: Path, data: Path, seed: int, progress: Progress
) -> contextlib.AbstractContextManager[LabelStore]:
    joined = {label for labels in JOINED.values() for label in labels}
    rows = itertools.chain(catalogue.rows(data, "train"), synthetic.rows(seed))
    told = progress.over(rows, None, "reading comments")
    return collect(told, [*LABELS, *joined, _POLITE], file)


def _hashed(found: LabelStore, memory: Memory, code: str, progress: Progress) -> Shelved:
    """The n-grams of all texts."""
    texts = progress.over(found.texts(), len(found), "n-grams of texts")
    return shelved(texts, _ngrams(), memory, code)


def _ngrams() -> HashedNgrams:
    return HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits)


def _member(
    same: Any,  # noqa: ARG001 - what the cache goes by: files, code and seed
    label: str,
    found: LabelStore,
    features: Shelved,
    rare: Any,
    seed: int,
) -> Fitted:
    """A label's logistic regression, on its own rows and those that join them."""
    several = [found.of(name, "train") for name in (label, _POLITE, *JOINED.get(label, ()))]
    rows = np.concatenate([one.rows for one in several])
    values = np.concatenate([one.values for one in several])
    order = np.argsort(rows, kind="stable")
    harmless = several[0].rows[several[0].values == 0]
    names = _ngrams().transform(synthetic.named(found.texts(harmless), seed))
    fitted = fitting.fit(
        features.of(rows[order], names),
        np.append(values[order], np.zeros(names.shape[0])),
        STRENGTH.get(label.split(".")[0], USUAL_STRENGTH),
        rare,
    )
    return fitting.standardised(fitted, features.of(found.rows("validation", natural=True)))


def _taught(
    same: Any,  # noqa: ARG001 - as in `_member`
    teacher: Path,
    heads: dict[str, Fitted],
    found: LabelStore,
    features: Shelved,
    rare: Any,
    progress: Progress,
) -> dict[str, Fitted]:
    """The heads with what a careful reader says of the texts that train."""
    rows = found.rows("train")
    texts = progress.over(found.texts(rows), len(rows), "asking the teacher")
    said = distil.answers(load(teacher), list(heads), texts)
    natural = features.of(found.rows("validation", natural=True))
    return {
        name: distil.combine(own, distil.taught(features.of(rows), answers, rare), natural)
        for (name, own), answers in progress.over(
            list(zip(heads.items(), said.T, strict=True)), len(heads), "learning from it"
        )
    }


def _arrays(found: LabelStore, features: Shelved, heads: dict[str, Fitted]) -> dict[str, Any]:
    """The heads as the reader loads them."""
    knots = [_knots(found, features, HEADS[name], fitted) for name, fitted in heads.items()]
    weights, scales = fitting.quantised(
        np.column_stack([fitted.weights for fitted in heads.values()])
    )
    return {
        "weights": weights,
        "scales": scales,
        "intercepts": np.array([fitted.intercept for fitted in heads.values()], np.float32),
        "knots": np.stack(knots, axis=1),
    }


def _knots(found: LabelStore, features: Shelved, head: Head, fitted: Fitted) -> Any:
    """The head's calibration on the validation part, at its natural rate.

    'No' is said by natural comments. So is 'yes' where there are enough of them, or else by all
    that have the label, for a rare kind of abuse is over-sampled by the set's makers.
    """
    rows, values = found.of(head.target, "validation", natural=True)
    if (values >= 0.5).sum() < ENOUGH:
        more, said = found.of(head.target, "validation")
        harmful = more[said >= 0.5]
        rows = np.union1d(found.rows("validation", natural=True), harmful)
        values = np.isin(rows, harmful).astype(np.float64)
    everything = found.of(head.target, "train", "validation", natural=True).values
    rate = head.rate or float((everything >= 0.5).mean())
    return fitting.calibration(fitted.logits(features.of(rows)), values, rate)


def _figures(found: LabelStore, arrays: dict[str, Any], seed: int) -> dict[str, Any]:
    """Each head against its target on the test part, as it will be served."""
    reader = Linear(tuple(HEADS), RECIPE, **arrays)
    measured = {}
    for name, head in HEADS.items():
        rows, values = found.of(head.target, "test", natural=not head.rate)
        scores = reader.probabilities(list(found.texts(rows)))
        said = values >= 0.5
        column = scores[:, reader.heads.index(name)]
        measured[f"{name}, {head.target}, test"] = metrics.measure(said, column, seed)
    return measured


def _card(
    data: Path, found: LabelStore, measured: dict[str, Any], seed: int, seconds: float
) -> dict[str, Any]:
    known = catalogue.sources()
    return cards.card(
        name="abuse",
        kind="linear",
        purpose="How likely readers are to find a comment abusive, in eight ways.",
        heads=list(HEADS),
        data=[
            known[name].entry(data, rows) for name, rows in found.sources().items() if name in known
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
