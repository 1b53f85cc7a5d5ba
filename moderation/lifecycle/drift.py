"""Whether the comments of now still look to the models like those that they were measured on.

The measure is the population stability index, the sum of (now - then) * ln(now / then) over bins
of the scores. By convention a score under .1 is stable and one from .25 on has moved (Siddiqi,
Credit Risk Scorecards, 2006). Samples of n and m of the very same comments already differ by
about (bins - 1)(1/n + 1/m) (Yurdakul, Statistical Properties of Population Stability Index,
2018); only what is beyond that counts here.

What is compared with is the `reference` in a model's card, or the newsroom's own, which stands
beside the card in `reference.json` and goes before it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from moderation.scoring.card import CARD, Card, read
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import ModelError

OWN = "reference.json"
LITTLE, MUCH = 0.1, 0.25
FEWEST = 500  # decisions; of fewer nothing is said
LANGUAGE = "language"  # beside the scores: which of the `CLASSES` a comment is of
CLASSES = ("no language", "foreign", "doubtful", "English")
_FOREIGN, _ENGLISH = 0.2, 0.8  # the probabilities of English up to which, and from which on
# Tenths, and the highest of them again in parts: there are the comments that the rules act on.
_QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

Verdict = Literal["too few", "stable", "moved a little", "moved"]


@dataclass(frozen=True)
class ScoredDecision:
    """A decision's scores and language, the models that gave them, and when."""

    models: Mapping[str, str]
    scores: Mapping[str, float]
    language: Mapping[str, Any]
    at: dt.datetime | None = None

    def value(self, name: str) -> float | None:
        """A score as the record rounds it, or the language's class; None where there is none."""
        if name == LANGUAGE:
            return language_class(self.language) if "english" in self.language else None
        score = self.scores.get(name)
        return None if score is None else round(score, 4)


def language_class(language: Mapping[str, Any]) -> int:
    """The place in `CLASSES`.

    >>> CLASSES[language_class({"english": 0.99, "code": "en"})]
    'English'
    >>> CLASSES[language_class({"english": 1.0, "code": "zxx"})]
    'no language'
    """
    if language.get("code") == "zxx":
        return 0
    english = float(language["english"])
    return 1 if english < _FOREIGN else 2 if english < _ENGLISH else 3


@dataclass(frozen=True)
class Bins:
    """How many values were up to the first edge, from there up to the second, …, above the last."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, values: Sequence[float], name: str = "") -> Self:
        """Bins by tenths of these values, fewer where many are the same.

        >>> Bins.of([0.1] * 98 + [0.2, 0.3]).counts
        (98, 1, 1)
        """
        edges = np.arange(len(CLASSES) - 1) if name == LANGUAGE else _edges(values)
        return cls(tuple(edges.tolist()), ()).counting(values)

    def counting(self, values: Sequence[float]) -> Self:
        """The same bins with other values."""
        places = np.searchsorted(np.array(self.edges), np.array(values, float), side="left")
        counts = np.bincount(places, minlength=len(self.edges) + 1)
        return type(self)(self.edges, tuple(counts.tolist()))

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    @property
    def shares(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Each bin's share; half a value is added to each, so that none is empty."""
        counts = np.array(self.counts, float) + 0.5
        return np.asarray(counts / counts.sum())


def _edges(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.unique(np.quantile(values, _QUANTILES, method="inverted_cdf"))
    return np.asarray(found[found < np.max(values)])


def psi(then: Bins, now: Bins) -> float:
    """The population stability index of two counts in the same bins.

    >>> round(psi(Bins((0.5,), (800, 200)), Bins((0.5,), (600, 400))), 3)
    0.196
    """
    difference = now.shares - then.shares
    return float((difference * np.log(now.shares / then.shares)).sum())


def chance(then: Bins, now: Bins) -> float:
    """The index to be expected of two samples of the same comments."""
    return len(then.edges) * (1 / max(then.total, 1) + 1 / max(now.total, 1))


@dataclass(frozen=True)
class Drift:
    """How far a score (or the language) has moved."""

    name: str
    then: Bins
    now: Bins

    @property
    def psi(self) -> float:
        """The population stability index, as it is defined."""
        return psi(self.then, self.now)

    @property
    def chance(self) -> float:
        """What of it chance alone would give."""
        return chance(self.then, self.now)

    @property
    def beyond(self) -> float:
        """What of it is beyond chance."""
        return max(self.psi - self.chance, 0.0)

    @property
    def verdict(self) -> Verdict:
        """What follows, by convention."""
        if self.now.total < FEWEST:
            return "too few"
        if self.beyond < LITTLE:
            return "stable"
        return "moved a little" if self.beyond < MUCH else "moved"

    def to_dict(self) -> dict[str, Any]:
        """The drift as it stands in JSON."""
        return {
            "psi": round(self.psi, 4),
            "by_chance": round(self.chance, 4),
            "decisions": self.now.total,
            "verdict": self.verdict,
            "edges": self.now.edges,
            "then": self.then.counts,
            "now": self.now.counts,
        }


@dataclass(frozen=True)
class Reference:
    """What a score is compared with: the bins of each, of which comments, by which models.

    `until` is given where these are decisions of the record: what came later is compared.
    """

    mix: str
    models: Mapping[str, str]
    scores: Mapping[str, Bins]
    until: dt.datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """The reference as it stands in a card."""
        return {
            "mix": self.mix,
            "models": dict(self.models),
            "until": self.until.isoformat() if self.until else None,
            "scores": {
                name: {"edges": bins.edges, "counts": bins.counts}
                for name, bins in self.scores.items()
            },
        }

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Self:
        """A reference as `to_dict` tells it."""
        scores = {
            name: Bins(tuple(bins["edges"]), tuple(bins["counts"]))
            for name, bins in found["scores"].items()
        }
        until = dt.datetime.fromisoformat(found["until"]) if found.get("until") else None
        return cls(str(found["mix"]), dict(found["models"]), scores, until)


def givers(models: Models) -> dict[str, dict[str, str]]:
    """By the model that has the card: the versions that give its scores together."""
    versions = models.versions
    both = {FAST, CAREFUL} <= versions.keys()
    return {
        CAREFUL if both and name == FAST else name: {
            it: versions[it] for it in ((FAST, CAREFUL) if both and name == FAST else (name,))
        }
        for name in models.scorers
    }


def names(models: Models, home: str) -> tuple[str, ...]:
    """The scores whose reference stands in the card of the model `home`."""
    heads = models.scorers[FAST if home == CAREFUL else home].heads
    return (*heads, LANGUAGE) if "english" in heads else tuple(heads)


def references(root: Path, models: Models) -> dict[str, Reference]:
    """The reference of each model in use, where there is one for these very versions.

    Raises `ModelError` where one cannot be read.
    """
    found = {}
    for home, versions in givers(models).items():
        folder = root / home / versions[home]
        for reference in (_newsrooms(folder), _in_card(folder)):
            if reference and reference.models == versions:
                found[home] = reference
                break
    return found


def _newsrooms(folder: Path) -> Reference | None:
    """Return the newsroom's own reference for the model in `folder`, if there is one."""
    path = folder / OWN
    try:
        return _parsed(json.loads(path.read_text("utf-8")), path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: the reference cannot be read: {error!r}") from error


def _in_card(folder: Path) -> Reference | None:
    """Return the reference in the card of the model in `folder`, if there is one."""
    if not (folder / CARD).exists():
        return None
    content = read(folder, Card).reference
    return None if content is None else _parsed(content, folder / CARD)


def _parsed(content: Mapping[str, Any], path: Path) -> Reference:
    try:
        return Reference.parse(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: the reference cannot be read: {error!r}") from error


def measured(models: Models, seen: Iterable[ScoredDecision], mix: str) -> dict[str, Reference]:
    """By model, a reference of what these models gave, where they gave enough."""
    kept = list(seen)
    until = max((one.at for one in kept if one.at), default=None)
    found = {}
    for home, versions in givers(models).items():
        own = _by(versions, kept)
        values = {name: _values(own, name) for name in names(models, home)}
        scores = {
            name: Bins.of(values, name) for name, values in values.items() if len(values) >= FEWEST
        }
        if scores:
            found[home] = Reference(mix, versions, scores, until)
    return found


def compare(
    models: Models, references: Mapping[str, Reference], seen: Iterable[ScoredDecision]
) -> Iterator[Drift]:
    """How far each score of the models in use has moved; only decisions by them count."""
    kept = list(seen)
    for home, versions in givers(models).items():
        if home in references:
            since = references[home].until
            later = [one for one in kept if not (since and one.at and one.at <= since)]
            own = _by(versions, later)
            for name, then in references[home].scores.items():
                yield Drift(name, then, then.counting(_values(own, name)))


def _by(versions: Mapping[str, str], seen: Iterable[ScoredDecision]) -> list[ScoredDecision]:
    """Those whose scores these versions gave, and no other reader beside them."""
    wanted = dict.fromkeys((FAST, CAREFUL)) if FAST in versions else {}
    own = {**wanted, **versions}
    return [one for one in seen if all(one.models.get(name) == it for name, it in own.items())]


def _values(seen: Iterable[ScoredDecision], name: str) -> list[float]:
    found = (one.value(name) for one in seen)
    return [value for value in found if value is not None]
