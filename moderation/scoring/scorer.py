"""The protocol of a scorer, which turns texts into scores and explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from moderation.text.reading import Text, Weight

Probabilities = npt.NDArray[np.float64]

UNREAD = "unread"  # in a text's notes: true where a scorer could not read the whole text


class Scorer(Protocol):
    """Turns texts into scores. Each kind of model in `moderation/scoring/` has one."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores that `score` returns."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text. May add to their `notes`."""

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the parts of a text that contributed most to the score `head`, heaviest first."""
