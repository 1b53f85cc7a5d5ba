"""Hashed n-grams of characters and words, computed with numpy and no loop over characters.

One reading serves one text and many: the lower-cased code points of all texts stand in one
array; a rolling polynomial hash gives every character n-gram in one vector operation per n,
and a prefix hash gives every word. Each n-gram knows its row and its characters, so that a
linear model's explanation costs one more gather.
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
_PAIR = np.uint64(0x94D049BB133111EB)  # and its second, to tell 'a b' from 'b a'
_FACTOR = np.uint64(_BASE)
_SPACE = 32


class Ngrams(NamedTuple):
    """Every n-gram of some texts: its hash, its row, and its characters `start`..`end` there."""

    hashes: Hashes
    rows: Ints
    starts: Ints
    ends: Ints


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which n-grams a model reads; stands in the model's card.

    `chars` and `words` are the smallest and largest n (0, 0 for none), `bits` the logarithm of
    the number of buckets.
    """

    chars: tuple[int, int] = (2, 5)
    words: tuple[int, int] = (1, 2)
    bits: int = 20

    def ngrams(self, texts: Sequence[str]) -> Ngrams:
        """All n-grams of `texts`."""
        codes, rows, offsets = _code_points(texts)
        found = [*_chars(codes, rows, *self.chars), *_words(codes, rows, *self.words)]
        if not found:
            empty = np.zeros(0, np.int64)
            return Ngrams(empty.astype(np.uint64), empty, empty, empty)
        hashes, starts, ends = (np.concatenate(column) for column in zip(*found, strict=True))
        at = rows[starts]
        return Ngrams(hashes, at, starts - offsets[at], ends - offsets[at])

    def hashes(self, text: str) -> Hashes:
        """The hashes of one text's n-grams, without their places, in half the time of `ngrams`.

        >>> recipe = Recipe(chars=(1, 3), words=(1, 2))
        >>> sorted(recipe.hashes("Well said.")) == sorted(recipe.ngrams(["Well said."]).hashes)
        True
        """
        codes = _codes(" " + _lowered(text) + " ")
        found = []
        rolling = codes
        for n in range(1, min(self.chars[1], len(codes)) + 1):
            if n > 1:
                rolling = rolling[:-1] * _FACTOR + codes[n - 1 :]
            if n >= max(self.chars[0], 1):
                found.append(rolling + np.uint64(n))
        if self.words[1]:
            found += [hashes for hashes, _, _ in _words(codes, None, *self.words)]
        return np.concatenate(found) if found else np.zeros(0, np.uint64)

    def word_means(self, values: npt.NDArray[Any], lengths: Sequence[int]) -> Floats:
        """The mean of `values`, one per hash of `hashes`, over the n-grams within each word.

        `lengths` are those of the words, between which one space stood.

        >>> recipe = Recipe(chars=(1, 2), words=(1, 1))
        >>> hashes = recipe.hashes("to be")
        >>> recipe.word_means(hashes == recipe.hashes("b")[1], [2, 2])  # one of 8 is a 'b'
        array([0.   , 0.125], dtype=float32)
        """
        total = np.zeros(len(values) + 1, np.int64)
        np.cumsum(values, out=total[1:])
        padded = np.array(lengths) + 2  # with the space before and after
        edges = np.cumsum(padded - 1)
        size = int(edges[-1]) + 1  # of the whole text, padded
        n = np.arange(max(self.chars[0], 1), min(self.chars[1], size) + 1)[:, None]
        blocks = np.cumsum(size - n + 1)[:, None]  # where the n-grams of the next n start
        inside = np.maximum(padded - n + 1, 0)
        starts = edges - padded + 1 + blocks - (size - n + 1)
        sums = (total[starts + inside] - total[starts]).sum(axis=0)
        counts = inside.sum(axis=0)
        at = int(blocks[-1, 0]) if len(n) else 0
        if len(values) == at + len(lengths):  # else a word has hyphens, and is several
            sums, counts = sums + values[at:], counts + 1
        means: Floats = (sums / counts).astype(np.float32)
        return means

    def buckets(self, hashes: Hashes) -> Ints:
        """The bucket of each hash, 0..2**bits - 1."""
        mixed = (hashes ^ (hashes >> np.uint64(31))) * _MIX
        return (mixed >> np.uint64(64 - self.bits)).astype(np.int64)

    def vectors(self, texts: Sequence[str]) -> tuple[Floats, Ints, Ints]:
        """`texts` as rows of a sparse matrix (CSR): data, indices and row pointers.

        A bucket's value is the square root of its count, and each row has length 1: long
        comments weigh no more than short ones.

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
        """Row and bucket of every n-gram as one number, in a type that sorts quickly."""
        if len(texts) == 1:
            return self.buckets(self.hashes(texts[0])).astype(np.uint32)
        codes, rows, _ = _code_points(texts)
        found = [*_chars(codes, rows, *self.chars), *_words(codes, rows, *self.words)]
        if not found:
            return np.zeros(0, np.uint32)
        keys = self.buckets(np.concatenate([hashes for hashes, _, _ in found]))
        keys |= np.concatenate([rows[starts] for _, starts, _ in found]) << self.bits
        return keys if (len(texts) + 1) << self.bits > 1 << 32 else keys.astype(np.uint32)


def _code_points(texts: Sequence[str]) -> tuple[Hashes, Ints, Ints]:
    """The lower-cased texts as one array, each with a space before and after; rows; offsets.

    Lower-casing is done letter by letter where it would change a text's length ('İ').
    """
    joined = " " + "  ".join([_lowered(text) for text in texts]) + " " if texts else ""
    lengths = np.array([len(text) + 2 for text in texts], np.int64)
    offsets = np.cumsum(lengths) - lengths + 1
    return _codes(joined), np.repeat(np.arange(len(texts)), lengths), offsets


def _lowered(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower()[:1] for char in text)


def _codes(text: str) -> Hashes:
    """Code points, all white space being the space."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    codes[(codes <= _SPACE) | (codes == 0xA0)] = _SPACE
    return codes


def _chars(codes: Hashes, rows: Ints, low: int, high: int) -> list[tuple[Hashes, Ints, Ints]]:
    """Character n-grams, `low` <= n <= `high`, that stay within their text."""
    found = []
    rolling = np.zeros(len(codes), np.uint64)
    places = np.arange(len(codes))
    for n in range(1, high + 1):
        if len(codes) < n:
            break
        rolling = rolling[: len(codes) - n + 1] * np.uint64(_BASE) + codes[n - 1 :]
        if n >= max(low, 1):
            inside = rows[: len(rolling)] == rows[n - 1 :]
            starts = places[: len(rolling)][inside]
            found.append((rolling[inside] + np.uint64(n), starts, starts + n))
    return found


def _words(
    codes: Hashes, rows: Ints | None, low: int, high: int
) -> list[tuple[Hashes, Ints, Ints]]:
    """Word n-grams, words being stretches of letters, digits and inner apostrophes.

    Where all is one text, `rows` can be left out.
    """
    if not high or not len(codes):
        return []
    inside = _WORD_CHAR.take(codes.astype(np.int64), mode="clip")
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1  # every text has a space at both ends
    starts, ends = edges[::2], edges[1::2]
    powers, inverses = _powers(len(codes))
    prefix = np.cumsum(codes * inverses[: len(codes)])
    single = (prefix[ends - 1] - prefix[starts - 1]) * powers[starts]
    found, hashes = [], single
    for n in range(1, high + 1):
        if n > 1:
            if len(single) < n:
                break
            hashes = hashes[: len(single) - n + 1] * _PAIR + single[n - 1 :]
        if n >= low:
            first, last = starts[: len(hashes)], ends[n - 1 :]
            salted = hashes * _PAIR + np.uint64(1000 + n)
            if rows is not None and n > 1:
                kept = rows[first] == rows[last - 1]
                salted, first, last = salted[kept], first[kept], last[kept]
            found.append((salted, first, last))
    return found


def _word_characters() -> npt.NDArray[np.bool_]:
    """Which code points of the first plane stand in words; the last entry is for all beyond."""
    kinds = "".join(map(unicodedata.category, map(chr, range(0x10000))))
    table = np.isin(np.array([*kinds[::2], ""]), [*"LMN"])
    table[ord("'")] = True
    return table


_WORD_CHAR = _word_characters()
_POWERS: list[tuple[Hashes, Hashes]] = [(np.ones(1, np.uint64), np.ones(1, np.uint64))]


def _powers(size: int) -> tuple[Hashes, Hashes]:
    """The first `size` powers of the base and of its inverse, kept for the next call."""
    powers, inverses = _POWERS[0]
    if len(powers) < size:
        wanted = 1 << max(size - 1, 1).bit_length()
        powers = np.full(wanted, _BASE, np.uint64)
        inverses = np.full(wanted, _INVERSE, np.uint64)
        powers[0] = inverses[0] = 1
        powers, inverses = np.cumprod(powers), np.cumprod(inverses)
        _POWERS[0] = (powers, inverses)
    return powers[:size], inverses[:size]
