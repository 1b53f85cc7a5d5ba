"""What people do to language: slips of the finger, names, borrowed phrases, two tongues at once."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

_NAMES = Path(__file__).with_name("names.toml")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    char: (row[place - 1 : place] + row[place + 1 : place + 2])
    for row in _KEYS
    for place, char in enumerate(row)
}


def slips(text: str, rng: random.Random, rate: float = 0.15) -> str:
    """Each longer word mistyped with probability `rate`: letters swapped, lost, doubled, missed.

    >>> slips("The government has failed the farmers", random.Random(3), rate=0.5)
    'The governmen has failes the farmers'
    """
    return " ".join(
        _slip(word, rng) if len(word) > 3 and rng.random() < rate else word for word in text.split()
    )


def _slip(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    before, char, after = word[:at], word[at], word[at + 1 :]
    match rng.randrange(6):
        case 0 if after:
            return before + after[0] + char + after[1:]
        case 1:
            return before + after
        case 2:
            return before + char * rng.randint(2, 4) + after
        case 3:
            near = _NEAR.get(char.lower(), "")
            return before + (rng.choice(near) if near else char) + after
        case 4:
            return word.replace("'", "").replace("’", "")
        case _:
            vowels = [place for place in range(1, len(word)) if word[place] in "aeiou"]
            gone = rng.choice(vowels) if vowels else at
            return word[:gone] + word[gone + 1 :]


@dataclass(frozen=True)
class Names:
    """People, places, parties, dishes, festivals; and what is borrowed whole."""

    given: Sequence[str]
    family: Sequence[str]
    things: Sequence[str]
    honorifics: Sequence[str]
    slogans: Sequence[str]

    @classmethod
    def load(cls) -> Self:
        """The lists of `names.toml`."""
        tables = tomllib.loads(_NAMES.read_text("utf-8"))
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
        """Names that nothing is trained with, for figures.

        >>> set(Names.unseen().given) & set(Names.load().given)
        set()
        """
        names, known = tomllib.loads(_NAMES.read_text("utf-8"))["unseen"], cls.load()
        return replace(
            known,
            given=names["given"].split(),
            family=names["family"].split(),
            things=names["places"].split(),
        )

    def one(self, rng: random.Random) -> str:
        """A person ('Nirmala Sitharaman', 'Gadkari ji') or a thing."""
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

    def planted(self, text: str, rng: random.Random, count: int) -> str:
        """`text` with names between its words, one by one or as a list."""
        words = text.split()
        names = [self.one(rng) for _ in range(count)]
        if count > 2 and rng.random() < 0.5:
            joined = ", ".join(names[:-1])
            names = [f"{joined} {rng.choice(['and', 'and', '&'])} {names[-1]}"]
        for name in names:
            words.insert(rng.randint(0, len(words)), name)
        return " ".join(words)


def mixed(foreign: str, english: Sequence[str], rng: random.Random, share: float) -> str:
    """`foreign` with a share of its words replaced by English ones ('video bahut nice hai').

    >>> mixed("yah desh hamara hai", ["nice"], random.Random(0), 0.0)
    'yah desh hamara hai'
    """
    words = foreign.split()
    return " ".join(rng.choice(english) if rng.random() < share else word for word in words)


def lazy(text: str, rng: random.Random) -> str:
    """As it may be typed: small letters, capitals, slips, or as it is."""
    chance = rng.random()
    if chance < 0.12:
        return slips(text, rng)
    if chance < 0.16:
        return text.upper()
    return text.lower() if chance < 0.4 else text
