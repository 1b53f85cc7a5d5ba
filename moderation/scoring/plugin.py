"""Load a scorer from a plug-in, and verify each of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from moderation.plugins import Plugin, PluginError
from moderation.scoring.scorer import Probabilities, Scorer
from moderation.scoring.store import Files, ModelError
from moderation.text.reading import Text, Weight


@dataclass(frozen=True)
class PluginScorer:
    """A plug-in's scorer, and the package and version that it comes from.

    A wrong answer raises `ValueError`, so the model has failed for these texts.
    """

    scorer: Scorer
    label: str

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores."""
        return self.scorer.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return the plug-in's scores. Raises `ValueError` if they are not probabilities."""
        try:
            scores = self.scorer.score(texts)
        except SystemExit as error:
            raise RuntimeError("the plug-in called sys.exit") from error
        if problem := scores_problem(self.heads, scores, len(texts)):
            raise ValueError(problem)
        return scores

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the parts of a text that contributed most to a score."""
        return self.scorer.explain(text, head)


def plugin_scorer(plugin: Plugin, files: Files) -> PluginScorer:
    """Return the scorer of the model with these files, from a plug-in. Raises `ModelError`."""
    try:
        module = plugin.load()
    except PluginError as error:
        raise ModelError(str(error)) from error
    if not callable(getattr(module, "load", None)):
        raise ModelError(f"{plugin.describe()} has no function load(files)")
    try:
        scorer = module.load(files)
    except (Exception, SystemExit) as error:
        raise ModelError(f"{files.folder}: {plugin.describe()} failed: {error!r}") from error
    if problem := scorer_problem(scorer):
        raise ModelError(f"{files.folder}: {plugin.describe()}: {problem}")
    return PluginScorer(scorer, plugin.label)


def scorer_problem(scorer: Any) -> str | None:
    """Return what keeps an object from being a scorer, or None."""
    heads = getattr(scorer, "heads", None)
    if not (isinstance(heads, tuple) and heads and all(isinstance(head, str) for head in heads)):
        return "heads must be a tuple with the names of the scores"
    for method in ("score", "explain"):
        if not callable(getattr(scorer, method, None)):
            return f"the scorer has no method {method}"
    return None


def scores_problem(heads: tuple[str, ...], scores: Any, texts: int) -> str | None:
    """Return what is wrong with a scorer's scores of so many texts, or None.

    >>> scores_problem(("mood",), {"mood": np.array([0.2, 1.3])}, 2)
    'mood is 1.3; a score must be from 0 to 1'
    """
    if not isinstance(scores, Mapping) or set(scores) != set(heads):
        return f"score must return a mapping with the keys {', '.join(heads)}"
    for head, values in scores.items():
        if not isinstance(values, np.ndarray) or values.shape != (texts,):
            return f"{head} must be a numpy array with one score for each of the {texts} texts"
        wrong = values[~((values >= 0) & (values <= 1))]
        if len(wrong):
            return f"{head} is {wrong[0]}; a score must be from 0 to 1"
    return None
