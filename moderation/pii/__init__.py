"""Personal details in a text: one kind of search per file, from clean text to places in it."""

from __future__ import annotations

from typing import NamedTuple

MOST = 40
"""Candidates of one kind looked at closely in one comment; nobody writes more."""


class Detail(NamedTuple):
    """Something personal at `start`..`end` of the clean text, and how sure that is (0..1)."""

    start: int
    end: int
    kind: str
    score: float
