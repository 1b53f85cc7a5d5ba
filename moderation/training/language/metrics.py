"""Measure the language model on test texts, for its card."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scipy.stats import binomtest

from moderation.scoring.language import LanguageScorer
from moderation.text.reading import read
from moderation.training.corpora.perturb import Names, typos
from moderation.training.language.dataset import Example

REVIEW, REJECT = 0.7, 0.05  # the default thresholds (0.30, 0.95), as probabilities of English
MIN_WORDS = 4
_LENGTHS = {"1-3 words": (1, 3), "4-8 words": (4, 8), "9-20 words": (9, 20), "over 20": (21, 9999)}
_BATCH_SIZE = 512


def proportion(hits: Iterable[bool]) -> dict[str, Any]:
    """Return the share of the booleans `hits` that are true, with Wilson's 95 % interval.

    >>> proportion([True] * 9 + [False])
    {'value': 0.9, 'interval': [0.5958, 0.9821], 'rows': 10}
    """
    values = list(hits)
    if not values:
        return {"value": None, "interval": [0.0, 1.0], "rows": 0}
    interval = binomtest(sum(values), len(values)).proportion_ci(method="wilson")
    bounds = [round(float(interval.low), 4), round(float(interval.high), 4)]
    return {"value": round(sum(values) / len(values), 4), "interval": bounds, "rows": len(values)}


def english_probabilities(scorer: LanguageScorer, texts: Sequence[str]) -> list[float]:
    """Return the probability that each text is English, as the service computes it."""
    probabilities: list[float] = []
    for start in range(0, len(texts), _BATCH_SIZE):
        batch = [read(text) for text in texts[start : start + _BATCH_SIZE]]
        probabilities += scorer.score(batch)["english"].tolist()
    return probabilities


def measure(scorer: LanguageScorer, test: Sequence[Example], seed: int) -> dict[str, Any]:
    """Return all metrics of the language model, by name.

    A name begins with what is measured, and goes on with the texts that it is measured on. `right`
    is the accuracy at a threshold of 0.5. The others are shares of texts at the thresholds of the
    default policy: English texts that are `rejected`, or `reviewed or rejected`, texts in other
    languages that are `caught`, and English texts with names that are `kept`.
    """
    rng = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    original = [example for example in test if _is_original(example)]
    english = [example for example in original if example.english]
    lengths = [len(example.text.split()) for example in original]
    metrics = {"right": _accuracy(scorer, original)}
    for name, (low, high) in _LENGTHS.items():
        chosen = [e for e, length in zip(original, lengths, strict=True) if low <= length <= high]
        metrics[f"right, {name}"] = _accuracy(scorer, chosen)
    for kind in sorted({_kind(example) for example in test}):
        metrics[f"right, {kind}"] = _accuracy(scorer, [e for e in test if _kind(e) == kind])
    changes: dict[str, Callable[[str], str]] = {
        "in capitals": str.upper,
        "in small letters": str.lower,
        "with typos": lambda text: typos(text, rng),
    }
    for name, change in changes.items():
        metrics[f"right, {name}"] = _accuracy(scorer, original, change)
    long = [e for e in test if e.english and _is_long_enough(e) and e.source != "quoting"]
    metrics["rejected, English of four words or more"] = _share_below(scorer, long, REJECT)
    metrics["reviewed or rejected, English of four words or more"] = _share_below(
        scorer, long, REVIEW
    )
    romanised = [e for e in test if e.language.endswith("-Latn") and _is_long_enough(e)]
    for name in sorted({example.language for example in romanised}):
        chosen = [example for example in romanised if example.language == name]
        metrics[f"caught, {name}"] = _share_below(scorer, chosen, REVIEW)
    names = Names.load()
    planted = [e._replace(text=names.plant(e.text, rng, 8)) for e in english if _is_long_enough(e)]
    metrics["kept, English with eight names"] = _share_kept(scorer, planted)
    lower = [e._replace(text=e.text.lower()) for e in planted]
    metrics["kept, English with eight names in small letters"] = _share_kept(scorer, lower)
    return metrics


def _is_long_enough(example: Example) -> bool:
    return len(example.text.split()) >= MIN_WORDS


def _is_original(example: Example) -> bool:
    """Return whether the example's text is an unchanged text of a corpus, and was not generated."""
    return example.source == "rom-hitop" or example.source.startswith(
        ("ewt", "hitop-", "lingua-", "lat-", "nat-")
    )


def _kind(example: Example) -> str:
    """Return the name under which metrics are reported for examples of this kind.

    It is the name of the example's source, or of a group of sources.
    """
    kind = example.source.partition("-")[0]
    return (
        kind
        if kind in {"lat", "nat", "bare", "rom", "chat", "mixed", "everyday"}
        else example.source
    )


def _accuracy(
    scorer: LanguageScorer, examples: Sequence[Example], change: Callable[[str], str] = str
) -> dict[str, Any]:
    probabilities = english_probabilities(scorer, [change(example.text) for example in examples])
    return proportion(
        (probability >= 0.5) == example.english
        for probability, example in zip(probabilities, examples, strict=True)
    )


def _share_below(
    scorer: LanguageScorer, examples: Sequence[Example], threshold: float
) -> dict[str, Any]:
    probabilities = english_probabilities(scorer, [e.text for e in examples])
    return proportion(probability <= threshold for probability in probabilities)


def _share_kept(scorer: LanguageScorer, examples: Sequence[Example]) -> dict[str, Any]:
    probabilities = english_probabilities(scorer, [e.text for e in examples])
    return proportion(probability > REVIEW for probability in probabilities)
