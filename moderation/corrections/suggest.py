"""All safe corrections of a comment at once: words spelled out, capitals set, shouts calmed.

What a platform's 'did you mean' button offers the author. Only what the house rules are sure of
is changed; everything else stays as it was typed, to the character.
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
_MOSTLY = 0.5  # so large a share of missing capitals, and the small letters are a habit


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The corrected comment, and each change as a place in the author's text, in order."""

    text: str
    changes: tuple[Change, ...]


def suggest(comment: Text | Comment | str, allowed: Set[str] = frozenset()) -> Suggestion:
    """The comment with all safe corrections made; unchanged where there is nothing to correct.

    `allowed` are words of text speak, in small letters, that may stay.

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
    found = places(text, besides=shouts)
    for token, word in chain(text_speak(text, allowed), _apostrophes(text)):
        draft[token] = capitalised(word) if token.start in found.starts else word
    calm(text, shouts, draft)
    if found.share > _MOSTLY:
        capitalise(found, draft)
    return Suggestion(draft.corrected(), tuple(draft.changes()))


def _apostrophes(text: Text) -> Iterator[tuple[Token, str]]:
    """Each word that lost its apostrophe, and the word with it."""
    for token in text.words:
        word = APOSTROPHES.get(token.text.lower())
        if word and (token.text.islower() or token.text.istitle()):
            yield token, capitalised(word) if token.text.istitle() else word
        elif word and len(word) > _UNSURE:
            yield token, word.upper()
