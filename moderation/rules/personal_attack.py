"""An attack on a person: the author, another commenter, or somebody named.

The model scores how much a comment sounds like an attack on a person. The rule reports the score
only if the comment has a target: 'you', 'he', 'she', a mention, or a name. Commenters may call a
budget stupid.

- Fires: "You are an idiot.", "He is a liar and a fool.", "@ravi shut up, moron".
- Does not fire: "This budget is stupid.", "You are right.", "I disagree with you."
- Quotations: what the author only quotes, in quotation marks or a blockquote, goes to a person at
  most.
- Limits: "What an idiot!" names no person and is left to `abuse`. The rule may take a thing with a
  capital letter ("The Budget is stupid") for a name.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.scoring import explain
from moderation.text.reading import Text

SPARES_QUOTATIONS = True


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[personal_attack]`."""

    aliases: ClassVar = {"report_from": "notice"}

    notice: float = Field(
        0.3, ge=0, le=1, description="Scores below are not reported. Alias: `report_from`."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find an attack in a comment that addresses or mentions a person."""
    score = text.scores["personal_attack"]
    if score < settings.notice or not explain.means_person(text):
        return None
    message = "Say what is wrong with the argument, not with the person."
    return Finding("personal_attack", score, message, explain.spans(text, "personal_attack"))
