"""A comment says something, and not too much of it.

The rule counts words. A comment of only emoji, links or punctuation has no words, so readers have
nothing to answer. A very long comment is an article of its own.

- Fires: "🙏🙏🙏", "!!!", a comment of 2,000 words.
- Does not fire: "Well said.", "Shame!"
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[length]`."""

    fewest_words: int = Field(1, ge=0, description="A comment with fewer words is too short.")
    most_words: int = Field(600, ge=1, description="A comment with more words is too long.")


def check(text: Text, settings: Settings) -> Finding | None:
    """Find comments with too few or too many words."""
    count = len(text.words)
    if count < settings.fewest_words:
        return Finding(
            "length", 1.0, "Say what you think in words.", (text.span(0, len(text.clean)),)
        )
    if count > settings.most_words:
        first = text.words[settings.most_words]
        message = f"Shorten your comment to {settings.most_words:,} words; it has {count:,}."
        return Finding("length", 1.0, message, (text.span(first.start, len(text.clean)),))
    return None
