"""All safe corrections of a comment at once: words spelled out, capitals set, shouts calmed.

What a platform's 'did you mean' button offers the author. Only what the house rules are sure of
is changed; everything else stays as it was typed, to the character.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from moderation.casing import calm, capitalise, places, shouted
from moderation.comment import Comment
from moderation.shorthand import text_speak
from moderation.text import Text, read
from moderation.wording import Change, Draft

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
    """
    text = comment if isinstance(comment, Text) else read(comment)
    draft = Draft(text)
    for token, word in text_speak(text, allowed):
        draft[token] = word
    shouts = shouted(text)
    calm(text, shouts, draft)
    found = places(text, besides=shouts)
    if found.share > _MOSTLY:
        capitalise(found, draft)
    return Suggestion(draft.corrected(), tuple(draft.changes()))
