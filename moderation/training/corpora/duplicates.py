"""Find duplicate and near-duplicate comments in a file.

Each comment is stored as a MinHash sketch: sixteen numbers, which are the minima of hashes of its
n-grams of five characters (Broder 1997). A row needs about half a kilobyte of memory, whatever its
length.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from moderation.scoring.ngrams import Recipe
from moderation.training.corpora import splits

MAX_CONTRADICTIONS = 20  # contradictions whose lines are kept
NEAR_DUPLICATE = 13  # equal numbers of sixteen, which means about 80 % of the n-grams
_SHINGLES = Recipe(chars=(5, 5), words=(0, 0))
_FACTORS = np.random.default_rng(16).integers(1, 1 << 63, 16, dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)
_BANDS = 4


class Duplicates:
    """Detects texts that are the same as an earlier text, or nearly the same.

    Case and punctuation make no difference.

    >>> duplicates = Duplicates()
    >>> long = "The council meets again on Monday to talk about the roads"
    >>> [duplicates.check(text) for text in (long, long.upper(), long + "!!", "Well said.")]
    [None, 'same', 'same', None]
    """

    def __init__(self) -> None:
        self._keys: dict[str, tuple[int, frozenset[tuple[str, bool]]]] = {}
        self._label_sets: dict[frozenset[tuple[str, bool]], frozenset[tuple[str, bool]]] = {}
        self._sketches: list[npt.NDArray[np.uint64]] = []
        self._bands: dict[tuple[int, bytes], int] = {}
        self._parts: list[str] = []
        self.crossed = 0  # near-duplicates in different splits
        self.contradictory = 0  # equal texts with different values of a label
        self.contradictions: list[tuple[int, int]] = []  # line numbers of the first of them

    def check(
        self, text: str, labels: Mapping[str, float] | None = None, line: int = 0
    ) -> str | None:
        """Return 'same' or 'near' if an earlier text is equal or nearly equal, otherwise None.

        Later texts are compared with this text too. If an equal text came earlier with other
        labels, it is counted in `contradictory`, and both line numbers are added to
        `contradictions`. `line` is the line number of this text.

        >>> duplicates = Duplicates()
        >>> duplicates.check("You fool", {"rude": 1.0}, line=2)
        >>> duplicates.check("You fool!", {"rude": 0.0}, line=3)
        'same'
        >>> duplicates.contradictory, duplicates.contradictions
        (1, [(2, 3)])
        """
        key = splits.key(text)
        binary = frozenset((label, value >= 0.5) for label, value in (labels or {}).items())
        if key in self._keys:
            first, earlier = self._keys[key]
            if any((label, not positive) in earlier for label, positive in binary):
                self.contradictory += 1
                self.contradictions += [(first, line)] * (
                    len(self.contradictions) < MAX_CONTRADICTIONS
                )
            return "same"
        self._keys[key] = line, self._label_sets.setdefault(binary, binary)
        hashes = _SHINGLES.hashes(text)
        if not len(hashes):
            return None
        sketch = (hashes[:, None] * _FACTORS).min(axis=0)
        bands = [(number, sketch[number::_BANDS].tobytes()) for number in range(_BANDS)]
        part = splits.part(text)
        for band in bands:
            other = self._bands.get(band)
            if other is not None and (self._sketches[other] == sketch).sum() >= NEAR_DUPLICATE:
                self.crossed += part != self._parts[other]
                return "near"
        for band in bands:
            self._bands.setdefault(band, len(self._sketches))
        self._sketches.append(sketch)
        self._parts.append(part)
        return None
