"""Split rows into train, validation and test by the hash of their text.

So a text is always in the same split, whichever corpus it comes from.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Literal

import regex

Part = Literal["train", "validation", "test"]

_NOISE = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


def key(text: str) -> str:
    """Return a hash of the text's letters and digits; case and punctuation make no difference.

    >>> key("Well  said!") == key("well said")
    True
    """
    normalised = _NOISE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return hashlib.blake2b(normalised.encode("utf-8", "replace"), digest_size=8).hexdigest()


def part(text: str) -> Part:
    """Return the text's split: 80 % train, 10 % validation (for tuning), 10 % test.

    >>> part("Well said!") == part("WELL SAID")
    True
    """
    digit = int(key(text), 16) % 10
    return "validation" if digit == 8 else "test" if digit == 9 else "train"
