"""Words are spelled out: 'you' and not 'u', 'the' and not 'd'.

Looks for the short forms of text messages. Readers of all ages and of many mother tongues read a
newspaper's comments; a word spelled out is understood by all of them. Words that mean one thing
only ('plz', 'bcoz', 'gr8') always count. Single letters and words that are also something else
('u', 'r', 'd', 'n', 'dis') count only where their neighbours allow it.

The score grows with the share of such words and with their number: one in twenty words is a
slip, one in five is a habit. The suggestion is the whole comment with all of them spelled out.

- Fires: "u r right", "Plz tell d govt", "Modi n Shah", "This is gr8, ppl!"
- Does not fire: "D. Raja", "R n D", "rock n roll", "Vitamin D", "U.P.", "U turn", "Section 2 d",
  "a) b) c)", "n = 5", "5 p m", "the govt sent a msg"

Limits: 'lol', 'btw' and their like are left alone, as are '2' and '4' for 'to' and 'for'
('want 2 go'), and spoken forms ('gonna', 'coz' excepted). Words of other languages that look
like text speak ('dat' in Dutch) are found; the rule about English speaks for those.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: found in 0.3, 0.2, 0.5, 0.5 and 15.5 %, sent to review 0.3,
0.1, 0.1, 0.2 and 8.0 %.
"""

from __future__ import annotations

from itertools import islice

from pydantic import Field

from moderation import rules
from moderation.corrections.text_speak import text_speak
from moderation.corrections.wording import Draft
from moderation.decision import Finding
from moderation.text.reading import Text

_MOST = 500  # words named in one comment


class Settings(rules.Settings):
    """What can be set in `[text_speak]`."""

    allowed: frozenset[str] = Field(frozenset(), description="Words, in small letters, to let be.")
    enough: int = Field(5, ge=1, description="So many in one comment give the full score.")
    enough_share: float = Field(0.25, gt=0, le=1, description="So does this share of the words.")


def check(text: Text, settings: Settings) -> Finding | None:
    """All text speak of the comment; the first two words are named."""
    found = list(islice(text_speak(text, settings.allowed), _MOST))
    if not found:
        return None
    draft = Draft(text)
    for token, word in found:
        draft[token] = word
    share = len(found) / len(text.words)
    score = min(1.0, max(len(found) / settings.enough, share / settings.enough_share))
    named = list(dict.fromkeys((word.lower(), token.text.lower()) for token, word in found))[:2]
    said = " and ".join(f"“{word}” instead of “{short}”" for word, short in named)
    spans = tuple(text.span(token.start, token.end) for token, _ in found)
    return Finding("text_speak", score, f"Write {said}.", spans, draft.suggestion())
