"""How good the language model is on texts that it has not seen, for its card."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scipy.stats import binomtest

from moderation.scoring.language import LanguageScorer
from moderation.text.reading import read
from moderation.training.corpora.perturb import Names, slips
from moderation.training.language.dataset import Example

REVIEW, REJECT = 0.7, 0.05  # the shipped thresholds (0.30, 0.95), as probabilities of English
FEWEST = 4  # words
_LENGTHS = {"1-3 words": (1, 3), "4-8 words": (4, 8), "9-20 words": (9, 20), "over 20": (21, 9999)}
_CHUNK = 512


def share(hits: Iterable[bool]) -> dict[str, Any]:
    """A share with Wilson's 95 % interval.

    >>> share([True] * 9 + [False])
    {'value': 0.9, 'interval': [0.5958, 0.9821], 'rows': 10}
    """
    found = list(hits)
    if not found:
        return {"value": None, "interval": [0.0, 1.0], "rows": 0}
    interval = binomtest(sum(found), len(found)).proportion_ci(method="wilson")
    bounds = [round(float(interval.low), 4), round(float(interval.high), 4)]
    return {"value": round(sum(found) / len(found), 4), "interval": bounds, "rows": len(found)}


def scored(reader: LanguageScorer, texts: Sequence[str]) -> list[float]:
    """The probability of English of each text, as the service would give it."""
    found: list[float] = []
    for start in range(0, len(texts), _CHUNK):
        chunk = [read(text) for text in texts[start : start + _CHUNK]]
        found += reader.score(chunk)["english"].tolist()
    return found


def measured(reader: LanguageScorer, test: Sequence[Example], seed: int) -> dict[str, Any]:
    """All figures: `right` at one half, `rejected` and `caught` by the shipped policy."""
    rng = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    given = [example for example in test if _given(example)]
    english = [example for example in given if example.english]
    sizes = [len(example.text.split()) for example in given]
    figures = {"right": _right(reader, given)}
    for name, (low, high) in _LENGTHS.items():
        chosen = [e for e, size in zip(given, sizes, strict=True) if low <= size <= high]
        figures[f"right, {name}"] = _right(reader, chosen)
    for kind in sorted({_kind(example) for example in test}):
        figures[f"right, {kind}"] = _right(reader, [e for e in test if _kind(e) == kind])
    changes: dict[str, Callable[[str], str]] = {
        "in capitals": str.upper,
        "in small letters": str.lower,
        "with typos": lambda text: slips(text, rng),
    }
    for name, change in changes.items():
        figures[f"right, {name}"] = _right(reader, given, change)
    long = [
        e for e in test if e.english and len(e.text.split()) >= FEWEST and e.source != "quoting"
    ]
    figures["rejected, English of four words or more"] = _below(reader, long, REJECT)
    figures["reviewed or rejected, English of four words or more"] = _below(reader, long, REVIEW)
    foreign = [e for e in test if e.language.endswith("-Latn") and len(e.text.split()) >= FEWEST]
    for name in sorted({example.language for example in foreign}):
        chosen = [example for example in foreign if example.language == name]
        figures[f"caught, {name}"] = _below(reader, chosen, REVIEW)
    names = Names.load()
    planted = [
        e._replace(text=names.planted(e.text, rng, 8))
        for e in english
        if len(e.text.split()) >= FEWEST
    ]
    figures["kept, English with eight names"] = _kept(reader, planted)
    small = [e._replace(text=e.text.lower()) for e in planted]
    figures["kept, English with eight names in small letters"] = _kept(reader, small)
    return figures


def _given(example: Example) -> bool:
    """Whether the text stands in the corpus as it is, and was not made from it."""
    return example.source == "rom-hitop" or example.source.startswith(
        ("ewt", "hitop-", "lingua-", "lat-", "nat-")
    )


def _kind(example: Example) -> str:
    kind = example.source.partition("-")[0]
    return (
        kind
        if kind in {"lat", "nat", "bare", "rom", "chat", "mixed", "everyday"}
        else example.source
    )


def _right(
    reader: LanguageScorer, examples: Sequence[Example], change: Callable[[str], str] = str
) -> dict[str, Any]:
    found = scored(reader, [change(example.text) for example in examples])
    return share(
        (score >= 0.5) == example.english for score, example in zip(found, examples, strict=True)
    )


def _below(reader: LanguageScorer, examples: Sequence[Example], limit: float) -> dict[str, Any]:
    return share(score <= limit for score in scored(reader, [e.text for e in examples]))


def _kept(reader: LanguageScorer, examples: Sequence[Example]) -> dict[str, Any]:
    return share(score > REVIEW for score in scored(reader, [e.text for e in examples]))
