"""Measure drift: whether the scores of comments have moved since the models were measured.

The measure is the population stability index (PSI), the sum of (now - then) * ln(now / then) over
bins of the scores. 'now' and 'then' are a bin's shares of the scores. By convention, a score with a
PSI below .1 is stable, and a score with a PSI of .25 or more has moved (Siddiqi, Credit Risk
Scorecards, 2006). Two samples of n and m comments from the same distribution have by chance a PSI
of about (bins - 1)(1/n + 1/m) (Yurdakul, Statistical Properties of Population Stability Index,
2018). This module subtracts the PSI by chance.

Scores are compared with a reference: histograms of earlier scores. Each model's card (`card.json`,
its description) has a `reference` from public data. A newsroom can make its own reference from its
own decisions. It is saved as `reference.json` next to the card, and is used instead of the card's.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from moderation.scoring.card import CARD, Card, read
from moderation.scoring.models import CAREFUL, FAST, Models
from moderation.scoring.store import AnyStore, ModelError, ModelStore, write_json

if TYPE_CHECKING:  # at run time numpy is imported where it is used, so that commands start fast
    import numpy as np

OWN_REFERENCE = "reference.json"
MOVED_A_LITTLE, MOVED = 0.1, 0.25
MIN_DECISIONS = 500  # decisions; fewer give no verdict
LANGUAGE = "language"  # the name under which the shares of `CLASSES` are compared
CLASSES = ("no language", "foreign", "doubtful", "English")
_FOREIGN, _ENGLISH = 0.2, 0.8  # probabilities of English: foreign below the first
# Tenths, with the highest tenth divided: it has the comments that the rules act on.
_QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

Verdict = Literal["too few", "stable", "moved a little", "moved"]


@dataclass(frozen=True)
class ScoredDecision:
    """A decision's scores and language, the versions of its models, and its time."""

    models: Mapping[str, str]
    scores: Mapping[str, float]
    language: Mapping[str, Any]
    at: dt.datetime | None = None

    def value(self, name: str) -> float | None:
        """Return the score called `name`, rounded as in the database.

        The name `LANGUAGE` stands for the index of the language's class (see `language_class`).
        Returns None if the decision has no score of this name.
        """
        if name == LANGUAGE:
            return language_class(self.language) if "english" in self.language else None
        score = self.scores.get(name)
        return None if score is None else round(score, 4)


def language_class(language: Mapping[str, Any]) -> int:
    """Return the index in `CLASSES` that fits a decision's language, such as that of 'English'.

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
    """A histogram. A bin includes its upper edge. The last bin has no upper edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, values: Sequence[float], name: str = "") -> Self:
        """Return a histogram whose bins each hold a tenth of these values.

        The tenth with the highest values is divided into three bins. There are fewer bins if many
        values are equal. If `name` is `LANGUAGE`, there is one bin for each class of languages.

        >>> Bins.of([0.1] * 98 + [0.2, 0.3]).counts
        (98, 1, 1)
        """
        edges = range(len(CLASSES) - 1) if name == LANGUAGE else _edges(values).tolist()
        return cls(tuple(edges), ()).recount(values)

    def recount(self, values: Sequence[float]) -> Self:
        """Return a histogram of `values` that has the edges of this one."""
        import numpy as np

        bins = np.searchsorted(np.array(self.edges), np.array(values, float), side="left")
        counts = np.bincount(bins, minlength=len(self.edges) + 1)
        return type(self)(self.edges, tuple(counts.tolist()))

    @property
    def total(self) -> int:
        """The number of values."""
        return sum(self.counts)

    @property
    def shares(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Each bin's share of the values. Half a value is added to each bin, so no share is 0."""
        import numpy as np

        counts = np.array(self.counts, float) + 0.5
        return np.asarray(counts / counts.sum())


def _edges(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    import numpy as np

    edges = np.unique(np.quantile(values, _QUANTILES, method="inverted_cdf"))
    return np.asarray(edges[edges < np.max(values)])


def psi(then: Bins, now: Bins) -> float:
    """Return the population stability index (PSI) of two histograms with the same edges.

    >>> round(psi(Bins((0.5,), (800, 200)), Bins((0.5,), (600, 400))), 3)
    0.196
    """
    import numpy as np

    difference = now.shares - then.shares
    return float((difference * np.log(now.shares / then.shares)).sum())


def chance(then: Bins, now: Bins) -> float:
    """Return the PSI that two samples of the same distribution have by chance.

    The histograms `then` and `now` tell only the number of bins and the size of each sample.
    """
    return len(then.edges) * (1 / max(then.total, 1) + 1 / max(now.total, 1))


@dataclass(frozen=True)
class Drift:
    """How far a score, or the language of comments, has moved.

    `then` is the histogram of the reference, and `now` is the histogram of the latest decisions.
    """

    name: str
    then: Bins
    now: Bins

    @property
    def psi(self) -> float:
        """The population stability index (PSI), which measures how far the score has moved."""
        return psi(self.then, self.now)

    @property
    def chance(self) -> float:
        """The population stability index (PSI) that is expected by chance alone."""
        return chance(self.then, self.now)

    @property
    def beyond_chance(self) -> float:
        """The population stability index (PSI) minus the one expected by chance, but at least 0."""
        return max(self.psi - self.chance, 0.0)

    @property
    def verdict(self) -> Verdict:
        """Whether the drift matters: 'stable', 'moved a little', 'moved' or 'too few' decisions."""
        if self.now.total < MIN_DECISIONS:
            return "too few"
        if self.beyond_chance < MOVED_A_LITTLE:
            return "stable"
        return "moved a little" if self.beyond_chance < MOVED else "moved"

    def to_dict(self) -> dict[str, Any]:
        """Return the drift as a dict of JSON values."""
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
    """Histograms of earlier scores of a model. The latest scores are compared with them.

    `mix` says in words which comments the histograms are about, and `models` has the versions that
    scored these comments. If the comments come from the newsroom's own decisions, `until` is the
    time of the last decision, and only later decisions are compared with the reference.
    """

    mix: str
    models: Mapping[str, str]
    scores: Mapping[str, Bins]
    until: dt.datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the reference as a dict of JSON values, as it is stored in a model's card."""
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
    def parse(cls, content: Mapping[str, Any]) -> Self:
        """Convert a dict from `to_dict` back to a reference."""
        scores = {
            name: Bins(tuple(bins["edges"]), tuple(bins["counts"]))
            for name, bins in content["scores"].items()
        }
        until = dt.datetime.fromisoformat(content["until"]) if content.get("until") else None
        return cls(str(content["mix"]), dict(content["models"]), scores, until)


def versions_by_card(models: Models) -> dict[str, dict[str, str]]:
    """Return, for each model whose card has a reference, the versions that the reference is about.

    The fast and the careful model score abuse together. So if both are in use, they share one
    reference, in the careful model's card.
    """
    versions = models.versions
    both = {FAST, CAREFUL} <= versions.keys()
    by_card = {}
    for name in models.scorers:
        together = (FAST, CAREFUL) if both and name == FAST else (name,)
        by_card[together[-1]] = {model: versions[model] for model in together}
    return by_card


def score_names(models: Models, model: str) -> tuple[str, ...]:
    """Return the names of the scores that the reference in the card of `model` covers."""
    heads = models.scorers[FAST if model == CAREFUL else model].heads
    return (*heads, LANGUAGE) if "english" in heads else tuple(heads)


def read_references(root: AnyStore, models: Models) -> dict[str, Reference]:
    """Return the reference of each model in use. A reference about other versions is left out.

    Raises `ModelError` if a reference cannot be read.
    """
    references = {}
    store = ModelStore.of(root)
    for model, versions in versions_by_card(models).items():
        own, folder = store.own / model / versions[model], store.find(model, versions[model])
        for reference in (_own_reference(own), _card_reference(folder)):
            if reference and reference.models == versions:
                references[model] = reference
                break
    return references


def _own_reference(folder: Path) -> Reference | None:
    """Return the newsroom's own reference for the model in `folder`; None if there is no file."""
    path = folder / OWN_REFERENCE
    try:
        return _parsed(json.loads(path.read_text("utf-8")), path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: the reference cannot be read: {error!r}") from error


def _card_reference(folder: Path) -> Reference | None:
    """Return the reference in the card of the model in `folder`; None if the card has none."""
    if not (folder / CARD).exists():
        return None
    content = read(folder, Card).reference
    return None if content is None else _parsed(content, folder / CARD)


def _parsed(content: Mapping[str, Any], path: Path) -> Reference:
    try:
        return Reference.parse(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: the reference cannot be read: {error!r}") from error


def measure_references(
    models: Models, decisions: Iterable[ScoredDecision], mix: str
) -> dict[str, Reference]:
    """Return a reference for each model, with histograms of the scores of these decisions.

    Decisions by other versions of the models are left out, and so is a score with fewer than
    `MIN_DECISIONS` values. `mix` says in words which comments the decisions are about.
    """
    decisions = list(decisions)
    until = max((decision.at for decision in decisions if decision.at), default=None)
    references = {}
    for model, versions in versions_by_card(models).items():
        by_versions = _decided_by(versions, decisions)
        values = {name: _values(by_versions, name) for name in score_names(models, model)}
        scores = {
            name: Bins.of(values, name)
            for name, values in values.items()
            if len(values) >= MIN_DECISIONS
        }
        if scores:
            references[model] = Reference(mix, versions, scores, until)
    return references


def own_mix(decisions: Iterable[ScoredDecision]) -> str:
    """Describe a newsroom's own decisions by their first and last day, for `Reference.mix`."""
    days = sorted(f"{decision.at:%Y-%m-%d}" for decision in decisions if decision.at)
    return f"your own decisions, {days[0]} to {days[-1]}" if days else ""


def set_references(root: AnyStore, references: Mapping[str, Reference]) -> dict[str, Path]:
    """Save the newsroom's own references. Return the path of each model's `reference.json`.

    Raises `ModelError` if a file cannot be written.
    """
    paths = {}
    for model, reference in references.items():
        store = ModelStore.of(root)
        path = store.own / model / reference.models[model] / OWN_REFERENCE
        paths[model] = path
        try:
            store.notes(model, reference.models[model])
            write_json(path, reference.to_dict())
        except OSError as error:
            raise ModelError(f"{path} cannot be written: {error.strerror}") from None
    return paths


def compare(
    models: Models, references: Mapping[str, Reference], decisions: Iterable[ScoredDecision]
) -> Iterator[Drift]:
    """Yield how far each score of the models in use has moved from its reference.

    Decisions that other versions of the models made are left out.
    """
    decisions = list(decisions)
    for model, versions in versions_by_card(models).items():
        if model in references:
            since = references[model].until
            later = [
                decision
                for decision in decisions
                if not (since and decision.at and decision.at <= since)
            ]
            by_versions = _decided_by(versions, later)
            for name, then in references[model].scores.items():
                yield Drift(name, then, then.recount(_values(by_versions, name)))


def _decided_by(
    versions: Mapping[str, str], decisions: Iterable[ScoredDecision]
) -> list[ScoredDecision]:
    """Return the decisions that exactly these versions of the models made.

    If `versions` has the fast model but no careful one, decisions that used a careful model too are
    left out.
    """
    no_other = dict.fromkeys((FAST, CAREFUL)) if FAST in versions else {}
    expected = {**no_other, **versions}
    return [
        decision
        for decision in decisions
        if all(decision.models.get(name) == version for name, version in expected.items())
    ]


def _values(decisions: Iterable[ScoredDecision], name: str) -> list[float]:
    values = (decision.value(name) for decision in decisions)
    return [value for value in values if value is not None]
