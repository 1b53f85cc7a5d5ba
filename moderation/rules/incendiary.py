"""Hatred of a group, threats and incitement.

The score is the higher of those for an attack on an identity (religion, caste, region,
language, sex, origin, disability …) and for a threat. Readers find every threat toxic, so that a
threat counts for no more than the toxicity of the comment ("Kill the bill."). One that nobody
looks at may cost a life, so that its odds then count `threat_weight` times: a person sees it
sooner. By that weight alone the score comes to 0.9 at most, at which the shipped policy does not
refuse.

- Fires: "I will kill you", "Someone should shoot him.", "They are vermin and must be driven out."
- Does not fire: "I am a Dalit woman.", "I don't hate Muslims.", "Two men were killed in the
  riot, the police said."
- Limits: hatred in polite words, by allusion or by history escapes the fast model.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.scoring import explain
from moderation.text.reading import Text

_MESSAGES = {
    "identity_attack": "Speak of what people do, not of the group they belong to.",
    "threat": "Leave out anything that reads as a threat or a call to violence.",
}
_MOST_WEIGHTED = 0.9  # under what refuses


class Settings(rules.Settings):
    """The settings in `[incendiary]`."""

    aliases: ClassVar = {"report_from": "notice"}

    notice: float = Field(
        0.1, ge=0, le=1, description="Scores below are not reported. Alias: `report_from`."
    )
    threat_weight: float = Field(
        10.0, ge=1, le=100, description="How many times the odds of a threat count."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """The louder of hatred and threat, and the words that weighed most for it."""
    threat = weighted(min(text.scores["threat"], text.scores["toxicity"]), settings.threat_weight)
    scores = {"identity_attack": text.scores["identity_attack"], "threat": threat}
    head = max(scores, key=lambda name: scores[name])
    score = scores[head]
    if score < settings.notice:
        return None
    return Finding("incendiary", score, _MESSAGES[head], explain.spans(text, head))


def weighted(score: float, weight: float) -> float:
    """`score` with its odds times `weight`, up to `_MOST_WEIGHTED`; never less than before.

    >>> [weighted(score, 10.0) for score in (0.0, 0.1, 0.99)]
    [0.0, 0.5263157894736842, 0.99]
    """
    heavier = weight * score / (1 - score + weight * score)
    return max(score, min(heavier, _MOST_WEIGHTED))
