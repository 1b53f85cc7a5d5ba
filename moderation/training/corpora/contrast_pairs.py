"""Harmful sentences and their harmless twins, written for this project.

Counterfactual examples: the same identity, thing or person in a sentence that breaks a
newspaper's rules and in one that does not (neutral and proud statements, negation, criticism of
hate, abuse of things). Groups, castes, places and names are exchanged at random, so that a model
learns what is said and not about whom.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SENTENCES = Path(__file__).with_name("contrast_pairs.toml")
_ORDER = ("hate", "kind", "attack", "about", "hate", "proud", "attack", "kind")


class Twin(NamedTuple):
    """A sentence, and what it is: hatred of a group, an attack on a person (None: not said)."""

    text: str
    hate: float | None
    attack: float | None


def twins(count: int, seed: int) -> Iterator[Twin]:
    """`count` sentences, as many harmful as harmless, filled at random.

    >>> next(twins(1, seed=1)).hate
    1.0
    """
    tables = {
        table: {name: _listed(value) for name, value in entries.items()}
        for table, entries in tomllib.loads(_SENTENCES.read_text("utf-8")).items()
    }
    draw = random.Random(seed)  # noqa: S311 - examples, not secrets
    for number in range(count):
        kind = _ORDER[number % len(_ORDER)]
        sentence = draw.choice(tables["sentences"][kind])
        filled = {name: draw.choice(words) for name, words in tables["fillings"].items()}
        text = sentence.format(**filled)
        text = text[0].upper() + text[1:]
        match kind:
            case "hate":
                yield Twin(text, 1.0, None)
            case "attack":
                yield Twin(text, None, 1.0)
            case _:
                yield Twin(text, 0.0, 0.0)


def _listed(value: str) -> list[str]:
    return [" ".join(entry.split()) for entry in value.split("|")]
