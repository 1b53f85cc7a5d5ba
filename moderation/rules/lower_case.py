"""Sentences begin with a capital, and so do names and the word 'I'.

The rule looks at the places that need a capital: the first word of each sentence, 'I', and
well-known names. A comment wholly in small letters is harder to read, because the eye finds neither
sentences nor names.

The score is the share of these places that lack their capital, weighted by their number: with n
places missing, share * (1 - 0.5**n). One forgotten capital is a slip (0.5), four are a habit
(0.94). A word with a capital anywhere else counts as a right place, unless it is or may be an
acronym (up to four letters, all capitals). The rule skips short comments, and words that have no
capitals: links, hashtags, brands such as 'iPhone', scripts such as Devanagari. A line that
continues the line above, or follows an ellipsis, needs no capital. The suggestion is the whole
comment with the capitals set.

- Fires: "i do not think that modi will win this time. let us see."
- Does not fire: "well said", "iPhone sales fell.", "...and then he left.", "बहुत अच्छा लिखा है"

Limits: the suggestion leaves names that are not in the list in `wording.toml` in small letters, and
so names that are ordinary words too ('may', 'rose').

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

_MOST = 500  # places that one finding marks


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[lower_case]`."""

    fewest_words: int = Field(8, ge=1, description="The rule skips comments with fewer words.")
    least_share: float = Field(
        0.9, gt=0, le=1, description="The rule ignores a smaller share of missing capitals."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find the words that lack a capital, if nearly all words that need a capital lack it."""
    if len(text.words) < settings.fewest_words:
        return None
    capitals = places(text)
    if capitals.share < settings.least_share:
        return None
    score = capitals.share * (1 - 0.5 ** len(capitals.missing))
    capitals = capitals._replace(missing=capitals.missing[:_MOST])
    draft = Draft(text)
    capitalise(capitals, draft)
    spans = tuple(text.span(word.start, word.end) for word in capitals.missing)
    message = "Begin sentences, names and the word “I” with a capital letter."
    return Finding("lower_case", score, message, spans, draft.suggestion())
