"""Advertising, lures and scams.

- Fires: "Check out my channel and subscribe!!! http://www.example.com", "You have won a free prize,
  call now to claim 1000 pounds cash", "Love problem? Consult our guru, fees after result."
- Does not fire: "I read about this in the Hindu today.", "Call the minister to account.", "Our bank
  pays 6.9 per cent on a fixed deposit of two years.", "Beware of calls about a blocked SIM card."
- Limits: the model knows words, not meaning. It misses a well-written advertisement, lures of a few
  words, and offers of a kind that it has not seen. It may hold news that quotes an offer word for
  word.

Measured on comments that nothing was trained on (`benchmarks/results/spam.md`): of 70 offers that
were written to be hard, 35 are held, and of 82 harmless comments with the same words and figures,
one. Of 5,906 comments on newspapers' sites (Fox News, Globe and Mail), five are held.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.scoring import explain
from moderation.text.reading import Text


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[spam]`."""

    aliases: ClassVar = {"report_from": "notice"}

    notice: float = Field(
        0.3, ge=0, le=1, description="Scores below are not reported. Alias: `report_from`."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find comments that sound like advertising."""
    score = text.scores["spam"]
    if score < settings.notice:
        return None
    message = "Write about the article; leave out advertising and offers."
    return Finding("spam", score, message, explain.spans(text, "spam"))
