"""A person reads the first comments of a new author, and those of an author often rejected.

The rule looks at the author's record, not at the text: the number of comments, and the share that
was rejected. An old rejection weighs less than a recent one (half after 30 days), so an author
earns trust back by writing well. The rule ships in shadow, because every newspaper draws this line
elsewhere: set `review = 0.5` to hold what it finds.

- Fires: the first comment of an author, with `first_comments = 1`; an author with three of the
  last five comments rejected.
- Does not fire: an author in good standing; a comment without an author; a call without a record.
- Limits: someone who takes a new name is a new author.
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[author]`."""

    first_comments: int = Field(1, ge=0, description="A person reads this many first comments.")
    fewest_comments: int = Field(4, ge=1, description="Fewer comments do not count as a record.")
    most_refused: float = Field(
        0.5, ge=0, le=1, description="From this share of rejected comments on, a person reads."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find a new author, or one whose comments are often rejected."""
    past = text.comment.past
    if past is None:
        return None
    if past.comments < settings.first_comments:
        return Finding("author", 1.0, "A person reads the first comments of every new author.")
    if past.comments >= settings.fewest_comments and past.refused >= settings.most_refused:
        message = "Several of your last comments were refused, so a person reads this one first."
        return Finding("author", past.refused, message)
    return None
