"""Generate contrast pairs: harmful sentences, and similar sentences that are harmless.

The same group, thing or person appears in a sentence that breaks a newspaper's rules and in a
sentence that does not. The harmless sentences are neutral or proud statements, negations, criticism
of hate, and abuse of things. This is counterfactual data augmentation. Groups, castes, places and
names are drawn at random, so that a model learns from what a sentence says, and not from whom it
mentions. The sentences were written for this project.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SENTENCES = Path(__file__).with_name("contrast_pairs.toml")
_KINDS = ("hate", "kind", "attack", "about", "hate", "proud", "attack", "kind")


class ContrastSentence(NamedTuple):
    """A generated sentence with two labels: hatred of a group, and an attack on a person.

    A label is 0 or 1, or None if it is not known.
    """

    text: str
    hate: float | None
    attack: float | None


def contrast_pairs(count: int, seed: int) -> Iterator[ContrastSentence]:
    """Yield `count` sentences, half of them harmful, with names and groups drawn at random.

    >>> next(contrast_pairs(1, seed=1)).hate
    1.0
    """
    tables = {
        table: {name: _entries(value) for name, value in entries.items()}
        for table, entries in tomllib.loads(_SENTENCES.read_text("utf-8")).items()
    }
    rng = random.Random(seed)  # noqa: S311 - sentences, not secrets
    for number in range(count):
        kind = _KINDS[number % len(_KINDS)]
        sentence = rng.choice(tables["sentences"][kind])
        values = {name: rng.choice(words) for name, words in tables["fillings"].items()}
        text = sentence.format(**values)
        text = text[0].upper() + text[1:]
        match kind:
            case "hate":
                yield ContrastSentence(text, 1.0, None)
            case "attack":
                yield ContrastSentence(text, None, 1.0)
            case _:
                yield ContrastSentence(text, 0.0, 0.0)


def _entries(value: str) -> list[str]:
    return [" ".join(entry.split()) for entry in value.split("|")]
