"""Two readers of the same heads: the careful one is asked where the fast one is not certain.

How certain is certain enough was measured when the careful model was made, against one version
of the fast one: its card names that version and the bounds (`certain`: below the first number
every score is low enough, from the second on one is high enough). With another version nothing
is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moderation.models import Probabilities, Reader
from moderation.readers.careful import CarefulReader
from moderation.text import Text, Weight

NOTE = "read by"


@dataclass(frozen=True)
class Cascade:
    """Asks `fast`, then `careful` about the texts of which `fast` is not `certain`."""

    fast: Reader
    careful: Reader
    certain: tuple[float, float] = (0.0, np.inf)

    @classmethod
    def of(cls, fast: Reader, careful: CarefulReader, version: str) -> Cascade:
        """Both, with the bounds that were measured for this `version` of the fast one, if any."""
        measured = careful.certain
        if measured.get("version") != version:
            return cls(fast, careful)
        return cls(fast, careful, (float(measured["low"]), float(measured["high"])))

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores, which both give."""
        return self.careful.heads

    def read(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text."""
        scores = {head: np.array(values) for head, values in self.fast.read(texts).items()}
        loudest = np.max([scores[head] for head in self.heads], axis=0)
        low, high = self.certain
        doubtful = np.flatnonzero((loudest >= low) & (loudest < high)).tolist()
        found = self.careful.read([texts[row] for row in doubtful]) if doubtful else {}
        for head, values in found.items():
            scores[head][doubtful] = values
        for text in texts:
            text.notes[NOTE] = self.fast
        for row in doubtful:
            texts[row].notes[NOTE] = self.careful
        return scores

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The words that weighed most, in the eyes of the reader whose score stands."""
        reader: Reader = text.notes[NOTE]
        return reader.explain(text, head)
