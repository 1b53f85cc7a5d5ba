"""The careful scorer: a small transformer's outputs, mixed into heads and calibrated.

Files: the transformer's, `mixture.npy` (tasks x heads), `offsets.npy` (heads) and `knots.npy`
(2 x heads x knots: log-odds and the calibrated probabilities there).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from moderation.scoring.calibration import calibrated
from moderation.scoring.card import EnsembleCard, TransformerCard
from moderation.scoring.onnx import Encoded, Floats, Transformer, prepared
from moderation.scoring.scorer import Probabilities
from moderation.scoring.store import Files
from moderation.text.reading import Text, Weight

NOTE = "careful"  # what was seen is kept with the text, for the explanation
HIDDEN_WORDS, HIDDEN_TOKENS = 6, 384  # hidden in turn for an explanation: a bound on its time


@dataclass
class WindowScores:
    """A text's windows, what their tokens said, and what hiding a word took from the score."""

    windows: list[Encoded]
    pooled: Floats
    tokens: list[Floats]
    lost: dict[tuple[int, int], Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class TransformerScorer:
    """Reads the text without disguises, window by window; the strictest window speaks."""

    heads: tuple[str, ...]
    transformer: Transformer
    mixture: Floats
    offsets: Floats
    knots: npt.NDArray[np.floating]
    ensemble: EnsembleCard | None = None  # see `cascade`

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """One calibrated probability per head and text."""
        found = calibrated(self.logits(texts), self.knots)
        return {head: found[:, column] for column, head in enumerate(self.heads)}

    def logits(self, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
        """Texts x heads: log-odds before calibration, of the window where each is greatest."""
        encoded = [self.transformer.encode(prepared(text.deobfuscated.text).text) for text in texts]
        parts = [window.ids for windows in encoded for window in windows]
        if not parts:
            return np.zeros((0, len(self.heads)))
        pooled, tokens = self.transformer.run(parts)
        mixed = pooled @ self.mixture + self.offsets
        strictest = np.zeros((len(texts), len(self.heads)))
        done = 0
        for row, (text, windows) in enumerate(zip(texts, encoded, strict=True)):
            own = slice(done, done + len(windows))
            strictest[row] = mixed[own].max(axis=0)
            text.notes[NOTE] = WindowScores(windows, mixed[own], tokens[own])
            done += len(windows)
        return strictest

    def explain(self, text: Text, head: str) -> list[Weight]:
        """The words without which the score would be lower, heaviest first.

        What each token's last state adds to the score picks a few words of the strictest window;
        these are hidden in turn, and each weighs what the score loses without it.
        """
        if NOTE not in text.notes:
            self.logits([text])
        seen: WindowScores = text.notes[NOTE]
        column = self.heads.index(head)
        number = int(seen.pooled[:, column].argmax())
        window, said = seen.windows[number], seen.tokens[number] @ self.mixture[:, column]
        words = _words(text, window)
        most = HIDDEN_TOKENS // len(seen.windows) // (len(window.ids) + 2)
        likely = sorted(words, key=lambda word: -max(said[at] for at in words[word]))[
            : max(2, min(HIDDEN_WORDS, most))
        ]
        self._hide(seen, number, {word: words[word] for word in likely})
        lost = {word: float(seen.lost[number, word][column]) for word in likely}
        total = sum(loss for loss in lost.values() if loss > 0)
        found = [
            Weight(text.tokens[word].start, text.tokens[word].end, loss / total)
            for word, loss in lost.items()
            if loss > 0
        ]
        return sorted(found, key=lambda weight: -weight.share)

    def _hide(self, seen: WindowScores, number: int, words: Mapping[int, Sequence[int]]) -> None:
        """Fill `seen.lost` for the words (token numbers) of a window that are not known yet."""
        new = [word for word in words if (number, word) not in seen.lost]
        if not new:
            return
        ids = seen.windows[number].ids
        mask = np.ones((len(new), len(ids) + 2), np.int32)
        for row, word in enumerate(new):
            mask[row, np.array(words[word]) + 1] = 0
        pooled, _ = self.transformer.masked([ids] * len(new), mask)
        lost = seen.pooled[number] - (pooled @ self.mixture + self.offsets)
        seen.lost |= {(number, word): lost[row] for row, word in enumerate(new)}


def _words(text: Text, window: Encoded) -> dict[int, list[int]]:
    """The text's words (by their number among its tokens), and the window's tokens in each."""
    view = prepared(text.deobfuscated.text)
    words = [number for number, token in enumerate(text.tokens) if token.kind != "other"]
    starts = [text.tokens[number].start for number in words]
    found: dict[int, list[int]] = {}
    for at, place in enumerate(window.places):
        start, end = text.deobfuscated.span(*view.span(*place))
        nearest = bisect_right(starts, max(end - 1, start)) - 1
        if nearest >= 0 and text.tokens[words[nearest]].end > start:
            found.setdefault(words[nearest], []).append(at)
    return found


def load(files: Files) -> TransformerScorer:
    """Return the scorer of these files."""
    card = files.parsed_card(TransformerCard)
    return TransformerScorer(
        heads=card.heads,
        transformer=Transformer(files),
        mixture=files.array("mixture"),
        offsets=files.array("offsets"),
        knots=files.array("knots").astype(np.float64),
        ensemble=card.together,
    )
