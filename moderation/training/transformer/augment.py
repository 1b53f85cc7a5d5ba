"""Small changes of a text that keep its meaning: disguised spellings, capitals, small letters.

A model that has seen them in harmless and harmful texts alike neither misses the word behind
them nor takes them for abuse.
"""

from __future__ import annotations

import random

import regex

_LEET = str.maketrans("aeiostAEIOS", "431057@3105")
_WORD = regex.compile(r"\b\p{L}{4,14}\b")
_MOST_WORDS = 4  # disguised in one text


def augment(text: str, draw: random.Random) -> str:
    """The text, in one of ten cases disguised, all in capitals or all in small letters.

    >>> augment("Well said.", random.Random(1))
    'Well said.'
    """
    chance = draw.random()
    if chance < 0.05:
        return disguise(text, draw)
    if chance < 0.075:
        return text.upper()
    return text.lower() if chance < 0.1 else text


def disguise(text: str, draw: random.Random) -> str:
    """Some of its words spelt as people do to slip past a filter.

    >>> disguise("idiots", random.Random(3))
    'i****s'
    """
    words = [match.span() for match in _WORD.finditer(text)]
    chosen = draw.sample(words, min(len(words), draw.randint(1, _MOST_WORDS)))
    for start, end in sorted(chosen, reverse=True):
        text = text[:start] + _disguised(text[start:end], draw) + text[end:]
    return text


def _disguised(word: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(word) - 1)
    match draw.randrange(6):
        case 0:
            return word.translate(_LEET)
        case 1:
            return word[:at] + "*" + word[at + 1 :]
        case 2:
            return draw.choice(" .-_").join(word)
        case 3:
            return word[:at] + word[at] * draw.randint(3, 6) + word[at + 1 :]
        case 4:
            return word[0] + "*" * (len(word) - 2) + word[-1]
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
