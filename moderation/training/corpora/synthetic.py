"""Rows of our own that teach what the public sets do not: names and groups mean no harm.

`lessons.hate` and `lessons.attack` come from our harmful sentences and their harmless twins, and
from abuse in Hindi as it is typed in Latin letters; `lessons.polite` is plain talk.
Names, most of them Indian, and ordinary words that look like rude ones from inside ('Dikshit',
'Scunthorpe') are planted into comments that a set itself calls harmless.
"""

from __future__ import annotations

import heapq
import random
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.contrast_pairs import twins
from moderation.training.corpora.perturb import Names

TWINS = 1_200
NAMED = 1_500
HINDI = 400
SHORT = 250  # characters of a text that names are planted in

_SENTENCES = Path(__file__).with_name("synthetic.toml")
_INNOCENT = """
Akshit Analyst Ashit Asit Assad Assam Assamese Assange Assistant Babcock Bastille Bhattacharya
Bichitra Bitcoin Butt Button Chutani Class Classic Cockburn Cocktail Cockpit Cumming Cummings
Cucumber Dickens Dickson Dikshit Dikshitar Dixit Document Dyke Essex Fanny Fuchs Gandhi Ganguly
Grape Hancock Harshit Hitchcock Hooker Hore Kunal Kuntal Kunti Lakshit Lund Middlesex Mishit
Niger Nigeria Nigerian Nishit Parikshit Peacock Penistone Phuc Pratyush Rakshit Randhir
Randive Rapeseed Rashid Regina Sandip Sanhita Saxena Scunthorpe Sextant Sexton Sheetal Shishir
Shital Shitole Shuttlecock Specialist Sussex Therapist Titan Titus Titli Wang Weiner Woodcock
""".split()


def rows(seed: int) -> Iterator[Row]:
    """Our own sentences with their labels; the same for the same seed.

    >>> next(rows(seed=1)).labels
    {'lessons.hate': 1.0}
    """
    for twin in twins(TWINS, seed):
        said = {"lessons.hate": twin.hate, "lessons.attack": twin.attack}
        labels = {label: value for label, value in said.items() if value is not None}
        yield Row(twin.text, "lessons", labels)
    tables = tomllib.loads(_SENTENCES.read_text("utf-8"))
    for sentence in _listed(tables["polite"]):
        for variant in (sentence, sentence.lower(), sentence.rstrip(".!")):
            yield Row(variant, "lessons", {"lessons.polite": 0.0})
    draw = random.Random(seed)  # noqa: S311 - examples, not secrets
    names = Names.load()
    hindi = {name: _listed(text) for name, text in tables["hindi"].items()}
    for rude in (1.0, 0.0):
        words = hindi["rude" if rude else "kind"]
        for number in range(HINDI):
            filled = {"word": words[number % len(words)], "name": _name(names, draw)}
            text = draw.choice(hindi["sentences"]).format(**filled)
            yield Row(text, "lessons", {"lessons.attack": rude})


def named(harmless: Iterable[str], seed: int) -> list[str]:
    """Some of these texts again, with one to three names in them; the same for the same seed.

    >>> named(["Well said."] * 10, seed=1)
    ['Well Vinay Basu Appavu Biden said.']
    """
    draw = random.Random(seed)  # noqa: S311 - examples, not secrets
    names = Names.load()
    found = []
    for text in _drawn((text for text in harmless if len(text) <= SHORT), draw):
        words = text.split()
        for _ in range(draw.randint(1, 3)):
            words.insert(draw.randint(0, len(words)), _name(names, draw))
        found.append(" ".join(words))
    return found


def _drawn(texts: Iterable[str], draw: random.Random) -> list[str]:
    """A tenth of the texts, `NAMED` at most, drawn without keeping the others."""
    number = 0
    kept: list[tuple[float, int, str]] = []
    for number, text in enumerate(texts, 1):
        heapq.heappush(kept, (draw.random(), number, text))  # those with the highest lots stay
        if len(kept) > NAMED:
            heapq.heappop(kept)
    return [text for _, _, text in sorted(kept, reverse=True)[: number // 10]]


def _listed(text: str) -> list[str]:
    return [" ".join(entry.split()) for entry in text.split("|")]


def _name(names: Names, draw: random.Random) -> str:
    return draw.choice(_INNOCENT) if draw.random() < 0.4 else names.one(draw)
