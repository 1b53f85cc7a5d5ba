"""Generate rows that teach a model not to take the mention of a name or a group for an offence.

The rows have three labels. `synthetic.hate` comes from contrast pairs, which are similar harmful
and harmless sentences (`contrast_pairs.py`). `synthetic.attack` comes from the contrast pairs too,
and from rude and friendly sentences in Hindi in Latin letters. `synthetic.polite` comes from polite
everyday sentences.

`with_names` changes comments that a corpus labels harmless: it inserts names, most of them Indian,
and harmless words that contain rude ones ('Dikshit', 'Scunthorpe').
"""

from __future__ import annotations

import heapq
import random
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from moderation.training.corpora.catalogue import Row
from moderation.training.corpora.contrast_pairs import contrast_pairs
from moderation.training.corpora.perturb import Names

CONTRAST_SENTENCES = 1_200
MAX_NAMED = 1_500
HINDI_SENTENCES = 400
MAX_LENGTH = 250  # characters of a text that names are added to

_SENTENCES = Path(__file__).with_name("synthetic.toml")
_HARMLESS_WORDS = """
Akshit Analyst Ashit Asit Assad Assam Assamese Assange Assistant Babcock Bastille Bhattacharya
Bichitra Bitcoin Butt Button Chutani Class Classic Cockburn Cocktail Cockpit Cumming Cummings
Cucumber Dickens Dickson Dikshit Dikshitar Dixit Document Dyke Essex Fanny Fuchs Gandhi Ganguly
Grape Hancock Harshit Hitchcock Hooker Hore Kunal Kuntal Kunti Lakshit Lund Middlesex Mishit
Niger Nigeria Nigerian Nishit Parikshit Peacock Penistone Phuc Pratyush Rakshit Randhir
Randive Rapeseed Rashid Regina Sandip Sanhita Saxena Scunthorpe Sextant Sexton Sheetal Shishir
Shital Shitole Shuttlecock Specialist Sussex Therapist Titan Titus Titli Wang Weiner Woodcock
""".split()


def rows(seed: int) -> Iterator[Row]:
    """Yield the synthetic rows; the same seed gives the same rows.

    >>> next(rows(seed=1)).labels
    {'synthetic.hate': 1.0}
    """
    for sentence in contrast_pairs(CONTRAST_SENTENCES, seed):
        values = {"synthetic.hate": sentence.hate, "synthetic.attack": sentence.attack}
        labels = {label: value for label, value in values.items() if value is not None}
        yield Row(sentence.text, "synthetic", labels)
    tables = tomllib.loads(_SENTENCES.read_text("utf-8"))
    for polite in _entries(tables["polite"]):
        for variant in (polite, polite.lower(), polite.rstrip(".!")):
            yield Row(variant, "synthetic", {"synthetic.polite": 0.0})
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    names = Names.load()
    hindi = {name: _entries(text) for name, text in tables["hindi"].items()}
    for rude in (1.0, 0.0):
        words = hindi["rude" if rude else "kind"]
        for number in range(HINDI_SENTENCES):
            fillings = {"word": words[number % len(words)], "name": _name(names, rng)}
            text = rng.choice(hindi["sentences"]).format(**fillings)
            yield Row(text, "synthetic", {"synthetic.attack": rude})


def with_names(harmless: Iterable[str], seed: int) -> list[str]:
    """Return a tenth of the texts, drawn at random, with one to three names inserted into each.

    The same seed gives the same result.

    >>> with_names(["Well said."] * 10, seed=1)
    ['Well Vinay Basu Appavu Biden said.']
    """
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    names = Names.load()
    texts = []
    for text in _sample((text for text in harmless if len(text) <= MAX_LENGTH), rng):
        words = text.split()
        for _ in range(rng.randint(1, 3)):
            words.insert(rng.randint(0, len(words)), _name(names, rng))
        texts.append(" ".join(words))
    return texts


def _sample(texts: Iterable[str], rng: random.Random) -> list[str]:
    """Draw a tenth of the texts at random, at most `MAX_NAMED`, in one pass with little memory."""
    number = 0
    sample: list[tuple[float, int, str]] = []
    for number, text in enumerate(texts, 1):
        heapq.heappush(sample, (rng.random(), number, text))  # keeps the highest random numbers
        if len(sample) > MAX_NAMED:
            heapq.heappop(sample)
    return [text for _, _, text in sorted(sample, reverse=True)[: number // 10]]


def _entries(text: str) -> list[str]:
    return [" ".join(entry.split()) for entry in text.split("|")]


def _name(names: Names, rng: random.Random) -> str:
    return rng.choice(_HARMLESS_WORDS) if rng.random() < 0.4 else names.draw(rng)
