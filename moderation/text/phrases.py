"""Compile phrase patterns that are written one per line, for sentences in plain words.

`plain_words.py` makes these sentences: small letters, single spaces, contractions written out. Each
line of a pattern is an alternative, and a match begins and ends at a word's edge.

- `NAME`: the pattern of that name in `parts`.
- `~`: any number of the words in `parts["adverbs"]`: "i ~ want" matches "i really just want".
- `!(a|b)`: not followed by one of these words.

Everything else is a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"\b[A-Z_]{3,}\b")
_UNLESS = re.compile(r"(?<!\(\?)!\(((?:[^()]|\([^()]*\))*)\)")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


def compiled(
    forms: str, parts: Mapping[str, str], ending: str = "(?:(?= )|(?<= ))"
) -> re.Pattern[str]:
    """Compile the lines of `forms` into one pattern. `ending` is what follows a match.

    >>> pattern = compiled("i ~ want to DIE", {"adverbs": "really", "DIE": "die|be dead"})
    >>> bool(pattern.search(" i really want to be dead "))
    True
    """
    adverbs = f"(?:(?:{_expanded(parts.get('adverbs', ''), parts)}) )*"
    pattern = _GROUP.sub("(?:", _expanded(forms, parts).replace("~ ", adverbs))
    return re.compile(rf"(?<![^ ])(?:{pattern}){ending}")


def alternatives(lines: str) -> str:
    """Join lines into one regular expression of alternatives.

    >>> alternatives("yes|no\\nmaybe\\n")
    'yes|no|maybe'
    """
    return "|".join(line.strip() for line in lines.strip().splitlines())


def _expanded(forms: str, parts: Mapping[str, str]) -> str:
    pattern = _UNLESS.sub(r"(?! (?:\1)\\b)", alternatives(forms))
    return _NAME.sub(lambda name: f"(?:{_expanded(parts[name[0]], parts)})", pattern)
