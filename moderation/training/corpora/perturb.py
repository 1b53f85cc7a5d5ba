"""Change texts as people do: add typing errors, names and phrases, or mix two languages."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from moderation.text.vocabulary import NAMES

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    char: (row[column - 1 : column] + row[column + 1 : column + 2])
    for row in _KEYS
    for column, char in enumerate(row)
}


def typos(text: str, rng: random.Random, rate: float = 0.15) -> str:
    """Add a typo to each word of more than three letters with probability `rate`.

    Letters are swapped, dropped, repeated or replaced by a neighbouring key.

    >>> typos("The government has failed the farmers", random.Random(3), rate=0.5)
    'The governmen has failes the farmers'
    """
    return " ".join(
        _typo(word, rng) if len(word) > 3 and rng.random() < rate else word for word in text.split()
    )


def _typo(word: str, rng: random.Random) -> str:
    position = rng.randrange(1, len(word))
    before, char, after = word[:position], word[position], word[position + 1 :]
    match rng.randrange(6):
        case 0 if after:
            return before + after[0] + char + after[1:]
        case 1:
            return before + after
        case 2:
            return before + char * rng.randint(2, 4) + after
        case 3:
            keys = _NEIGHBOURS.get(char.lower(), "")
            return before + (rng.choice(keys) if keys else char) + after
        case 4:
            return word.replace("'", "").replace("’", "")
        case _:
            vowels = [index for index in range(1, len(word)) if word[index] in "aeiou"]
            dropped = rng.choice(vowels) if vowels else position
            return word[:dropped] + word[dropped + 1 :]


@dataclass(frozen=True)
class Names:
    """Lists of names of people and things, titles, and slogans."""

    given: Sequence[str]
    family: Sequence[str]
    things: Sequence[str]
    honorifics: Sequence[str]
    slogans: Sequence[str]

    @classmethod
    def load(cls) -> Self:
        """Load the lists in `names.toml`, which training uses."""
        tables = tomllib.loads(NAMES.read_text("utf-8"))
        people, things = tables["people"], tables["things"]
        kinds = ("places", "parties", "food", "festivals", "borrowed")
        return cls(
            given=people["given"].split(),
            family=people["family"].split(),
            things=[word for kind in kinds for word in things[kind].split()],
            honorifics=things["honorifics"].split(),
            slogans=[line.strip() for line in things["slogans"].replace("\n", "|").split("|")],
        )

    @classmethod
    def unseen(cls) -> Self:
        """Load names that are not used in training, to measure models with.

        >>> set(Names.unseen().given) & set(Names.load().given)
        set()
        """
        names, trained = tomllib.loads(NAMES.read_text("utf-8"))["unseen"], cls.load()
        return replace(
            trained,
            given=names["given"].split(),
            family=names["family"].split(),
            things=names["places"].split(),
        )

    def draw(self, rng: random.Random) -> str:
        """Return a random name, of a person ('Nirmala Sitharaman', 'Gadkari ji') or of a thing."""
        match rng.randrange(8):
            case 0 | 1 | 2:
                return f"{rng.choice(self.given)} {rng.choice(self.family)}"
            case 3:
                return rng.choice(self.family)
            case 4:
                return rng.choice(self.given)
            case 5:
                return f"{rng.choice([*self.given, *self.family])} {rng.choice(self.honorifics)}"
            case _:
                return rng.choice(self.things)

    def plant(self, text: str, rng: random.Random, count: int) -> str:
        """Return `text` with `count` names inserted between its words, singly or as a list."""
        words = text.split()
        names = [self.draw(rng) for _ in range(count)]
        if count > 2 and rng.random() < 0.5:
            joined = ", ".join(names[:-1])
            names = [f"{joined} {rng.choice(['and', 'and', '&'])} {names[-1]}"]
        for name in names:
            words.insert(rng.randint(0, len(words)), name)
        return " ".join(words)


def code_mixed(foreign: str, english: Sequence[str], rng: random.Random, share: float) -> str:
    """Return the text `foreign` with some of its words replaced by English words (code-mixing).

    `share` of the words are replaced. The result reads like 'video bahut nice hai'.

    >>> code_mixed("yah desh hamara hai", ["nice"], random.Random(0), 0.0)
    'yah desh hamara hai'
    """
    words = foreign.split()
    return " ".join(rng.choice(english) if rng.random() < share else word for word in words)


def as_typed(text: str, rng: random.Random) -> str:
    """Return the text as people may type it.

    It is in capitals, in small letters, with typos, or unchanged.
    """
    chance = rng.random()
    if chance < 0.12:
        return typos(text, rng)
    if chance < 0.16:
        return text.upper()
    return text.lower() if chance < 0.4 else text
