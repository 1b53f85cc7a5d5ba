"""The kinds of model: load a model of each kind, and combine the models that score abuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from moderation import plugins
from moderation.plugins import Plugin, PluginError
from moderation.scoring import adapted, cascade, language, linear, sentences, transformer
from moderation.scoring.adapted import AdaptedScorer
from moderation.scoring.card import Card
from moderation.scoring.models import CAREFUL, FAST
from moderation.scoring.plugin import PluginScorer, plugin_scorer
from moderation.scoring.rereading import RereadingScorer
from moderation.scoring.scorer import Scorer
from moderation.scoring.store import Files, ModelError
from moderation.scoring.worst_sentence import SentenceAware, WorstSentenceScorer

LINEAR_CAUTION = 0.5  # log-odds: the linear model reads no context, even within a sentence

# The kinds of model that a card may name, and the function that loads each.
KINDS: Mapping[str, Callable[[Files], Scorer]] = {
    "linear": linear.load,
    "adapted": adapted.load,
    "language": language.load,
    "sentences": sentences.load,
    "careful": transformer.load,
}


def load(files: Files) -> Scorer:
    """Return the scorer of the model with these files. Its card names the kind of model.

    Raises `ModelError` if the kind is unknown, or if the files are not those of this kind.
    """
    kind = files.parsed_card(Card).kind
    installed = _installed()
    if kind in installed:
        return plugin_scorer(installed[kind], files)
    if kind not in KINDS:
        known = ", ".join([*KINDS, *installed])
        raise ModelError(f"{files.folder}: unknown kind of model '{kind}'; known are {known}")
    try:
        return KINDS[kind](files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{files.folder}: no usable model: {error!r}") from error


def _installed() -> Mapping[str, Plugin]:
    try:
        return plugins.installed(plugins.SCORERS, frozenset(KINDS))
    except PluginError as error:
        raise ModelError(str(error)) from error


def plugins_of(scorers: Mapping[str, Scorer]) -> dict[str, str]:
    """Return the package of each model whose scorer is a plug-in.

    Raises `ModelError` if a plug-in gives a score that another model gives too.
    """
    packages = {
        name: scorer.label for name, scorer in scorers.items() if isinstance(scorer, PluginScorer)
    }
    for name, package in packages.items():
        for other, scorer in scorers.items():
            if other != name and (shared := set(scorer.heads) & set(scorers[name].heads)):
                scores = ", ".join(sorted(shared))
                raise ModelError(
                    f"model {name} ({package}) and model {other} both give the score {scores}"
                )
    return packages


def in_use(
    scorers: dict[str, Scorer], versions: dict[str, str], reader: str
) -> tuple[dict[str, Scorer], dict[str, str]]:
    """Return the scorers in use: the two for abuse combined into one, or without the transformer.

    Either way, abuse is also scored sentence by sentence.
    """
    if {FAST, CAREFUL} <= set(scorers):
        careful = scorers.pop(CAREFUL)
        if reader == CAREFUL:
            scorers[FAST] = cascade.combine(
                scorers[FAST], cast("transformer.TransformerScorer", careful), versions[FAST]
            )
        else:
            del versions[CAREFUL]
    if FAST in scorers:
        scorers[FAST] = _by_sentence(scorers[FAST])
    return scorers, versions


def _by_sentence(scorer: Scorer) -> Scorer:
    """Return a scorer that also scores a comment's worst sentence alone.

    A newsroom's layer is applied to the resulting scores.
    """
    if isinstance(scorer, AdaptedScorer):
        return scorer.over(_by_sentence(scorer.base))
    if not isinstance(scorer, SentenceAware):
        return scorer
    caution = LINEAR_CAUTION if isinstance(scorer, linear.LinearScorer) else 0.0
    return RereadingScorer(WorstSentenceScorer(scorer, caution))
