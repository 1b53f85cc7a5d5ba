"""The kinds of model: load a model of each kind, and combine the models that score abuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from moderation.scoring import adapted, cascade, language, linear, sentences, transformer
from moderation.scoring.adapted import AdaptedScorer
from moderation.scoring.card import Card
from moderation.scoring.models import CAREFUL, FAST
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
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise ModelError(f"{files.folder}: unknown kind of model '{kind}'; known are {known}")
    try:
        return KINDS[kind](files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{files.folder}: no usable model: {error!r}") from error


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
