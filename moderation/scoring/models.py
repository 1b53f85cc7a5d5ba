"""The models in use: load them, score texts with them, explain the scores.

Abuse is scored by two models that give scores of the same names. A policy's key `reader` chooses
between them: `fast` uses the linear scorer alone, `careful` uses the transformer scorer as well
(see `cascade.py`). In the folder of models the linear one is named `abuse`, the transformer
`careful`.

This module imports `kinds.py`, and numpy and onnxruntime with it, only when models are loaded. So a
command with a wrong option, or one that needs no models, starts fast.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from moderation.guard import Guard, Guards, InShadowError
from moderation.scoring.store import AnyStore, Files, ModelError, ModelStore
from moderation.text.reading import Text, Weight

if TYPE_CHECKING:
    from moderation.scoring.scorer import Scorer

FAST, CAREFUL = "abuse", "careful"  # the names of the linear model and the transformer

log = logging.getLogger(__name__)


class Scores(dict[str, float]):
    """Scores by name. A score is missing if its model failed, or if there is no such model.

    Reading a missing score raises `ModelError`.
    """

    def __missing__(self, name: str) -> float:
        raise ModelError(f"no model gave the score '{name}'")


class Models:
    """Loaded models, which score texts and explain the scores.

    `scorers` maps the name of each model in use to its scorer, and `versions` to its version.
    `plugins` maps the name of each model whose scorer is a plug-in to the plug-in's package.
    """

    def __init__(
        self, scorers: Mapping[str, Scorer], versions: Mapping[str, str], reader: str = CAREFUL
    ) -> None:
        """Hold these scorers and their versions. `reader` says which scorers score abuse."""
        from moderation.scoring import kinds

        self._loaded = scorers, versions
        self.scorers, self.versions = kinds.in_use(dict(scorers), dict(versions), reader)
        self.plugins = kinds.plugins_of(self.scorers)
        self._by_head = {head: scorer for scorer in self.scorers.values() for head in scorer.heads}

    @classmethod
    def load(
        cls, folder: AnyStore | str | None = None, versions: Mapping[str, str] | None = None
    ) -> Models:
        """Load the models in use from `folder` (default: the newsroom's own), or other `versions`.

        Raises `ModelError` if a model is missing, damaged, or not the one that its card describes.
        """
        store = ModelStore.of(folder)
        return cls({}, {}).reloaded(store, versions or store.champions())

    def reloaded(self, root: AnyStore, versions: Mapping[str, str]) -> Models:
        """Return the models of these `versions` in `root`. Only models not loaded yet are read.

        Raises `ModelError` as `load` does.
        """
        scorers, loaded = self._loaded
        store = ModelStore.of(root)
        unchanged = {name for name in versions if loaded.get(name) == versions[name]}
        return Models(
            {
                name: scorers[name] if name in unchanged else load(store.find(name, version))
                for name, version in versions.items()
            },
            dict(versions),
        )

    @property
    def loaded(self) -> Mapping[str, str]:
        """The version of each loaded model, in use or not. `versions` has only those in use."""
        return self._loaded[1]

    @property
    def heads(self) -> frozenset[str]:
        """The names of all scores."""
        return frozenset(self._by_head)

    def with_reader(self, reader: str) -> Models:
        """Return a copy for another `reader`: `fast`, or `careful`, which uses the transformer."""
        return Models(*self._loaded, reader)

    def with_version(self, name: str, version: str, scorer: Scorer) -> Models:
        """Return a copy in which the model `name` has another version, with this scorer."""
        scorers, versions = self._loaded
        return Models({**scorers, name: scorer}, {**versions, name: version})

    def score(self, texts: Sequence[Text], guards: Guards | None = None) -> None:
        """Fill `scores`, `notes` and `explain` of each text. A model that fails gives no scores.

        With `guards`, neither does a plug-in that is in shadow because it failed too often.
        """
        for text in texts:
            text.scores = Scores()
            text.explain = _Explain(self._by_head, text)
        for name, scorer in self.scorers.items():
            guard = None
            if guards and name in self.plugins:
                guard = guards.of("model", name, self.plugins[name])
            _score(name, scorer, texts, guard)


def _score(name: str, scorer: Scorer, texts: Sequence[Text], guard: Guard | None) -> None:
    """Fill in one model's scores of the texts. If it fails on the batch, score them one by one."""
    score = partial(scorer.score, texts)
    try:
        scores = guard.run(score, len(texts)) if guard else score()
        for head, values in scores.items():
            for text, value in zip(texts, values.tolist(), strict=True):
                text.scores[head] = value  # type: ignore[index]  # `Models.score` set it to Scores
    except InShadowError:
        return
    except Exception as error:  # noqa: BLE001 - rules without their score ask a person
        if len(texts) > 1:
            for text in texts:
                _score(name, scorer, [text], guard)
        else:
            log.error("model %s failed: %s", name, type(error).__name__)


@dataclass(frozen=True)
class _Explain:
    scorers: Mapping[str, Scorer]
    text: Text

    def __call__(self, head: str) -> list[Weight]:
        return self.scorers[head].explain(self.text, head)


def load(folder: Path) -> Scorer:
    """Return the scorer of the model in `folder`. Its card names the kind of model.

    Raises `ModelError` if the files do not match the card, or if the kind is unknown.
    """
    from moderation.scoring import kinds

    return kinds.load(Files.open(folder))
