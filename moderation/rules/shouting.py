"""A comment is not written in capitals.

The rule looks for stretches of words in capitals. A text in capitals reads as a shout and is slower
to read. If all words have capitals, none of them stands out.

A stretch counts if it has at least `fewest_words` ordinary words in capitals, and they are at least
a third of it: a row of acronyms does not count. The rule skips links, hashtags and mentions, and
quotations in capitals (a headline, say) in a comment that is otherwise in ordinary case.

In a comment that is not almost wholly in capitals, at least half of the words must be frequent
English ones: names, medicines and codes are often written in capitals.

The score is the share of the comment's letters that are shouted: 1.0 for a comment wholly in
capitals. A share below `least_share` is ordinary emphasis. The suggestion is the whole comment
with the shouted parts in sentence case; acronyms and well-known names keep their capitals.

- Fires: "THIS IS A DISGRACE", "I say STOP THIS NONSENSE NOW, all of you."
- Does not fire: "SHAME!", "OK", "U.P. and ISRO", "BJP, RSS and VHP", "It is NOT true.",
  "Rs. 500 cr. for AIIMS", "“PM WINS THE VOTE” says your headline today.", "A. P. J. Abdul Kalam",
  "SANIA MIRZA and SAINA NEHWAL both won.", "Take TAB. ZINCOVIT 50MG and SYP. BENADRYL 5ML."

Limits: names that are neither in `wording.toml` nor in `names.toml` lose their capital in the
suggestion. The rule misses a shout of one or two words, one of short words that it does not know,
and one of names ("REIGNING QUEEN SHAMITA") in a comment that is otherwise calm.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: found in 2.8, 0.2, 0.5, 1.4 and 1.8 %, sent to review 2.1,
0.0, 0.3, 0.5 and 1.4 %.
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.corrections.capitals import calm, loudness, shouted
from moderation.corrections.wording import Draft
from moderation.decision import Finding
from moderation.text.reading import Text


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[shouting]`."""

    fewest_words: int = Field(
        3, ge=1, description="The rule ignores stretches with fewer words in capitals."
    )
    least_share: float = Field(
        0.1, ge=0, le=1, description="The rule ignores a smaller share of shouted letters."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find passages in capitals. The score is their share of the comment's letters."""
    stretches = shouted(text, settings.fewest_words)
    score = loudness(text, stretches)
    if not stretches or score < settings.least_share:
        return None
    places = [(stretch.words[0].start, stretch.words[-1].end) for stretch in stretches]
    draft = Draft(text)
    calm(text, stretches, draft)
    spans = tuple(text.span(start, end) for start, end in places)
    message = "Write this in small letters; capitals read as shouting."
    return Finding("shouting", score, message, spans, draft.suggestion())
