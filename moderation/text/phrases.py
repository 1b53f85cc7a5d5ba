"""Compile phrase patterns that are written one per line, for sentences in plain words.

`plain_words.py` makes these sentences: small letters, single spaces, contractions written out. Each
line of a pattern is an alternative, and a match begins and ends at a word's edge.

- `NAME`: the pattern of that name in `parts`.
- `~`: any number of the words in `parts["adverbs"]`: "i ~ want" matches "i really just want".
- `!(a|b)`: not followed by one of these words.

Everything else is a regular expression. `compiled` makes one of all lines. `Phrases` keeps hundreds
of lines apart, and searches a sentence only for those of which it has a key: one of the words of
which every match of the line contains one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import islice, product

_NAME = re.compile(r"\b[A-Z_]{3,}\b")
_UNLESS = re.compile(r"(?<!\(\?)!\(((?:[^()]|\([^()]*\))*)\)")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


def compiled(
    forms: str, parts: Mapping[str, str], ending: str = "(?:(?= )|(?<= ))"
) -> re.Pattern[str]:
    """Compile the lines of `forms` into one pattern. `ending` is what follows a match.

    >>> pattern = compiled("i ~ want to DIE", {"adverbs": "really", "DIE": "die|be dead"})
    >>> bool(pattern.search(" i really want to be dead "))
    True
    """
    adverbs = f"(?:(?:{_expanded(parts.get('adverbs', ''), parts)}) )*"
    pattern = _GROUP.sub("(?:", _expanded(forms, parts).replace("~ ", adverbs))
    return re.compile(rf"(?<![^ ])(?:{pattern}){ending}")


def alternatives(lines: str) -> str:
    """Join lines into one regular expression of alternatives.

    >>> alternatives("yes|no\\nmaybe\\n")
    'yes|no|maybe'
    """
    return "|".join(line.strip() for line in lines.strip().splitlines())


class Phrases:
    """The phrases of many lines, which are found quickly."""

    def __init__(self, forms: str, parts: Mapping[str, str]) -> None:
        self._parts = parts
        self._forms = [
            form for line in forms.strip().splitlines() for form in _split(line.strip(), "|")
        ]
        self._patterns: dict[int, re.Pattern[str]] = {}

    @cached_property
    def _by_key(self) -> dict[str, list[int]]:
        """The numbers of the lines by key. Lines without a key are under the empty string."""
        index: dict[str, list[int]] = {"": []}
        for number, form in enumerate(self._forms):
            for key in _keys(form, self._parts) or ("",):
                index.setdefault(key, []).append(number)
        return index

    def matches(self, sentence: str) -> Iterator[re.Match[str]]:
        """Yield the matches in a sentence in plain words, line by line.

        >>> phrases = Phrases("we know where you (live|sleep)", {})
        >>> [match[0] for match in phrases.matches(" we know where you live ")]
        ['we know where you live']
        """
        index = self._by_key
        keys = index.keys() & {*sentence.split(), ""}
        for number in sorted({number for key in keys for number in index[key]}):
            pattern = self._patterns.get(number)
            if pattern is None:
                pattern = self._patterns[number] = compiled(self._forms[number], self._parts)
            yield from pattern.finditer(sentence)


def _expanded(forms: str, parts: Mapping[str, str]) -> str:
    pattern = _UNLESS.sub(r"(?! (?:\1)\\b)", alternatives(forms))
    return _NAME.sub(lambda name: f"(?:{_expanded(parts[name[0]], parts)})", pattern)


# --- Keys of a line: words of which every match contains one.

# Words that many sentences have, so that they make bad keys.
_COMMON = frozenset(
    """
    , ; : ( ) a about after again all also always an and any are as at back be because been
    before being but by can come could country day did do does doing done down even ever every
    find first for from get give go going good had has have he her here him his how i if in into
    is it just keep know last let life like long look made make man many may me mean more most
    much must my need never new no not nothing now of off old on once one only or other our out
    over own part people place point put read really right said same say see shall she should so
    some something still stop such take tell than that the their them then there these they
    thing think this those time to too two up us use very want was way we well were what when
    where which while who why will with without work world would write year yes yet you your
    """.split()
)
_LOOK = re.compile(r"\(\?<?[=!]")
_ANY = "\0"  # stands for a word or a part of one that is not known
_GOOD = 20  # keys are good enough if they cost no more
_COMMON_COST = 100  # of a word that many sentences have; others cost 1
_MOST_FORMS = 1000  # of one part of a line; a part with more has no keys


def _keys(form: str, parts: Mapping[str, str]) -> frozenset[str]:
    """Return words of which every match of a line contains one, or nothing if none are known.

    >>> sorted(_keys("i ~ (hate|can not stand) DOGS", {"DOGS": "dogs?"}))
    ['hate', 'stand']
    """
    pattern = _expanded(form, parts).replace("~ ", "").replace(" ?", "( )?")
    best: frozenset[str] = frozenset()
    cost = _COMMON_COST * _MOST_FORMS
    for part in _split(pattern, " "):
        if cost <= _GOOD:
            break
        keys: set[str] = set()
        for written in _written(part):
            known = [word for word in written.split() if _ANY not in word]
            if not known:
                break
            keys.add(min(known, key=lambda word: (word in _COMMON, -len(word))))
        else:
            weight = sum(_COMMON_COST if word in _COMMON else 1 for word in keys)
            if keys and weight < cost:
                best, cost = frozenset(keys), weight
    return best


def _split(pattern: str, separator: str) -> list[str]:
    """Split a pattern at a separator that is in no parentheses or brackets.

    >>> _split("(a|b) c|d", "|")
    ['(a|b) c', 'd']
    """
    parts, depth, start = [], 0, 0
    for at, character in enumerate(pattern):
        depth += (character in "([") - (character in ")]")
        if character == separator and depth == 0:
            parts.append(pattern[start:at])
            start = at + 1
    return [*parts, pattern[start:]]


@cache
def _written(pattern: str) -> list[str]:
    """Return the texts that a part of a pattern matches, at most `_MOST_FORMS` of them.

    An unknown word is written as `_ANY`. If there are more texts, returns only an unknown one.

    >>> _written("dogs?(es| house)"), _written("(\\\\w+ ){0,2}cat")
    (['doges', 'dog house', 'dogses', 'dogs house'], ['cat', '\\x00 cat'])
    """
    choices: list[list[str]] = []
    at = 0
    while at < len(pattern):
        if pattern[at] in "([":
            end = _closing(pattern, at)
            options = _group(pattern[at : end + 1])
            at = end + 1
        elif pattern[at] == "\\":
            options, at = [_ANY], at + 2
        else:
            options, at = ["" if pattern[at] in "^$" else pattern[at].replace(".", _ANY)], at + 1
        quantifier = re.compile(r"[?*+]\??|\{[\d,]+\}\??").match(pattern, at)
        if quantifier:
            at = quantifier.end()
            if quantifier[0][0] in "*{":
                options = ["", _ANY + (" " if any(" " in option for option in options) else "")]
            elif quantifier[0][0] == "?":
                options = ["", *options]
        choices.append(options)
    texts = ["".join(parts) for parts in islice(product(*choices), _MOST_FORMS + 1)]
    return texts if len(texts) <= _MOST_FORMS else [_ANY]


def _group(group: str) -> list[str]:
    """Return the texts that a group in parentheses or a class in brackets matches."""
    if group[0] == "[":
        simple = group[1:-1].isalnum()
        return list(group[1:-1]) if simple else [_ANY]
    if _LOOK.match(group):
        return [""]
    inner = group[1:-1].removeprefix("?:")
    return [text for alternative in _split(inner, "|") for text in _written(alternative)]


def _closing(pattern: str, start: int) -> int:
    """Return the place of the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(pattern)):
        depth += (pattern[at] in "([") - (pattern[at] in ")]")
        if depth == 0:
            return at
    return len(pattern) - 1
