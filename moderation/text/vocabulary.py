"""Word tables that tell a comment's language, and names and cheers, which tell nothing.

The tables are in `vocabulary.toml` and `names.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import regex

NAMES = Path(__file__).with_name("names.toml")


def _tables(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _phrases(lines: str) -> list[str]:
    return [phrase.strip() for phrase in regex.split(r"[|\n]", lines) if phrase.strip()]


_VOCABULARY, _NAMES = _tables(Path(__file__).with_name("vocabulary.toml")), _tables(NAMES)
GRAMMAR = frozenset(_VOCABULARY["grammar"].split())
ENGLISH = GRAMMAR.union(_VOCABULARY["english"].split())
_LONG = 5  # letters of a word whose ending says something
FOREIGN = frozenset(_VOCABULARY["foreign"].split()) - ENGLISH
WORKS = frozenset(_VOCABULARY["works"].split())
_CHEERS = frozenset(_VOCABULARY["cheers"].split())
_THINGS = _NAMES["things"]
_BORROWED = frozenset(
    word.lower()
    for kind in ("food", "festivals", "borrowed", "honorifics")
    for word in _THINGS[kind].split()
)
_PEOPLE = (
    frozenset(word.lower() for lines in _NAMES["people"].values() for word in lines.split())
    - ENGLISH
    - FOREIGN
    - _BORROWED
)
_PROPER = _PEOPLE | (
    frozenset(
        word.lower() for lines in (_THINGS["places"], _THINGS["parties"]) for word in lines.split()
    )
    - ENGLISH
    - FOREIGN
    - _BORROWED
)
# Laughter of any length: 'hahaha', 'ha ha', 'hehehehe', 'lolol', 'kkkk', 'hmmm', 'woooow'.
_LAUGHTER = regex.compile(
    r"(?:a?(?:h+[aeiou]+){2,}h*|h(?:a+|e+|i+|o+)h?|(?:lo+)+l+z*|r+o+t?f+l+|lm+f*a+o+|[ko]+|[hum]*m{2,}"
    r"|w+[oa]+w+|a+w*h*|o+h*|u+g*h+|ye+[as]+h*|ya+y+|hu+r+a+[yh]+|x+d+|a+r+g+h+|z{2,})",
    regex.IGNORECASE,
)


# Chants whatever they praise: 'Gau Mata ki jai', 'Jai Kisan', 'Mohun Bagan zindabad'.
_CHANT = (
    r"(?:\w+ ){1,3}(?:ki (?:jai|jay)(?: ho)?|amar rahe|(?:zinda|jinda|murda)bad)"
    r"|(?:jai|jay|joy|har har|vande|bolo)(?: (?:shri|sri|shree|jai|ho))? \w+"
)


def _pattern(phrases: Sequence[str]) -> regex.Pattern[str]:
    """Return a regular expression for whole phrases, with any signs between their words.

    Longer phrases come first.
    """
    longest = sorted({phrase.lower() for phrase in phrases}, key=len, reverse=True)
    choices = "|".join(
        r"[\s,!.'\-]+".join(map(regex.escape, phrase.split()))
        for phrase in longest
        if " " in phrase or phrase not in ENGLISH
    )
    return regex.compile(rf"(?<!\w)(?:{choices}|{_CHANT})(?!\w)", regex.IGNORECASE)


_ENDING = regex.compile(r"(?:s|es|ed|d|ing|ly|er|ers|er's|'s|ness|less|ful)$")
_ENGLISH_ENDING = regex.compile(
    r".{3,}(?:ously|ically|ingly|ably|fully|lessly|ively|[ae]ntly|tions?|ments?|ness|ables?|ibles?"
    r"|less|ful|i[sz]ed|i[sz]ing|isms?|ship|wards|ating|ated)"
)
_PHRASES = _pattern(_phrases(_VOCABULARY["phrases"]) + _phrases(_THINGS["slogans"]))


def without_phrases(clean: str) -> str:
    """Return the text without slogans, titles and set phrases that English sentences quote.

    >>> without_phrases("He sang Jana Gana Mana, loudly.")
    'He sang  , loudly.'
    """
    return _PHRASES.sub(" ", clean)


def is_english(word: str) -> bool:
    """Whether a word in small letters is common English or looks English by its ending.

    >>> [word for word in "deserves melodiously sarkari bahut".split() if is_english(word)]
    ['deserves', 'melodiously']
    """
    if word in ENGLISH:
        return True
    if len(word) < _LONG or word in FOREIGN:
        return False
    stem = _ENDING.sub("", word)
    known = len(stem) > 2 and (stem in ENGLISH or f"{stem}e" in ENGLISH or f"{stem}y" in ENGLISH)
    return known or bool(_ENGLISH_ENDING.fullmatch(word))


class Evidence(NamedTuple):
    """Counts of a comment's different words by kind. Names and cheers do not count.

    `english` includes the `grammar` words ('the'). `foreign` words are common in other languages;
    `strange` words are unknown and only look foreign. `borrowed` words are foreign but used in
    English, and `neutral` words are unknown and look English. `works` counts nouns such as 'song'.
    """

    english: int
    grammar: int
    foreign: int
    strange: int
    borrowed: int
    neutral: int
    works: int

    @property
    def total(self) -> int:
        """The number of words that are neither names nor cheers."""
        return self.english + self.foreign + self.strange + self.borrowed + self.neutral


def is_cheer(word: str) -> bool:
    """Whether a word is laughter, a cheer or a greeting.

    >>> [word for word in "Hahaha wow well said loool".split() if is_cheer(word)]
    ['Hahaha', 'wow', 'loool']
    """
    return word.lower() in _CHEERS or bool(_LAUGHTER.fullmatch(word))


def is_person(word: str) -> bool:
    """Whether a word is a known person's name in any case: 'Kohli', 'kohli', but not 'delhi'."""
    return word.lower() in _PEOPLE


def is_name(word: str) -> bool:
    """Whether a word is a known name in any case: 'kohli', but not 'rose'."""
    return word.lower() in _PROPER


def evidence(words: Sequence[str], is_strange: Callable[[str], bool]) -> Evidence:
    """Count the words of each kind. `is_strange` tells if an unknown word looks foreign.

    An unknown word with a capital is a name, unless common foreign words have capitals too.
    """
    capitals = sum(word[0].isupper() for word in words)
    titled = sum(word[0].isupper() and word.lower() in FOREIGN for word in words) > 1
    by_case = capitals < len(words) and not titled
    counts = dict.fromkeys(Evidence._fields, 0)
    for word, is_capital in _distinct(words):
        kind = _kind(word, is_capital and by_case, is_strange)
        if kind:
            counts[kind] += 1
        counts["grammar"] += kind == "english" and word in GRAMMAR
        counts["works"] += word in WORKS
    return Evidence(**counts)


def _distinct(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each different word once, in small letters, and whether it has a capital."""
    done = set()
    for word in words:
        small = word.lower().removesuffix("'s")
        if small not in done:
            done.add(small)
            yield small, word[0].isupper()


def _kind(word: str, is_capital: bool, is_strange: Callable[[str], bool]) -> str | None:
    """Return the field of `Evidence` that counts a word, or None if no field counts it."""
    if word in FOREIGN:
        return "foreign"
    if word in GRAMMAR:
        return "english"
    if is_cheer(word) or (len(word) == 1 and word not in "ai"):
        return None
    if is_english(word):
        return "english"
    if is_capital or is_name(word):
        return None
    if word in _BORROWED:
        return "borrowed"
    return "strange" if is_strange(word) else "neutral"
