"""Find personal details in a text: one module for each kind of detail."""

from __future__ import annotations

from typing import NamedTuple

MOST = 40
"""The most candidates of one kind that are checked in one comment."""


class Detail(NamedTuple):
    """A personal detail at `start`..`end` of the text, with its certainty `score` (0..1)."""

    start: int
    end: int
    kind: str
    score: float
