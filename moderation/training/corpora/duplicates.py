"""Comments that stand twice in a file, the same or nearly so.

What is kept of a comment to know its like again is a sketch of sixteen numbers (min-wise hashes of
its n-grams of five characters; Broder 1997), so that memory is about half a kilobyte a row
whatever the texts are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from moderation.scoring.ngrams import Recipe
from moderation.training.corpora import splits

MOST = 20  # contradictions whose lines are told
ALIKE = 13  # numbers of sixteen that near-duplicates share: some four fifths of their n-grams
_SHINGLES = Recipe(chars=(5, 5), words=(0, 0))
_FACTORS = np.random.default_rng(16).integers(1, 1 << 63, 16, dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)
_BANDS = 4


class Duplicates:
    """Knows texts again that it has seen, the same or nearly so.

    >>> seen = Duplicates()
    >>> long = "The council meets again on Monday to talk about the roads"
    >>> [seen.seen(text) for text in (long, long.upper(), long + "!!", "Well said.")]
    [None, 'same', 'same', None]
    """

    def __init__(self) -> None:
        self._keys: dict[str, tuple[int, frozenset[tuple[str, bool]]]] = {}
        self._sides: dict[frozenset[tuple[str, bool]], frozenset[tuple[str, bool]]] = {}
        self._sketches: list[npt.NDArray[np.uint64]] = []
        self._bands: dict[tuple[int, bytes], int] = {}
        self._parts: list[str] = []
        self.crossed = 0  # doubles of which one would have trained and the other measured
        self.contradictory = 0  # the same text where a label says yes here and no there
        self.contradictions: list[tuple[int, int]] = []  # the lines of the first of these

    def seen(
        self, text: str, labels: Mapping[str, float] | None = None, line: int = 0
    ) -> str | None:
        """'same' or 'near' where a text like it came before; else it is remembered.

        >>> seen = Duplicates()
        >>> seen.seen("You fool", {"rude": 1.0}, 2), seen.seen("You fool!", {"rude": 0.0}, 3)
        (None, 'same')
        >>> seen.contradictory, seen.contradictions
        (1, [(2, 3)])
        """
        key = splits.key(text)
        sides = frozenset((label, value >= 0.5) for label, value in (labels or {}).items())
        if key in self._keys:
            first, before = self._keys[key]
            if any((label, not yes) in before for label, yes in sides):
                self.contradictory += 1
                self.contradictions += [(first, line)] * (len(self.contradictions) < MOST)
            return "same"
        self._keys[key] = line, self._sides.setdefault(sides, sides)
        hashes = _SHINGLES.hashes(text)
        if not len(hashes):
            return None
        sketch = (hashes[:, None] * _FACTORS).min(axis=0)
        bands = [(at, sketch[at::_BANDS].tobytes()) for at in range(_BANDS)]
        part = splits.part(text)
        for band in bands:
            other = self._bands.get(band)
            if other is not None and (self._sketches[other] == sketch).sum() >= ALIKE:
                self.crossed += part != self._parts[other]
                return "near"
        for band in bands:
            self._bands.setdefault(band, len(self._sketches))
        self._sketches.append(sketch)
        self._parts.append(part)
        return None
