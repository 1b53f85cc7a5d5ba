"""Read a comment a second time without its harmless phrases, so that these do not count as abuse.

"Nobody here is an idiot.", "The Idiot by Dostoevsky is long.": the models see the word and not
what is said with it. If a score is high enough to matter and the text has such a phrase, the text
is also scored with harmless words in its place (`text/harmless.py`). Each score is then the lower
of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moderation.scoring.scorer import Probabilities, Scorer
from moderation.text import harmless
from moderation.text.reading import Piece, Text, Weight

NOTE = "second reading"  # in a text's notes: the text without harmless phrases, and its edits
_MATTERS = 0.15  # the shipped policy acts on no lower score, except for a threat's
_THREAT_MATTERS = 0.03


@dataclass(frozen=True)
class RereadingScorer:
    """Scores texts with `base`, and texts with harmless phrases once more without these."""

    base: Scorer

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the scores: those of `base`."""
        return self.base.heads

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text."""
        scores = {head: np.array(values) for head, values in self.base.score(texts).items()}
        rows, others = [], []
        for row in _mattering(scores):
            view = harmless.without(texts[row])
            if view is not None:
                other = Text(
                    view.text, view.text, texts[row].comment, [Piece(0, 0, len(view.text), True)]
                )
                texts[row].notes[NOTE] = other, view
                rows.append(row)
                others.append(other)
        if others:
            for head, values in self.base.score(others).items():
                scores[head][rows] = np.minimum(scores[head][rows], values)
        return scores

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the words that contributed most to the score `head`, heaviest first."""
        if NOTE not in text.notes:
            return self.base.explain(text, head)
        other, view = text.notes[NOTE]
        return [
            Weight(*text.deobfuscated.span(*view.span(*other.deobfuscated.span(start, end))), share)
            for start, end, share in self.base.explain(other, head)
        ]


def _mattering(scores: Mapping[str, Probabilities]) -> list[int]:
    """Return the rows of the texts with a score that is high enough to matter.

    >>> _mattering({"toxicity": np.array([0.1, 0.2]), "threat": np.array([0.05, 0.0])})
    [0, 1]
    """
    matters = [
        values >= (_THREAT_MATTERS if head == "threat" else _MATTERS)
        for head, values in scores.items()
    ]
    return [int(row) for row in np.flatnonzero(np.any(matters, axis=0))]
