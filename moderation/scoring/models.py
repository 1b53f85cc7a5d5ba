"""The models in use: they score texts and explain the scores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from moderation.scoring import adapted, cascade, language, linear, sentences, transformer
from moderation.scoring.card import Card
from moderation.scoring.scorer import Scorer
from moderation.scoring.store import SHIPPED, Files, ModelError, champions
from moderation.text.reading import Text, Weight

FAST, CAREFUL = "abuse", "careful"  # two models that give the same scores

log = logging.getLogger(__name__)

# The kinds of model that a card may name, and what loads each.
KINDS: Mapping[str, Callable[[Files], Scorer]] = {
    "linear": linear.load,
    "adapted": adapted.load,
    "language": language.load,
    "sentences": sentences.load,
    "careful": transformer.load,
}


class Scores(dict[str, float]):
    """Scores by name. A missing one was not computed, because its model failed or is not there."""

    def __missing__(self, name: str) -> float:
        raise ModelError(f"no model gave the score '{name}'")


class Models:
    """The champions, loaded: they score texts and explain the scores."""

    def __init__(
        self, scorers: Mapping[str, Scorer], versions: Mapping[str, str], scorer: str = CAREFUL
    ) -> None:
        self._loaded = scorers, versions
        self.scorers, self.versions = _chosen(dict(scorers), dict(versions), scorer)
        self._by_head = {head: scorer for scorer in self.scorers.values() for head in scorer.heads}

    @classmethod
    def load(
        cls, folder: Path | str | None = None, versions: Mapping[str, str] | None = None
    ) -> Models:
        """The champions under `folder` (the shipped ones by default), or other `versions`.

        Raises `ModelError` where one is missing, damaged or not the one its card describes.
        """
        root = Path(folder) if folder else SHIPPED
        return cls({}, {}).reloaded(root, versions or champions(root))

    def reloaded(self, root: Path, versions: Mapping[str, str]) -> Models:
        """Models of these `versions`, kept under `root`; what is loaded already is not read again.

        Raises `ModelError` as `load` does.
        """
        scorers, loaded = self._loaded
        same = {name for name in versions if loaded.get(name) == versions[name]}
        return Models(
            {
                name: scorers[name] if name in same else load(root / name / version)
                for name, version in versions.items()
            },
            dict(versions),
        )

    @property
    def loaded(self) -> Mapping[str, str]:
        """The version of each model that was loaded; `versions` names those that speak."""
        return self._loaded[1]

    @property
    def heads(self) -> frozenset[str]:
        """The names of all scores."""
        return frozenset(self._by_head)

    def speaking(self, scorer: str) -> Models:
        """The same models, with abuse judged by the `careful` scorer or by the `fast` one alone."""
        return Models(*self._loaded, scorer)

    def replacing(self, name: str, version: str, scorer: Scorer) -> Models:
        """The same models, with another version of one of them."""
        scorers, versions = self._loaded
        return Models({**scorers, name: scorer}, {**versions, name: version})

    def score(self, texts: Sequence[Text]) -> None:
        """Fill `scores`, `notes` and `explain` of each text. A model that fails leaves its gaps."""
        for text in texts:
            text.scores = Scores()
            text.explain = _Explain(self._by_head, text)
        for name, scorer in self.scorers.items():
            _score(name, scorer, texts)


def _score(name: str, scorer: Scorer, texts: Sequence[Text]) -> None:
    """Fill one model's scores; a text on which it breaks costs the others of its batch nothing."""
    try:
        for head, values in scorer.score(texts).items():
            for text, value in zip(texts, values.tolist(), strict=True):
                text.scores[head] = value  # type: ignore[index]  # it is the Scores of `read`
    except Exception as error:  # noqa: BLE001 - its checks then send to a person
        if len(texts) > 1:
            for text in texts:
                _score(name, scorer, [text])
        else:
            log.error("model %s failed: %s", name, type(error).__name__)


def _chosen(
    scorers: dict[str, Scorer], versions: dict[str, str], scorer: str
) -> tuple[dict[str, Scorer], dict[str, str]]:
    """Of two scorers of abuse the careful one behind the fast one, or the fast one alone."""
    if {FAST, CAREFUL} <= set(scorers):
        careful = scorers.pop(CAREFUL)
        if scorer == CAREFUL:
            scorers[FAST] = cascade.both(
                scorers[FAST], cast("transformer.TransformerScorer", careful), versions[FAST]
            )
        else:
            del versions[CAREFUL]
    return scorers, versions


@dataclass(frozen=True)
class _Explain:
    scorers: Mapping[str, Scorer]
    text: Text

    def __call__(self, head: str) -> list[Weight]:
        return self.scorers[head].explain(self.text, head)


def load(folder: Path) -> Scorer:
    """Load the model in `folder`, by the kind that its card names.

    Raises `ModelError` where the files do not fit the card, or the kind is unknown.
    """
    files = Files.open(folder)
    kind = files.parsed_card(Card).kind
    if kind not in KINDS:
        raise ModelError(f"{folder}: unknown kind of model '{kind}'; known are {', '.join(KINDS)}")
    try:
        return KINDS[kind](files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: no usable model: {error!r}") from error
