"""A person reads the first comments of a new author, and those of an author often refused.

Looks at the author's past in the record, not at the text: how many comments there are, and what
share of them was refused, where an old refusal weighs less than a fresh one (half after 30 days).
Trust is earned back by writing well. Ships as a watcher, because every newspaper draws this line
elsewhere: set `review = 0.5` to hold what it finds.

- Fires: the first comment of an author, with `first_comments = 1`; an author with three of the
  last five comments refused.
- Does not fire: an author in good standing; a comment without author; a call without a record.
- Limits: who takes a new name is a new author.
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text


class Settings(rules.Settings):
    """What can be set in `[author]`."""

    first_comments: int = Field(1, ge=0, description="So many first comments are read by a person.")
    fewest_comments: int = Field(4, ge=1, description="Fewer comments say nothing of an author.")
    most_refused: float = Field(0.5, ge=0, le=1, description="The share refused that is too much.")


def check(text: Text, settings: Settings) -> Finding | None:
    """A new author, or one who is often refused."""
    past = text.comment.past
    if past is None:
        return None
    if past.comments < settings.first_comments:
        return Finding("author", 1.0, "A person reads the first comments of every new author.")
    if past.comments >= settings.fewest_comments and past.refused >= settings.most_refused:
        message = "Several of your last comments were refused, so a person reads this one first."
        return Finding("author", past.refused, message)
    return None
