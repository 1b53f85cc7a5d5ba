"""Find personal details in a text: one kind of search per file."""

from __future__ import annotations

from typing import NamedTuple

MOST = 40
"""The most candidates of one kind that are checked in one comment."""


class Detail(NamedTuple):
    """A personal detail at `start`..`end` of the clean text, with its certainty `score` (0..1)."""

    start: int
    end: int
    kind: str
    score: float
