"""Hashed n-grams of characters and words, computed with numpy and without a loop over characters.

The lower-cased code points of all texts are in one array. A rolling polynomial hash gives all
character n-grams with one vector operation per n, and a prefix hash gives all words. Each n-gram
has its row and its characters, which makes the explanation of a linear model cheap.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

# Odd 64-bit multipliers with well-mixed bits (the first is Knuth's 2^64 / golden ratio).
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xBF58476D1CE4E5B9)  # splitmix64's first multiplier (Steele et al. 2014)
_PAIR = np.uint64(0x94D049BB133111EB)  # its second: 'a b' and 'b a' get different hashes
_FACTOR = np.uint64(_BASE)
_SPACE = 32


class Ngrams(NamedTuple):
    """The n-grams of some texts: for each, its hash, the row of its text, and its place there."""

    hashes: Hashes
    rows: Ints
    starts: Ints
    ends: Ints


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which n-grams a model reads. The model's card stores it.

    `chars` and `words` are the smallest and the largest n of character and word n-grams; (0, 0)
    means none. There are 2**`bits` hash buckets.
    """

    chars: tuple[int, int] = (2, 5)
    words: tuple[int, int] = (1, 2)
    bits: int = 20

    def ngrams(self, texts: Sequence[str]) -> Ngrams:
        """Return all n-grams of `texts`."""
        codes, rows, offsets = _code_points(texts)
        parts = [*_chars(codes, rows, *self.chars), *_words(codes, rows, *self.words)]
        if not parts:
            empty = np.zeros(0, np.int64)
            return Ngrams(empty.astype(np.uint64), empty, empty, empty)
        hashes, starts, ends = (np.concatenate(column) for column in zip(*parts, strict=True))
        row = rows[starts]
        return Ngrams(hashes, row, starts - offsets[row], ends - offsets[row])

    def hashes(self, text: str) -> Hashes:
        """Return the hashes of one text's n-grams. Takes half the time of `ngrams`.

        >>> recipe = Recipe(chars=(1, 3), words=(1, 2))
        >>> sorted(recipe.hashes("Well said.")) == sorted(recipe.ngrams(["Well said."]).hashes)
        True
        """
        codes = _codes(" " + _lowered(text) + " ")
        parts = []
        rolling = codes
        for n in range(1, min(self.chars[1], len(codes)) + 1):
            if n > 1:
                rolling = rolling[:-1] * _FACTOR + codes[n - 1 :]
            if n >= max(self.chars[0], 1):
                parts.append(rolling + np.uint64(n))
        if self.words[1]:
            parts += [hashes for hashes, _, _ in _words(codes, None, *self.words)]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)

    def word_means(self, values: npt.NDArray[Any], lengths: Sequence[int]) -> Floats:
        """Return the mean of `values` over the n-grams inside each word.

        `values` has one number per hash that `hashes` returns. `lengths` are the words' lengths;
        the text is the words joined by single spaces.

        >>> recipe = Recipe(chars=(1, 2), words=(1, 1))
        >>> hashes = recipe.hashes("to be")
        >>> recipe.word_means(hashes == recipe.hashes("b")[1], [2, 2])  # one of 8 is a 'b'
        array([0.   , 0.125], dtype=float32)
        """
        total = np.zeros(len(values) + 1, np.int64)
        np.cumsum(values, out=total[1:])
        padded = np.array(lengths) + 2  # with the spaces before and after
        edges = np.cumsum(padded - 1)
        size = int(edges[-1]) + 1  # of the padded text
        n = np.arange(max(self.chars[0], 1), min(self.chars[1], size) + 1)[:, None]
        blocks = np.cumsum(size - n + 1)[:, None]  # where the n-grams of the next n start
        inside = np.maximum(padded - n + 1, 0)
        starts = edges - padded + 1 + blocks - (size - n + 1)
        sums = (total[starts + inside] - total[starts]).sum(axis=0)
        counts = inside.sum(axis=0)
        first_word = int(blocks[-1, 0]) if len(n) else 0
        if len(values) == first_word + len(lengths):  # otherwise a word has hyphens: it is several
            sums, counts = sums + values[first_word:], counts + 1
        means: Floats = (sums / counts).astype(np.float32)
        return means

    def buckets(self, hashes: Hashes) -> Ints:
        """Return the bucket of each hash, from 0 to 2**bits - 1."""
        mixed = (hashes ^ (hashes >> np.uint64(31))) * _MIX
        return (mixed >> np.uint64(64 - self.bits)).astype(np.int64)

    def vectors(self, texts: Sequence[str]) -> tuple[Floats, Ints, Ints]:
        """Return `texts` as the rows of a sparse matrix (CSR): data, indices and row pointers.

        The columns are hash buckets. A bucket's value is the square root of its number of n-grams,
        divided so that each row has the Euclidean norm 1.

        >>> data, indices, indptr = Recipe(chars=(1, 2), words=(0, 0)).vectors(["aa", ""])
        >>> len(indices), indptr.tolist(), round(float((data**2).sum()), 3)
        (7, [0, 5, 7], 2.0)
        """
        keys = self._keys(texts)
        borders = (np.arange(len(texts) + 1) << self.bits).astype(keys.dtype)
        keys.sort()
        new = np.ones(len(keys), np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=new[1:])
        firsts = np.flatnonzero(new)
        unique = keys[firsts]
        counts = np.append(firsts[1:], len(keys)) - firsts if len(keys) else firsts
        indptr = unique.searchsorted(borders)
        lengths = np.diff(keys.searchsorted(borders))
        data = np.sqrt(counts / np.repeat(lengths, np.diff(indptr))).astype(np.float32)
        return data, (unique & ((1 << self.bits) - 1)).astype(np.int64), indptr

    def _keys(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        """Return the row and bucket of every n-gram as one number, of a type that sorts fast."""
        if len(texts) == 1:
            return self.buckets(self.hashes(texts[0])).astype(np.uint32)
        codes, rows, _ = _code_points(texts)
        parts = [*_chars(codes, rows, *self.chars), *_words(codes, rows, *self.words)]
        if not parts:
            return np.zeros(0, np.uint32)
        keys = self.buckets(np.concatenate([hashes for hashes, _, _ in parts]))
        keys |= np.concatenate([rows[starts] for _, starts, _ in parts]) << self.bits
        return keys if (len(texts) + 1) << self.bits > 1 << 32 else keys.astype(np.uint32)


def _code_points(texts: Sequence[str]) -> tuple[Hashes, Ints, Ints]:
    """Return all lower-cased texts in one array, each code point's row, and each text's offset.

    Each text has a space before and after it.
    """
    joined = " " + "  ".join([_lowered(text) for text in texts]) + " " if texts else ""
    lengths = np.array([len(text) + 2 for text in texts], np.int64)
    offsets = np.cumsum(lengths) - lengths + 1
    return _codes(joined), np.repeat(np.arange(len(texts)), lengths), offsets


def _lowered(text: str) -> str:
    """Return a text in lower case, of the same length even where `str.lower` changes it ('İ')."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower()[:1] for char in text)


def _codes(text: str) -> Hashes:
    """Return a text's code points. Controls, white space and no-break spaces become a space."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    codes[(codes <= _SPACE) | (codes == 0xA0)] = _SPACE
    return codes


def _chars(codes: Hashes, rows: Ints, low: int, high: int) -> list[tuple[Hashes, Ints, Ints]]:
    """Return, for each n from `low` to `high`, the hashes, starts and ends of character n-grams."""
    parts = []
    rolling = np.zeros(len(codes), np.uint64)
    places = np.arange(len(codes))
    for n in range(1, high + 1):
        if len(codes) < n:
            break
        rolling = rolling[: len(codes) - n + 1] * np.uint64(_BASE) + codes[n - 1 :]
        if n >= max(low, 1):
            inside = rows[: len(rolling)] == rows[n - 1 :]
            starts = places[: len(rolling)][inside]
            parts.append((rolling[inside] + np.uint64(n), starts, starts + n))
    return parts


def _words(
    codes: Hashes, rows: Ints | None, low: int, high: int
) -> list[tuple[Hashes, Ints, Ints]]:
    """Return, for each n from `low` to `high`, the hashes, starts and ends of word n-grams.

    A word is a run of letters, digits and inner apostrophes. A single text needs no `rows`.
    """
    if not high or not len(codes):
        return []
    inside = _WORD_CHAR.take(codes.astype(np.int64), mode="clip")
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1  # every text has a space at both ends
    starts, ends = edges[::2], edges[1::2]
    powers, inverses = _powers(len(codes))
    prefix = np.cumsum(codes * inverses[: len(codes)])
    single = (prefix[ends - 1] - prefix[starts - 1]) * powers[starts]
    parts, hashes = [], single
    for n in range(1, high + 1):
        if n > 1:
            if len(single) < n:
                break
            hashes = hashes[: len(single) - n + 1] * _PAIR + single[n - 1 :]
        if n >= low:
            first, last = starts[: len(hashes)], ends[n - 1 :]
            salted = hashes * _PAIR + np.uint64(1000 + n)
            if rows is not None and n > 1:
                same_text = rows[first] == rows[last - 1]
                salted, first, last = salted[same_text], first[same_text], last[same_text]
            parts.append((salted, first, last))
    return parts


def _word_characters() -> npt.NDArray[np.bool_]:
    """Return an array that tells which code points of Unicode's first plane belong to words.

    The last entry counts for all other planes.
    """
    kinds = "".join(map(unicodedata.category, map(chr, range(0x10000))))
    table = np.isin(np.array([*kinds[::2], ""]), [*"LMN"])
    table[ord("'")] = True
    return table


_WORD_CHAR = _word_characters()
_POWERS: list[tuple[Hashes, Hashes]] = [(np.ones(1, np.uint64), np.ones(1, np.uint64))]


def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Return the first `size` powers of the hash's base and of the base's inverse, cached."""
    powers, inverses = _POWERS[0]
    if len(powers) < size:
        count = 1 << max(size - 1, 1).bit_length()
        powers = np.full(count, _BASE, np.uint64)
        inverses = np.full(count, _INVERSE, np.uint64)
        powers[0] = inverses[0] = 1
        powers, inverses = np.cumprod(powers), np.cumprod(inverses)
        _POWERS[0] = (powers, inverses)
    return powers[:size], inverses[:size]
