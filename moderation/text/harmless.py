"""Find phrases that hold a word of abuse or violence and mean no harm.

Titles ("The Idiot by Dostoevsky"), things ("the idiot box"), species ("the wild ass"), what is
denied or condemned ("Nobody here is an idiot.", "Hatred of Dalits must end."), and lawful
punishment. The models take many of them for abuse. `without` writes harmless words in their place,
so that the models can judge the rest. The phrases are in `harmless.toml`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from moderation.text import groups, phrases
from moderation.text.disguise import Deobfuscated, Edit
from moderation.text.phrases import Phrases
from moderation.text.plain_words import Sentence
from moderation.text.reading import Text

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_NEVER = "(?!)"


class _Kind(NamedTuple):
    """The phrases of one kind, what stands in for them, and the sentences in which they count."""

    stand_in: str
    phrases: Phrases
    needed: re.Pattern[str]  # what must be in the sentence
    spared: re.Pattern[str]  # what may not be in the sentence


class Phrase(NamedTuple):
    """A harmless phrase at `start`..`end` of the deobfuscated text, and what stands in for it."""

    start: int
    end: int
    stand_in: str


@functools.cache
def _kinds() -> tuple[_Kind, ...]:
    parts = {**groups.PARTS, **_TABLES["parts"]}
    return tuple(
        _Kind(
            table["stand_in"],
            Phrases(table["forms"], parts),
            phrases.compiled(table["with"], parts) if "with" in table else re.compile(""),
            phrases.compiled(table.get("spared", _NEVER), parts),
        )
        for name, table in _TABLES.items()
        if name != "parts"
    )


# A title has capitals, and stands next to the word for a work: 'the film Stupid Dogs', 'Stupid
# Dogs, a novel', 'Stupid Dogs by Anna Rao'.
_WORK = (
    "(?:films?|movies?|books?|novels?|songs?|albums?|serial|musical|opera|sitcom|memoir|novella)"
)
_OTHER = "(?:plays?|series|show|story|poem|painting|band|single|podcast|game|comic)"
_CAPITALS = (
    r"(?=[A-Z0-9])(?:(?:[A-Z0-9][\w']*|of|the|and|in|a|an|to|for|on|with|my|me) ){0,6}"
    r"[A-Z0-9][\w']*"
)
_TITLE = rf"(?:\"{_CAPITALS}\"|{_CAPITALS})"
_NAMED = "(?: called| titled| named)"
_TITLES = re.compile(
    rf"\b(?:{_WORK}(?:,|{_NAMED})?|{_OTHER}{_NAMED}) (?P<after>{_TITLE})"
    rf"|\b{_OTHER} (?P<quoted>\"{_CAPITALS}\")|(?<!\w)(?P<before>{_TITLE})"
    rf"(?= (?:(?:is|was) (?:written|directed|composed|sung) )?by [A-Z]| {_WORK}\b"
    rf"|(?:,| is) (?:an?|the|his|her) (?:\w+ )?(?:{_WORK}|{_OTHER})\b)"
)
_NOTE = "harmless phrases"
_MENTION = re.compile(r"\b(?:You|He|She|They|I|We|This|That|These|Those|Your|It)\b")


def find(text: Text) -> list[Phrase]:
    """Return the harmless phrases of a text, in order and without overlaps.

    They are kept in a note of the text, because the word list asks about each of its words.

    >>> from moderation.text.reading import read
    >>> find(read("Nobody here is an idiot."))
    [Phrase(start=0, end=23, stand_in='people deserve respect')]
    >>> find(read("You are an idiot."))
    []
    """
    if _NOTE not in text.notes:
        text.notes[_NOTE] = _found(text)
    phrases: list[Phrase] = text.notes[_NOTE]
    return phrases


def _found(text: Text) -> list[Phrase]:
    found = [*_titles(text.deobfuscated.text)]
    for sentence in text.plain_sentences:
        found += _in_sentence(groups.marked(sentence))
    apart: list[Phrase] = []
    for phrase in sorted(found, key=lambda phrase: (phrase.start, -phrase.end)):
        if not apart or phrase.start >= apart[-1].end:
            apart.append(phrase)
    return apart


def covers(text: Text, start: int, end: int) -> bool:
    """Whether a harmless phrase covers the place `start`..`end` of the normalised text.

    >>> from moderation.text.reading import read
    >>> covers(read("No one should call a woman a witch."), 29, 34)
    True
    """
    for phrase in find(text):
        first, last = text.deobfuscated.span(phrase.start, phrase.end)
        if first <= start and end <= last:
            return True
    return False


def without(text: Text) -> Deobfuscated | None:
    """Return the deobfuscated text with stand-ins for its harmless phrases, or None if it has none.

    The edits lead back to the deobfuscated text.

    >>> from moderation.text.reading import read
    >>> without(read("Hatred of Dalits must end.")).text
    'injustice must end.'
    """
    found = find(text)
    if not found:
        return None
    original = text.deobfuscated.text
    written, edits, done = "", [], 0
    for start, end, stand_in in found:
        written += original[done:start]
        edits.append(Edit(len(written), len(written) + len(stand_in), start, end))
        written += stand_in
        done = end
    return Deobfuscated(written + original[done:], tuple(edits))


def _in_sentence(sentence: Sentence) -> Iterator[Phrase]:
    for kind in _kinds():
        for match in kind.phrases.matches(sentence.words):
            if kind.spared.search(sentence.words) or not kind.needed.search(sentence.words):
                break
            yield Phrase(*sentence.place(*match.span()), kind.stand_in)


def _titles(text: str) -> Iterator[Phrase]:
    for match in _TITLES.finditer(text):
        name = match.lastgroup or ""
        if not match[name].isupper() and not _MENTION.search(match[name]):
            yield Phrase(*match.span(name), "Gold")
