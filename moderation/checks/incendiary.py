"""Hatred of a group, threats and incitement.

The score is the higher of those for an attack on an identity (religion, caste, region,
language, sex, origin, disability …) and for a threat. Readers find every threat toxic, so that a
threat counts for no more than the toxicity of the comment ("Kill the bill!").

- Fires: "I will kill you", "They are vermin and must be driven out."
- Does not fire: "I am a Dalit woman.", "I don't hate Muslims.", "Two men were killed in the
  riot, the police said."
- Limits: hatred in polite words, by allusion or by history escapes the fast model.
"""

from __future__ import annotations

from pydantic import Field

from moderation import checks, evidence
from moderation.decision import Finding
from moderation.text import Text

_MESSAGES = {
    "identity_attack": "Speak of what people do, not of the group they belong to.",
    "threat": "Leave out anything that reads as a threat or a call to violence.",
}


class Settings(checks.Settings):
    """What can be set in `[incendiary]`."""

    notice: float = Field(0.1, ge=0, le=1, description="Scores below are not mentioned at all.")


def check(text: Text, settings: Settings) -> Finding | None:
    """The louder of hatred and threat, and the words that weighed most for it."""
    threat = min(text.scores["threat"], text.scores["toxicity"])
    scores = {"identity_attack": text.scores["identity_attack"], "threat": threat}
    head = max(scores, key=lambda name: scores[name])
    score = scores[head]
    if score < settings.notice:
        return None
    return Finding("incendiary", score, _MESSAGES[head], evidence.spans(text, head))
