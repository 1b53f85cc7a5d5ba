"""What a scorer is: it turns texts into scores, and says which words weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from moderation.text.reading import Text, Weight

Probabilities = npt.NDArray[np.float64]


class Scorer(Protocol):
    """Turns texts into scores. Each kind of model has one, in `moderation/scoring/`."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores."""

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text; may leave `notes` on the texts."""

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The stretches of the clean text that weighed most for `head`, heaviest first."""
