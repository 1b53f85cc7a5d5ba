"""The transformer scorer: mixes a small transformer's outputs into scores and calibrates them.

A task is an output of the network, a head is one of the scores. A card calls this kind of model
`careful`. Files: those of `onnx.py`, `mixture.npy` (tasks x heads), `offsets.npy` (one number per
head) and `knots.npy` (2 x heads x knots, calibration curves: `knots[0]` has log-odds, `knots[1]`
the probabilities at them).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.scoring.calibration import calibrated
from moderation.scoring.card import EnsembleCard, TransformerCard
from moderation.scoring.onnx import Encoded, Floats, Transformer, prepare
from moderation.scoring.scorer import UNREAD, Probabilities
from moderation.scoring.store import Files
from moderation.text.disguise import Deobfuscated, Edit
from moderation.text.reading import Text, Weight

NOTE = "careful"  # in a text's notes: the outputs that an explanation needs
# An explanation hides words in turn. These bound its time.
MAX_HIDDEN_WORDS, MAX_HIDDEN_TOKENS = 6, 384


@dataclass
class WindowScores:
    """A text's windows (parts that the network reads at once) and the network's outputs for them.

    `view` is the text that `prepare` returned. `pooled` has log-odds (windows x heads), `tokens`
    the outputs for each token of each window. `lost` has, by window and word, the log-odds (one per
    head) that the scores lose if the word is hidden.
    """

    view: Deobfuscated
    windows: list[Encoded]
    pooled: Floats
    tokens: list[Floats]
    lost: dict[tuple[int, int], Floats] = field(default_factory=dict)


class Context(NamedTuple):
    """The network's outputs for the sentences of some texts, read within their texts.

    `means` and `peaks` (sentences x heads) are probabilities: from the mean and from the highest
    output of a sentence's tokens. `tokens` counts these tokens. A sentence without tokens has the
    lowest probabilities.
    """

    means: Probabilities
    peaks: Probabilities
    tokens: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TransformerScorer:
    """Scores texts in windows (parts that the network reads at once). The highest score counts.

    Disguised spellings are undone before.
    """

    heads: tuple[str, ...]
    transformer: Transformer
    mixture: Floats
    offsets: Floats
    knots: npt.NDArray[np.floating]
    ensemble: EnsembleCard | None = None  # see `cascade`

    def score(self, texts: Sequence[Text]) -> Mapping[str, Probabilities]:
        """Return, by score name, one calibrated probability per text."""
        probabilities = calibrated(self.logits(texts), self.knots)
        return {head: probabilities[:, column] for column, head in enumerate(self.heads)}

    def logits(self, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
        """Return, for each text and score, the highest uncalibrated log-odds of its windows."""
        views = [prepare(text.deobfuscated.text) for text in texts]
        encoded = [self.transformer.encode(view.text) for view in views]
        parts = [window.ids for windows in encoded for window in windows]
        if not parts:
            return np.zeros((0, len(self.heads)))
        pooled, tokens = self.transformer.run(parts)
        mixed = pooled @ self.mixture + self.offsets
        highest = np.zeros((len(texts), len(self.heads)))
        done = 0
        for row, (text, view, windows) in enumerate(zip(texts, views, encoded, strict=True)):
            rows = slice(done, done + len(windows))
            highest[row] = mixed[rows].max(axis=0)
            text.notes[NOTE] = WindowScores(view, windows, mixed[rows], tokens[rows])
            text.notes[UNREAD] = any(
                before.start + len(before.ids) < window.start
                for before, window in pairwise(windows)
            )
            done += len(windows)
        return highest

    def in_context(self, texts: Sequence[Text]) -> Context:
        """Return the network's outputs for each sentence of the texts, read within its text.

        The texts must be scored already. Their outputs, which `logits` noted, are used again, so
        this costs little.
        """
        contexts = [self._in_context(text) for text in texts]
        means, peaks, tokens = (np.concatenate(part) for part in zip(*contexts, strict=True))
        return Context(calibrated(means, self.knots), calibrated(peaks, self.knots), tokens)

    def _in_context(self, text: Text) -> Context:
        """Return the `Context` of one text, with uncalibrated log-odds instead of probabilities."""
        scores: WindowScores = text.notes[NOTE]
        starts = [sentence.start for sentence in text.sentences]
        for edits in (text.deobfuscated.edits, scores.view.edits):
            starts = list(_moved(edits, starts)) if edits else starts
        places = [place[0] for window in scores.windows for place in window.places]
        bounds = np.array([0, *(bisect_left(places, start) for start in starts[1:]), len(places)])
        tokens = np.diff(bounds)
        outputs = np.concatenate(scores.tokens) @ self.mixture + self.offsets
        means = np.full((len(tokens), len(self.heads)), -np.inf)
        peaks = means.copy()
        read = np.flatnonzero(tokens)
        if len(read):
            means[read] = np.add.reduceat(outputs, bounds[read]) / tokens[read, None]
            peaks[read] = np.maximum.reduceat(outputs, bounds[read])
        return Context(means, peaks, tokens)

    def explain(self, text: Text, head: str) -> list[Weight]:
        """Return the words without which the score `head` would be lower, heaviest first.

        Of the window with the highest score, the words with the highest outputs are hidden in turn.
        A word's weight is what the score loses without it.
        """
        if NOTE not in text.notes:
            self.logits([text])
        scores: WindowScores = text.notes[NOTE]
        column = self.heads.index(head)
        number = int(scores.pooled[:, column].argmax())
        window = scores.windows[number]
        outputs = scores.tokens[number] @ self.mixture[:, column]
        words = _words(text, scores.view, window)
        most = MAX_HIDDEN_TOKENS // len(scores.windows) // (len(window.ids) + 2)
        likely = sorted(words, key=lambda word: -max(outputs[at] for at in words[word]))[
            : max(2, min(MAX_HIDDEN_WORDS, most))
        ]
        self._hide(scores, number, {word: words[word] for word in likely})
        lost = {word: float(scores.lost[number, word][column]) for word in likely}
        total = sum(loss for loss in lost.values() if loss > 0)
        weights = [
            Weight(text.tokens[word].start, text.tokens[word].end, loss / total)
            for word, loss in lost.items()
            if loss > 0
        ]
        return sorted(weights, key=lambda weight: -weight.share)

    def _hide(self, scores: WindowScores, number: int, words: Mapping[int, Sequence[int]]) -> None:
        """Fill `scores.lost` for words of the window `number`. `words` has each word's tokens."""
        new = [word for word in words if (number, word) not in scores.lost]
        if not new:
            return
        ids = scores.windows[number].ids
        mask = np.ones((len(new), len(ids) + 2), np.int32)
        for row, word in enumerate(new):
            mask[row, np.array(words[word]) + 1] = 0
        pooled, _ = self.transformer.masked([ids] * len(new), mask)
        lost = scores.pooled[number] - (pooled @ self.mixture + self.offsets)
        scores.lost |= {(number, word): lost[row] for row, word in enumerate(new)}


def _moved(edits: Sequence[Edit], starts: Sequence[int]) -> Iterator[int]:
    """Yield, for each place in a text, its place after the edits of `deobfuscate` or `prepare`.

    >>> edits = prepare("@ravi says www.example.com is down. Is it?").edits
    >>> [*_moved(edits, [0, 36])]
    [0, 25]
    """
    stops = [edit.stop for edit in edits]
    for start in starts:
        before = bisect_right(stops, start)
        if before < len(edits) and edits[before].start < start:
            yield edits[before].at
        else:
            yield start + (edits[before - 1].end - stops[before - 1] if before else 0)


def _words(text: Text, view: Deobfuscated, window: Encoded) -> dict[int, list[int]]:
    """Return the window's tokens by the word that they belong to, an index in `text.tokens`."""
    words = [number for number, token in enumerate(text.tokens) if token.kind != "other"]
    starts = [text.tokens[number].start for number in words]
    tokens: dict[int, list[int]] = {}
    for at, place in enumerate(window.places):
        start, end = text.deobfuscated.span(*view.span(*place))
        nearest = bisect_right(starts, max(end - 1, start)) - 1
        if nearest >= 0 and text.tokens[words[nearest]].end > start:
            tokens.setdefault(words[nearest], []).append(at)
    return tokens


def load(files: Files) -> TransformerScorer:
    """Return the scorer that is stored in these files."""
    card = files.parsed_card(TransformerCard)
    return TransformerScorer(
        heads=card.heads,
        transformer=Transformer(files),
        mixture=files.array("mixture"),
        offsets=files.array("offsets"),
        knots=files.array("knots").astype(np.float64),
        ensemble=card.together,
    )
