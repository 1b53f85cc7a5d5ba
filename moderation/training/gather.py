"""Labelled rows to arrays: each text once, read as it will be read in service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.text import read
from moderation.training.corpora import Row
from moderation.training.splits import Part


class Labelled(NamedTuple):
    """What one label says: the rows it speaks about, and a value 0..1 for each."""

    rows: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gathered:
    """Texts and what is known of them, row by row."""

    texts: list[str]
    parts: npt.NDArray[np.str_]
    natural: npt.NDArray[np.bool_]
    labels: dict[str, Labelled]
    sources: Counter[str]

    def of(self, label: str, *parts: Part, natural: bool = False) -> Labelled:
        """What a label says of these parts, on natural rows only where asked."""
        rows, values = self.labels[label]
        kept = np.isin(self.parts[rows], parts)
        if natural:
            kept &= self.natural[rows]
        return Labelled(rows[kept], values[kept])


def gather(rows: Iterable[Row], labels: Iterable[str]) -> Gathered:
    """The rows that any of `labels` speaks about; a text that stands twice has mean values."""
    wanted = set(labels)
    texts: dict[str, int] = {}
    parts: list[Part] = []
    natural: list[bool] = []
    found: dict[str, dict[int, list[float]]] = {label: {} for label in sorted(wanted)}
    sources: Counter[str] = Counter()
    for row in rows:
        said = {label: value for label, value in row.labels.items() if label in wanted}
        if not said:
            continue
        sources[row.source] += 1
        text = read(row.text).folded.text
        at = texts.setdefault(text, len(texts))
        if at == len(parts):
            parts.append(row.part)
            natural.append(row.natural)
        natural[at] |= row.natural
        for label, value in said.items():
            found[label].setdefault(at, []).append(value)
    return Gathered(
        texts=list(texts),
        parts=np.array(parts),
        natural=np.array(natural),
        labels={label: _labelled(values) for label, values in found.items()},
        sources=sources,
    )


def _labelled(values: dict[int, Any]) -> Labelled:
    means = [float(np.mean(several)) for several in values.values()]
    return Labelled(np.array(list(values), np.int64), np.array(means))
