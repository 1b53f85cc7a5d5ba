"""Hatred of a group, threats and incitement.

The score is the higher of two scores: for an attack on an identity (religion, caste, region,
language, sex, origin, disability …) and for a threat. Readers find every threat toxic, so the score
for a threat is at most the comment's toxicity ("Kill the bill."). A missed threat can cost a life,
so its odds are multiplied by `threat_weight`, and a person sees it sooner. That weight alone raises
the score to 0.9 at most, where the shipped policy does not reject.

Phrases that threaten or dehumanise without a marked word score 0.75 at least. They are patterns, in
`moderation/text/hostile.toml`.

An author who speaks only of his or her own death, in earnest or not, threatens no one: see
`self_harm`. Of 26 public comments that are left alone for it, all speak of the author's death.

- Fires: "I will kill you", "Someone should shoot him.", "They are vermin and must be driven out.",
  "Watch your back, journalist.", "Those who eat beef are not human."
- Does not fire: "I will hang myself.", "I am a Dalit woman.", "I don't hate Muslims.",
  "Two men were killed in the riot, the police said."
- Counter-speech ("Hatred of Dalits must end.") and lawful punishment do not count: the models read
  the comment once more without them (`moderation/text/harmless.py`).
- Quotations: what the author only quotes, in quotation marks or a blockquote, goes to a person at
  most.
- Measured: our own sentences were written in three rounds, each before the phrases were extended
  for it. Of the third round, 23 of 65 veiled threats and 56 of 68 plain attacks on groups were
  held at once, and 55 of 59 sentences of counter-speech passed. The phrases for threats and hatred
  fire on 4 of 10,034 harmless comments of Fox News, Globe and Mail (UCC) and Indian readers (TRAC).
- Limits: the rule misses most threats in unusual words ("Stones will talk tomorrow."), and the fast
  scorer misses hatred in polite words, by allusion or by reference to history.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.scoring import explain
from moderation.text import despair, hostile
from moderation.text.reading import Text

_MESSAGES = {
    "identity_attack": "Speak of what people do, not of the group they belong to.",
    "threat": "Leave out anything that reads as a threat or a call to violence.",
}
_PHRASES = {"identity_attack": "hatred", "threat": "threat"}  # their kind, by score
_MOST_WEIGHTED = 0.9  # below the shipped policy's threshold for rejection

SPARES_QUOTATIONS = True


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[incendiary]`."""

    aliases: ClassVar = {"report_from": "notice"}

    notice: float = Field(
        0.1, ge=0, le=1, description="Scores below are not reported. Alias: `report_from`."
    )
    threat_weight: float = Field(
        10.0, ge=1, le=100, description="The factor by which the odds of a threat are multiplied."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find hatred or a threat, whichever scores higher, and the words that contributed to it."""
    threat = weighted(min(text.scores["threat"], text.scores["toxicity"]), settings.threat_weight)
    phrases = {head: hostile.find(text, kind) for head, kind in _PHRASES.items()}
    scores = {
        "identity_attack": max(text.scores["identity_attack"], phrases["identity_attack"].score),
        "threat": max(threat, phrases["threat"].score),
    }
    if scores["threat"] >= settings.notice and despair.concerns_self_only(text):
        scores["threat"] = 0.0
    head = max(scores, key=lambda name: scores[name])
    score = scores[head]
    if score < settings.notice:
        return None
    if score == phrases[head].score:
        spans = tuple(text.span(*place) for place in phrases[head].places)
    else:
        spans = explain.spans(text, head)
    return Finding("incendiary", score, _MESSAGES[head], spans, unlimited=head == "threat")


def weighted(score: float, weight: float) -> float:
    """Multiply the odds of `score` by `weight`, but raise it to `_MOST_WEIGHTED` at most.

    >>> [weighted(score, 10.0) for score in (0.0, 0.1, 0.99)]
    [0.0, 0.5263157894736842, 0.99]
    """
    raised = weight * score / (1 - score + weight * score)
    return max(score, min(raised, _MOST_WEIGHTED))
