"""Augment training texts with disguised spellings, all capitals and all small letters.

The changes keep the meaning of a text. Harmful and harmless texts are changed alike. So a model
learns to recognise a disguised word, and does not take the disguise itself for abuse.
"""

from __future__ import annotations

import random

import regex

_LEET = str.maketrans("aeiostAEIOS", "431057@3105")
_WORD = regex.compile(r"\b\p{L}{4,14}\b")
_MAX_WORDS = 4  # disguised in one text


def augment(text: str, rng: random.Random) -> str:
    """Change one text in ten: disguise its words, or write it in capitals or in small letters.

    Return the text, changed or not.

    >>> augment("Well said.", random.Random(1))
    'Well said.'
    """
    chance = rng.random()
    if chance < 0.05:
        return disguise(text, rng)
    if chance < 0.075:
        return text.upper()
    return text.lower() if chance < 0.1 else text


def disguise(text: str, rng: random.Random) -> str:
    """Respell one to four words of the text as people do to get past a filter.

    >>> disguise("idiots", random.Random(3))
    'i****s'
    """
    words = [match.span() for match in _WORD.finditer(text)]
    chosen = rng.sample(words, min(len(words), rng.randint(1, _MAX_WORDS)))
    for start, end in sorted(chosen, reverse=True):
        text = text[:start] + _disguise_word(text[start:end], rng) + text[end:]
    return text


def _disguise_word(word: str, rng: random.Random) -> str:
    index = rng.randrange(1, len(word) - 1)
    match rng.randrange(6):
        case 0:
            return word.translate(_LEET)
        case 1:
            return word[:index] + "*" + word[index + 1 :]
        case 2:
            return rng.choice(" .-_").join(word)
        case 3:
            return word[:index] + word[index] * rng.randint(3, 6) + word[index + 1 :]
        case 4:
            return word[0] + "*" * (len(word) - 2) + word[-1]
    return word[: index - 1] + word[index] + word[index - 1] + word[index + 1 :]
