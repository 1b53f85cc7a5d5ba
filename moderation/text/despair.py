"""Find where an author speaks of wanting to die, of planning it, or of harming himself or herself.

A sentence is read as words in small letters, with contractions and text speak written out: "im
gonna kms" becomes "i am going to kill myself". Patterns over these words look for the first person
with a plan, a means, a farewell, a wish to die or the loss of hope. What is in quotation marks is
left out. Figures of speech, the past, and debate about assisted dying lower the score.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from moderation.text import phrases
from moderation.text.plain_words import Sentence
from moderation.text.reading import Text

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

PLAN = 0.9  # a plan, a means or a farewell
WISH = 0.7  # a wish to die, or thoughts of suicide
DESPAIR = 0.5  # life has lost its worth
HINT = 0.3  # not enough alone: figures of speech, the past, a hint of despair


class Sign(NamedTuple):
    """A sign of despair at `start`..`end` of the normalised text. `kind` names its pattern."""

    kind: str
    score: float
    start: int
    end: int


def signs(text: Text) -> list[Sign]:
    """Return the signs of despair in a comment, the strongest first.

    >>> from moderation.text.reading import read
    >>> strongest = signs(read("im gonna kms"))[0]
    >>> strongest.kind, strongest.score
    ('plan', 0.9)
    >>> signs(read("My brother took his life."))
    []
    """
    deobfuscated = text.deobfuscated
    lower = deobfuscated.text.lower()
    about_author = _FIRST_PERSON.search(lower) and _TRIGGER.search(lower)
    if not about_author and not _BARE.search(lower):
        return []
    unsorted = [
        Sign(sign.kind, sign.score, *deobfuscated.span(sign.start, sign.end))
        for sentence in text.plain_sentences
        for sign in _signs(sentence)
    ]
    return sorted(unsorted, key=lambda sign: (-sign.score, sign.start))


def score(signs: list[Sign]) -> float:
    """Return the score of a comment: that of its strongest sign of despair.

    Weak signs (hints) of two kinds score at least `DESPAIR` together.

    >>> score([Sign("goodbye", HINT, 0, 4), Sign("end of strength", HINT, 9, 14)])
    0.5
    """
    hints = {sign.kind for sign in signs if sign.kind in _ADDING}
    strongest = max((sign.score for sign in signs), default=0.0)
    return max(strongest, DESPAIR) if len(hints) > 1 else strongest


def concerns_self_only(text: Text) -> bool:
    """Return whether a comment speaks of its author's death, and of no violence against others.

    Figures of speech ('this commute kills me') count as speaking of it, for they are no threats.

    >>> from moderation.text.reading import read
    >>> concerns_self_only(read("I will kill myself."))
    True
    >>> concerns_self_only(read("I will kill him and then kill myself."))
    False
    """
    words = [sentence.words for sentence in text.plain_sentences]
    if any(_VIOLENCE.search(sentence) for sentence in words):
        return False
    return any(_OWN_DEATH.search(sentence) for sentence in words) or bool(signs(text))


# --- Patterns, from despair.toml.

_compiled = partial(phrases.compiled, parts=_TABLES["parts"])


class _Form(NamedTuple):
    """The patterns of one kind of sign of despair, and their score."""

    kind: str
    score: float
    pattern: re.Pattern[str]
    unless: re.Pattern[str]  # what may not come right before a match


_FORMS = tuple(
    _Form(
        kind,
        table["score"],
        _compiled(table["forms"]),
        _compiled(table.get("unless", "") + _TABLES["denied"]["forms"], ending=" ?$"),
    )
    for kind, table in _TABLES["signs"].items()
)
_ADDING = frozenset(kind for kind, table in _TABLES["signs"].items() if table.get("adds"))
_LIGHT = tuple(_compiled(context) for context in _TABLES["light"].values())
_OWN_DEATH = _compiled(_TABLES["own_death"]["forms"])
_VIOLENCE = _compiled(_TABLES["violence"]["forms"])
_CONDITION = re.compile(r" (?:if|unless) ")

_FIRST_PERSON, _TRIGGER, _BARE = (
    re.compile(phrases.alternatives(_TABLES["triggers"][name]))
    for name in ("first_person", "words", "bare")
)


def _signs(sentence: Sentence) -> Iterator[Sign]:
    """Yield the signs of despair in a sentence. Figures of speech and conditions lower a score."""
    words = sentence.words
    if not _TRIGGER.search(words):
        return
    for form in _FORMS:
        match = form.pattern.search(words)
        if not match or form.unless.search(words[: match.start()]):
            continue
        score = form.score
        if sentence.title or any(context.search(words) for context in _LIGHT):
            score = min(score, HINT)
        elif form.kind in ("plan", "act") and _CONDITION.search(words):
            score = DESPAIR
        yield Sign(form.kind, score, *sentence.place(*match.span()))
