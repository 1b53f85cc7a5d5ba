"""Use few hashtags.

- Fires: "#Roads #Council #Shame"
- Does not fire: "The #roads are bad."
"""

import re

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text


class Settings(rules.Settings):
    """The keys of `[hashtags]`."""

    most: int = Field(2, ge=0, description="How many hashtags are allowed.")


def check(text: Text, settings: Settings) -> Finding | None:
    """Find more hashtags than are allowed."""
    extra = list(re.finditer(r"(?<!\S)#\w+", text.clean))[settings.most :]
    if not extra:
        return None
    spans = tuple(text.span(*hashtag.span()) for hashtag in extra)
    return Finding("hashtags", 1.0, "Use fewer hashtags, and write sentences.", spans)
