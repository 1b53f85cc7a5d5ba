"""Rows of our own that teach what the public sets do not: names and groups mean no harm.

`lessons.hate` and `lessons.attack` come from our harmful sentences and their harmless twins;
`lessons.names` are names, most of them Indian, and ordinary words that look like rude ones
from inside ('Dikshit', 'Scunthorpe'), planted into harmless comments.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from moderation.training.corpora import Row
from moderation.training.mixing import Names
from moderation.training.twins import twins

TWINS = 2_000
NAMED = 1_500

_INNOCENT = """
Akshit Analyst Ashit Asit Assad Assam Assamese Assange Assistant Babcock Bastille Bhattacharya
Bichitra Bitcoin Butt Button Chutani Class Classic Cockburn Cocktail Cockpit Cumming Cummings
Cucumber Dickens Dickson Dikshit Dikshitar Dixit Document Dyke Essex Fanny Fuchs Gandhi Ganguly
Grape Hancock Harshit Hitchcock Hooker Hore Kunal Kuntal Kunti Lakshit Lund Middlesex Mishit
Niger Nigeria Nigerian Nishit Parikshit Peacock Penistone Phuc Pratyush Rakshit Randhir
Randive Rapeseed Rashid Regina Sandip Sanhita Saxena Scunthorpe Sextant Sexton Sheetal Shishir
Shital Shitole Shuttlecock Specialist Sussex Therapist Titan Titus Titli Wang Weiner Woodcock
""".split()


def rows(plain: Sequence[str], seed: int) -> Iterator[Row]:
    """All lessons, with names planted into the `plain` texts; the same for the same seed.

    >>> next(rows(["Well said."], seed=1)).labels
    {'lessons.hate': 1.0}
    """
    for twin in twins(TWINS, seed):
        said = {"lessons.hate": twin.hate, "lessons.attack": twin.attack}
        labels = {label: value for label, value in said.items() if value is not None}
        yield Row(twin.text, "lessons", labels)
    draw = random.Random(seed)  # noqa: S311 - examples, not secrets
    names = Names.load()
    for _ in range(NAMED):
        words = draw.choice(plain).split()
        for _ in range(draw.randint(1, 3)):
            words.insert(draw.randint(0, len(words)), _name(names, draw))
        yield Row(" ".join(words), "lessons", {"lessons.names": 0.0})


def _name(names: Names, draw: random.Random) -> str:
    return draw.choice(_INNOCENT) if draw.random() < 0.4 else names.one(draw)
