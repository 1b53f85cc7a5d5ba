"""Sentences begin with a capital, and so do names and the word 'I'.

Looks at the places where a capital belongs: the first word of each sentence, 'I', and well-known
names. A comment wholly in small letters is harder to read: the eye finds no sentence and no name.

The score is the share of these places that lack their capital, weighed by how many there are:
with n places missing, share * (1 - 0.5**n), so that one forgotten capital is a slip (0.5) and
four a habit (0.94). A word with a capital anywhere else counts as a right place, unless it is an
acronym or may be one (up to four letters, all capitals). Short comments are let be, and so is what
has no capitals by nature: links, hashtags, brands such as 'iPhone', scripts such as Devanagari. A
line that goes on from the line above, or after an ellipsis, need not begin with a
capital. The suggestion is the whole comment with the capitals set.

- Fires: "i do not think that modi will win this time. let us see."
- Does not fire: "well said", "iPhone sales fell.", "...and then he left.", "बहुत अच्छा लिखा है"

Limits: names that the list in `wording.toml` does not hold stay in small letters, names that are
ordinary words too ('may', 'rose') do so on purpose.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: found in 2.7, 2.2, 2.3, 5.3 and 5.8 %, sent to review 0.2,
0.1, 0.6, 1.3 and 1.1 %.
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.corrections.capitals import capitalise, places
from moderation.corrections.wording import Draft
from moderation.decision import Finding
from moderation.text.reading import Text

_MOST = 500  # places named in one comment


class Settings(rules.Settings):
    """What can be set in `[lower_case]`."""

    fewest_words: int = Field(8, ge=1, description="Shorter comments are let be.")
    least_share: float = Field(
        0.9, gt=0, le=1, description="A smaller share of missing capitals is let be."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """The places that lack a capital, if nearly all of them do."""
    if len(text.words) < settings.fewest_words:
        return None
    found = places(text)
    if found.share < settings.least_share:
        return None
    score = found.share * (1 - 0.5 ** len(found.missing))
    found = found._replace(missing=found.missing[:_MOST])
    draft = Draft(text)
    capitalise(found, draft)
    spans = tuple(text.span(word.start, word.end) for word in found.missing)
    message = "Begin sentences, names and the word “I” with a capital letter."
    return Finding("lower_case", score, message, spans, draft.suggestion())
