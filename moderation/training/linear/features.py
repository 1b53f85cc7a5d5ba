"""The shared n-grams as a scikit-learn transformer: what is learned is what will be served.

Of millions of texts the n-grams do not fit into memory: `shelved` keeps them on disk in chunks,
by joblib's Memory, and whoever learns from them has one chunk at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from joblib import Memory, Parallel, delayed
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from moderation.scoring.ngrams import Recipe

BATCH = 512  # texts hashed together: the intermediate arrays stay under some 100 MB
CHUNK = 8192  # texts whose n-grams are in memory at once: some 40 MB


class HashedNgrams(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Texts to a sparse matrix of hashed n-grams, rows of length 1, values from `Recipe.vectors`.

    `jobs` processes share the work; None: this one alone, or those of joblib's own context.

    >>> HashedNgrams(chars=(1, 2), words=(1, 1), bits=10).fit_transform(["a b", ""]).shape
    (2, 1024)
    """

    def __init__(
        self,
        chars: tuple[int, int] = (2, 5),
        words: tuple[int, int] = (1, 2),
        bits: int = 20,
        jobs: int | None = None,
    ) -> None:
        self.chars = chars
        self.words = words
        self.bits = bits
        self.jobs = jobs

    @property
    def recipe(self) -> Recipe:
        """The n-grams that are read, for the model's card."""
        return Recipe(self.chars, self.words, self.bits)

    def fit(self, texts: Iterable[str], labels: object = None) -> Self:  # noqa: ARG002 - sklearn's
        """Nothing is learned: a hash needs no vocabulary."""
        return self

    def transform(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """One row of float32 per text, batch by batch so that memory stays flat."""
        recipe = self.recipe
        batches = _batches(texts, BATCH)
        blocks = Parallel(self.jobs)(delayed(_rows)(recipe, batch) for batch in batches)
        if not blocks:
            return sparse.csr_matrix((0, 1 << self.bits), dtype=np.float32)
        return sparse.vstack(blocks, format="csr")

    def __sklearn_is_fitted__(self) -> bool:
        return True


@dataclass(frozen=True)
class Shelved:
    """The features of many texts, on disk; `chunks` are joblib's references to them."""

    chunks: Sequence[Any]  # joblib has no types

    def of(self, rows: npt.NDArray[np.int64], more: sparse.csr_matrix | None = None) -> Chosen:
        """The features of these rows, which must ascend, and `more` behind them."""
        return Chosen(self, rows, more)


@dataclass(frozen=True)
class Chosen:
    """Some rows of shelved features: whoever goes over it reads them anew, block by block."""

    shelf: Shelved
    rows: npt.NDArray[np.int64]
    more: sparse.csr_matrix | None = None

    def __iter__(self) -> Iterator[sparse.csr_matrix]:
        edges = np.searchsorted(self.rows, np.arange(len(self.shelf.chunks) + 1) * CHUNK)
        for number, (start, stop) in enumerate(pairwise(edges)):
            if stop > start:
                chunk = self.shelf.chunks[number].get()
                yield chunk[self.rows[start:stop] - number * CHUNK]
        if self.more is not None:
            yield self.more


def shelved(texts: Iterable[str], ngrams: HashedNgrams, memory: Memory, code: str) -> Shelved:
    """The features of `texts`, kept by `memory`; what it has from the same `code` stays."""
    keep = memory.cache(_chunk, ignore=["texts"])
    return Shelved(
        [
            keep.call_and_shelve(f"{code} {_digest(batch)}", ngrams, batch)
            for batch in _batches(texts, CHUNK)
        ]
    )


def _chunk(key: str, ngrams: HashedNgrams, texts: list[str]) -> sparse.csr_matrix:  # noqa: ARG001
    return ngrams.transform(texts)  # `key` is what the cache knows the texts by


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    stream = iter(texts)
    while batch := list(islice(stream, size)):
        yield batch


def _rows(recipe: Recipe, texts: list[str]) -> sparse.csr_matrix:
    data, indices, indptr = recipe.vectors(texts)
    columns = indices.astype(np.int32)  # half the memory of numpy's default
    shape = (len(texts), 1 << recipe.bits)
    return sparse.csr_matrix((data, columns, indptr.astype(np.int32)), shape=shape)
