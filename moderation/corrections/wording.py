"""Word tables that several rules share, and a draft of a comment with corrected words.

The tables are in `wording.toml`. A `Draft` holds the new text of each corrected word; all other
characters stay as the author typed them.
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import regex

from moderation.decision import Span
from moderation.text.reading import Text, Token
from moderation.text.vocabulary import ENGLISH, FOREIGN, is_name

_TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("wording.toml").read_text("utf-8"))


def _words(table: dict[str, str]) -> list[str]:
    return [word for line in table.values() for word in line.split()]


class Context(NamedTuple):
    """An abbreviation that is also an ordinary word: its replacement, and its adjacent words.

    The fields say which adjacent words it needs to be replaced, and which forbid it.
    """

    write: str
    needs_next: bool
    small_only: bool
    name: bool
    before: frozenset[str]
    after: frozenset[str]
    not_before: frozenset[str]
    not_after: frozenset[str]
    subjects: frozenset[str]
    predicates: frozenset[str]


def _context(row: dict[str, Any]) -> Context:
    keys = ("before", "after", "not_before", "not_after", "subjects", "predicates")
    lists = (frozenset(row.get(key, "").split()) for key in keys)
    flags = (row.get(key, False) for key in ("needs_next", "small_only", "name"))
    return Context(row["write"], *flags, *lists)


TEXT_SPEAK: dict[str, str] = _TABLES["text_speak"]
IN_CONTEXT = {word: _context(row) for word, row in _TABLES["in_context"].items()}
LABELS = frozenset(_words(_TABLES["labels"]))
ACRONYMS = frozenset(_words(_TABLES["acronyms"]))
COMMON = frozenset(_words(_TABLES["common"]))
APOSTROPHES = {word.replace("'", "").lower(): word for word in _words(_TABLES["apostrophes"])}
TOGETHER = {
    pair.lower(): pair
    for line in _TABLES["together"].values()
    for pair in regex.split(r"[|\n]", line)
}
NAMES = {word.lower(): word for word in _words(_TABLES["names"])} | _TABLES["spelled"]
_IN_SMALL: dict[str, str] = {"i": "I"} | NAMES
_SURE = ACRONYMS.difference(_words(_TABLES["acronyms_not_from_small"]))
_FROM_SMALL = {
    **{f"{word.lower()}s": f"{word}s" for word in _SURE if len(word) > 2},
    **{word.lower(): word for word in _SURE},
    **_IN_SMALL,
}
_SHORT = 3  # letters of words that may be something else in a shout
_BRANDS = frozenset(name for name in NAMES.values() if name[0].islower())
_CONSONANTS = regex.compile(r"[BCDFGHJ-NP-TV-XZ]{3,}")


def in_small(word: str) -> str:
    """Return a shouted word in small letters. Names and acronyms keep their capitals.

    >>> " ".join(map(in_small, "MODI'S ANTI-BJP SPEECH, I'M SURE".split()))
    "Modi's anti-BJP speech, I'm sure"
    """
    return _each_part(word, lambda part: acronym(part) or _unknown_short(part) or _small(part))


def _unknown_short(word: str) -> str | None:
    """Return a word of two or three capitals if it may be an acronym ('NY'), or None."""
    small = word.lower()
    if not 1 < len(word) <= _SHORT or small in COMMON or small in TEXT_SPEAK or small in IN_CONTEXT:
        return None
    known = len(word) == _SHORT and (small in ENGLISH or small in FOREIGN)
    return None if known or small in NAMES or not word.isupper() else word


def _small(word: str) -> str:
    """Return a word in small letters, or a name with its capitals."""
    small = word.lower()
    name = small.capitalize() if len(small) > _SHORT and is_name(small) else small
    return _IN_SMALL.get(small, name)


def acronym(word: str) -> str | None:
    """Return an acronym as it is usually written, or None for other words in capitals.

    An acronym is a known one or a word without vowels.

    >>> acronym("BJP"), acronym("NGOS"), acronym("QWRT"), acronym("HOUSE"), acronym("PLZ")
    ('BJP', 'NGOs', 'QWRT', None, None)
    """
    if word in ACRONYMS:
        return word
    if word[-1:] == "S" and len(word) > 3 and word[:-1] in ACRONYMS:
        return f"{word[:-1]}s"
    is_unpronounceable = _CONSONANTS.fullmatch(word) and word.lower() not in TEXT_SPEAK
    return word if is_unpronounceable else None


def with_names(word: str) -> str:
    """Return a word in small letters with the capitals that it always has.

    >>> with_names("bjp"), with_names("delhi's"), with_names("aap"), with_names("i'm")
    ('BJP', "Delhi's", 'aap', "I'm")
    """
    return _each_part(word, lambda part: _FROM_SMALL.get(part, part))


def capitalised(word: str) -> str:
    """Return the word with its first letter as a capital. 'iPhone' and 'eBay' stay as they are.

    >>> capitalised("isn't"), capitalised("ısparta"), capitalised("iPhone")
    ("Isn't", 'Isparta', 'iPhone')
    """
    return word if word in _BRANDS else word[:1].upper() + word[1:]


def _each_part(word: str, change: Callable[[str], str]) -> str:
    """Apply `change` to each part of a hyphenated word. What follows an apostrophe stays."""
    if "'" not in word and "-" not in word:
        return change(word)
    parts = []
    for part in word.split("-"):
        stem, apostrophe, ending = part.partition("'")
        parts.append(change(stem) + apostrophe + ending.lower())
    return "-".join(parts)


class Change(NamedTuple):
    """A place in the text as received, and the text to write there instead."""

    span: Span
    text: str


def rewritten(text: Text, changes: Iterable[Change]) -> str:
    """Return the text as received with the changes, which are sorted by place."""
    parts: list[str] = []
    done = 0
    for span, new in changes:
        parts += [text.raw[done : span.start], new]
        done = span.end
    return "".join([*parts, text.raw[done:]])


class Draft:
    """A comment whose words are being corrected: set `draft[token]` to a token's new text.

    >>> from moderation.text.reading import read
    >>> draft = Draft(read("u &amp; me 🙏"))
    >>> draft[draft.text.words[0]] = "You"
    >>> draft.corrected()
    'You &amp; me 🙏'
    """

    def __init__(self, text: Text) -> None:
        self.text = text
        self._new: dict[Token, str] = {}

    def __getitem__(self, token: Token) -> str:
        return self._new.get(token, token.text)

    def __setitem__(self, token: Token, word: str) -> None:
        self._new[token] = word

    def changes(self) -> list[Change]:
        """Return the changes to the text as received, sorted by place."""
        return list(self._changes())

    def corrected(self) -> str:
        """Return the corrected text."""
        return rewritten(self.text, self._changes())

    def suggestion(self) -> str | None:
        """Return the corrected text, or None if nothing changed."""
        corrected = self.corrected()
        return None if corrected == self.text.raw else corrected

    def _changes(self) -> Iterator[Change]:
        is_html = self.text.comment.format == "html"
        for token in sorted(self._new, key=lambda token: token.start):
            new = self._new[token]
            if new == token.text:
                continue
            span = self.text.span(token.start, token.end)
            if is_html and "<" in span.text:
                continue  # the word has a tag in it, which the change would lose
            yield Change(span, html.escape(new, quote=False) if is_html else new)
