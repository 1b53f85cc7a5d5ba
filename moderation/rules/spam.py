"""Advertising, lures and scams.

- Fires: "Check out my channel and subscribe!!! http://www.example.com", "You have won a free prize,
  call now to claim 1000 pounds cash".
- Does not fire: "I read about this in the Hindu today.", "Call the minister to account."
- Limits: the model knows the spam of comment columns and text messages. It misses a well-written
  advertisement, and lures of a few words.
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
