"""Find phrases that threaten, dehumanise or are rude without a word that is rude by itself.

"Watch your back, journalist.", "Those who eat beef are not human.", "Shut up." The models learned
few of them. The phrases are patterns over sentences in plain words, in `hostile.toml`. What the
author quotes, denies or reports is not found.
"""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from moderation.text import groups, phrases
from moderation.text.phrases import Phrases
from moderation.text.reading import Text

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


class _Kind(NamedTuple):
    """The phrases of one kind, the score of a comment with one, and where they do not count."""

    score: float
    phrases: Phrases
    unless: re.Pattern[str]  # what may not come right before a phrase
    spared: re.Pattern[str]  # what may not be in its sentence


class Hostility(NamedTuple):
    """The score of a comment's hostile phrases, and their places in the normalised text."""

    score: float
    places: tuple[tuple[int, int], ...]


NONE = Hostility(0.0, ())


@functools.cache
def _kinds() -> dict[str, _Kind]:
    parts = {**groups.PARTS, **_TABLES["parts"]}
    return {
        name: _Kind(
            table["score"],
            Phrases(table["forms"], parts),
            phrases.compiled(table["unless"], parts, ending=" ?$"),
            phrases.compiled(table["spared"], parts),
        )
        for name, table in _TABLES.items()
        if name != "parts"
    }


_NOTE = "hostile"  # in a text's notes: what `find` returns, by kind


def find(text: Text, kind: str) -> Hostility:
    """Find the phrases of one kind: `threat`, `hatred` or `rudeness`.

    >>> from moderation.text.reading import read
    >>> find(read("Nice article. Watch your back, journalist."), "threat")
    Hostility(score=0.75, places=((14, 29),))
    >>> find(read("Watch your back when you lift boxes."), "threat")
    Hostility(score=0.0, places=())
    """
    if _NOTE not in text.notes:
        text.notes[_NOTE] = _find(text)
    found: Hostility = text.notes[_NOTE].get(kind, NONE)
    return found


def _find(text: Text) -> dict[str, Hostility]:
    places: dict[str, list[tuple[int, int]]] = {}
    for sentence in text.plain_sentences:
        marked = groups.marked(sentence)
        for name, kind in _kinds().items():
            for match in kind.phrases.matches(marked.words):
                if kind.unless.search(marked.words[: match.start()]):
                    continue
                if not kind.spared.search(marked.words):
                    place = text.deobfuscated.span(*marked.place(*match.span()))
                    places.setdefault(name, []).append(place)
                break
    return {name: Hostility(_kinds()[name].score, tuple(found)) for name, found in places.items()}
