"""Make all safe corrections of a comment: write out abbreviations, set capitals, calm shouting.

The result is meant for a 'did you mean' button. It changes only what the house rules are sure
about. Everything else stays as the author typed it, to the character.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import chain

from moderation.comment import Comment
from moderation.corrections.capitals import calm, capitalise, places, shouted
from moderation.corrections.text_speak import text_speak
from moderation.corrections.wording import APOSTROPHES, Change, Draft, capitalised
from moderation.text.reading import Text, Token, read

_UNSURE = 4  # letters and apostrophe; 'IM' and 'IVE' in capitals may be something else
# 'as is his wont', 'spoke cant'
_NOUNS = frozenset(
    [("wont", word) for word in "his her my our their its your a".split()]
    + [("cant", word) for word in "of spoke speak speaks religious political the pious".split()]
)
_MOSTLY = 0.5  # above this share of missing capitals, small letters are the author's habit


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The corrected comment, and its changes sorted by place."""

    text: str
    changes: tuple[Change, ...]


def suggest(comment: Text | Comment | str, allowed: Set[str] = frozenset()) -> Suggestion:
    """Make all safe corrections of a comment. If there are none, return the same text.

    `allowed` has chat abbreviations that stay as they are, in small letters.

    >>> suggest("i think u r right. modi is in delhi 🙏").text
    'I think you are right. Modi is in Delhi 🙏'
    >>> suggest("BJP IS WRONG ABOUT THIS, PLZ STOP").text
    'BJP is wrong about this, please stop'
    >>> suggest("Nobody asked. dont tell me they cant read").text
    "Nobody asked. Don't tell me they can't read"
    """
    text = comment if isinstance(comment, Text) else read(comment)
    draft = Draft(text)
    shouts = shouted(text)
    capitals = places(text, ignore=shouts)
    for token, word in chain(text_speak(text, allowed), _apostrophes(text)):
        draft[token] = capitalised(word) if token.start in capitals.starts else word
    calm(text, shouts, draft)
    if capitals.share > _MOSTLY:
        capitalise(capitals, draft)
    return Suggestion(draft.corrected(), tuple(draft.changes()))


def _apostrophes(text: Text) -> Iterator[tuple[Token, str]]:
    """Yield each word that lacks its apostrophe, and its correct spelling."""
    for before, token in zip(["", *(word.text for word in text.words)], text.words, strict=False):
        word = APOSTROPHES.get(token.text.lower())
        if word and (token.text.lower(), before.lower()) in _NOUNS:
            continue
        if word and (token.text.islower() or token.text.istitle()):
            yield token, capitalised(word) if token.text.istitle() else word
        elif word and len(word) > _UNSURE:
            yield token, word.upper()
