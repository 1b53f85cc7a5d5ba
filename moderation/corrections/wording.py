"""Words that several rules share, and a comment being corrected word by word.

The tables stand in `wording.toml` beside this file. A `Draft` holds what each word would become;
all other characters stay as the author typed them.
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

_TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("wording.toml").read_text("utf-8"))


def _words(table: dict[str, str]) -> list[str]:
    return [word for line in table.values() for word in line.split()]


class Context(NamedTuple):
    """Text speak that is also something else: what to write, and beside which words."""

    write: str
    needs_next: bool
    small_only: bool
    before: frozenset[str]
    after: frozenset[str]
    not_before: frozenset[str]
    not_after: frozenset[str]


def _context(row: dict[str, Any]) -> Context:
    lists = (
        frozenset(row.get(key, "").split())
        for key in ("before", "after", "not_before", "not_after")
    )
    flags = row.get("needs_next", False), row.get("small_only", False)
    return Context(row["write"], *flags, *lists)


TEXT_SPEAK: dict[str, str] = _TABLES["text_speak"]
IN_CONTEXT = {word: _context(row) for word, row in _TABLES["in_context"].items()}
ACRONYMS = frozenset(_words(_TABLES["acronyms"]))
COMMON = frozenset(_words(_TABLES["common"]))
APOSTROPHES = {word.replace("'", "").lower(): word for word in _words(_TABLES["apostrophes"])}
TOGETHER = {
    pair.lower(): pair
    for line in _TABLES["together"].values()
    for pair in regex.split(r"[|\n]", line)
}
NAMES = {word.lower(): word for word in _words(_TABLES["names"])} | _TABLES["spelled"]
_IN_SMALL = {"i": "I"} | NAMES
_SURE = ACRONYMS.difference(_words(_TABLES["acronyms_not_from_small"]))
_FROM_SMALL = {
    **{f"{word.lower()}s": f"{word}s" for word in _SURE if len(word) > 2},
    **{word.lower(): word for word in _SURE},
    **_IN_SMALL,
}
_BRANDS = frozenset(name for name in NAMES.values() if name[0].islower())
_CONSONANTS = regex.compile(r"[BCDFGHJ-NP-TV-XZ]{3,}")


def in_small(word: str) -> str:
    """A shouted word as it stands inside a sentence: names and acronyms keep their capitals.

    >>> " ".join(map(in_small, "MODI'S ANTI-BJP SPEECH, I'M SURE".split()))
    "Modi's anti-BJP speech, I'm sure"
    """
    return _each_part(word, lambda part: acronym(part) or _IN_SMALL.get(part.lower(), part.lower()))


def acronym(word: str) -> str | None:
    """A word in capitals as an acronym is written, or None if it is none: known, or unspeakable.

    >>> acronym("BJP"), acronym("NGOS"), acronym("QWRT"), acronym("HOUSE"), acronym("PLZ")
    ('BJP', 'NGOs', 'QWRT', None, None)
    """
    if word in ACRONYMS:
        return word
    if word[-1:] == "S" and len(word) > 3 and word[:-1] in ACRONYMS:
        return f"{word[:-1]}s"
    unspeakable = _CONSONANTS.fullmatch(word) and word.lower() not in TEXT_SPEAK
    return word if unspeakable else None


def with_names(word: str) -> str:
    """A word in small letters with the capitals that it always has.

    >>> with_names("bjp"), with_names("delhi's"), with_names("aap"), with_names("i'm")
    ('BJP', "Delhi's", 'aap', "I'm")
    """
    return _each_part(word, lambda part: _FROM_SMALL.get(part, part))


def capitalised(word: str) -> str:
    """The word with its first letter in capitals; the others stay, and so do 'iPhone' and 'eBay'.

    >>> capitalised("isn't"), capitalised("ısparta"), capitalised("iPhone")
    ("Isn't", 'Isparta', 'iPhone')
    """
    return word if word in _BRANDS else word[:1].upper() + word[1:]


def _each_part(word: str, change: Callable[[str], str]) -> str:
    """Apply `change` to what stands between hyphens and before the apostrophe."""
    if "'" not in word and "-" not in word:
        return change(word)
    parts = []
    for part in word.split("-"):
        stem, apostrophe, ending = part.partition("'")
        parts.append(change(stem) + apostrophe + ending.lower())
    return "-".join(parts)


class Change(NamedTuple):
    """A place in the author's own text and what to write there instead."""

    span: Span
    text: str


def rewritten(text: Text, changes: Iterable[Change]) -> str:
    """The author's own text with these changes, which are in order, at their places."""
    parts: list[str] = []
    at = 0
    for span, new in changes:
        parts += [text.raw[at : span.start], new]
        at = span.end
    return "".join([*parts, text.raw[at:]])


class Draft:
    """A comment being corrected, word by word.

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
        """What differs from the author's text, in order."""
        return list(self._changes())

    def corrected(self) -> str:
        """The author's text, corrected."""
        return rewritten(self.text, self._changes())

    def suggestion(self) -> str | None:
        """The author's text, corrected, or None where nothing in it can be."""
        whole = self.corrected()
        return None if whole == self.text.raw else whole

    def _changes(self) -> Iterator[Change]:
        is_html = self.text.comment.format == "html"
        for token in sorted(self._new, key=lambda token: token.start):
            new = self._new[token]
            if new == token.text:
                continue
            span = self.text.span(token.start, token.end)
            if is_html and "<" in span.text:
                continue  # a tag stands within the word; rewriting it could lose the tag
            yield Change(span, html.escape(new, quote=False) if is_html else new)
