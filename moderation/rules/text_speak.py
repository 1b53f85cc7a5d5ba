"""Words are spelled out: 'you' and not 'u', 'the' and not 'd'.

The rule looks for the short forms of text messages. Readers of all ages and many mother tongues
read a newspaper's comments, and all of them understand a word that is spelled out. Words with one
meaning ('plz', 'bcoz', 'gr8') always count. Single letters and words that are also something else
('u', 'r', 'd', 'n', 'dis') count only if the words around them allow it.

The score grows with the share of such words and with their number: one in twenty words is a slip,
one in five is a habit. The suggestion is the whole comment with all of them spelled out.

- Fires: "u r right", "Plz tell d govt", "Modi n Shah", "This is gr8, ppl!"
- Does not fire: "D. Raja", "cartoons by r k laxman", "JD(U)", "Clause (u)", "Take the M8.",
  "Luv Sinha", "the city of Ur", "v = u + at", "R n D", "rock n roll", "Vitamin D", "U.P.",
  "U turn", "Section 2 d", "a) b) c)", "n = 5", "5 p m", "the govt sent a msg"

Limits: initials in small letters are known by the names in `names.toml`, and by words that precede
a name ("by", "justice"). 'r' counts only with a subject before it or a predicate after it ("they
r", "r going"). Before a known name, 'd' and 'n' may be initials, so "d modi govt" passes. The rule
ignores 'lol', 'btw' and similar words, '2' and '4' for 'to' and 'for' ('want 2 go'), and spoken
forms ('gonna', except 'coz'). It finds words of other languages that look like text speak ('dat' in
Dutch), which the rule `language` finds too.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: found in 0.3, 0.2, 0.5, 0.5 and 15.4 %, sent to review 0.3,
0.1, 0.1, 0.1 and 8.1 %. Of 3,837 words of text speak that the rule found before it knew names, it
still finds 98.5 %.
"""

from __future__ import annotations

from itertools import islice

from pydantic import Field

from moderation import rules
from moderation.corrections.text_speak import text_speak
from moderation.corrections.wording import Draft
from moderation.decision import Finding
from moderation.text.reading import Text

_MOST = 500  # words that one finding marks


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[text_speak]`."""

    allowed: frozenset[str] = Field(frozenset(), description="Words to ignore, in small letters.")
    enough: int = Field(5, ge=1, description="The number of words that gives the full score.")
    enough_share: float = Field(
        0.25, gt=0, le=1, description="The share of the words that gives the full score."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find all chat abbreviations ('u' for 'you') in a comment. The message names the first two."""
    pairs = list(islice(text_speak(text, settings.allowed), _MOST))
    if not pairs:
        return None
    draft = Draft(text)
    for token, word in pairs:
        draft[token] = word
    share = len(pairs) / len(text.words)
    score = min(1.0, max(len(pairs) / settings.enough, share / settings.enough_share))
    named = list(dict.fromkeys((word.lower(), token.text.lower()) for token, word in pairs))[:2]
    advice = " and ".join(f"“{word}” instead of “{short}”" for word, short in named)
    spans = tuple(text.span(token.start, token.end) for token, _ in pairs)
    return Finding("text_speak", score, f"Write {advice}.", spans, draft.suggestion())
