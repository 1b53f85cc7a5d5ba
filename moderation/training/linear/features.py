"""The hashed n-grams of the linear models as a scikit-learn transformer.

They are computed with the code of the service. The n-grams of millions of texts do not fit
into memory, so `shelved` stores them on disk in chunks (with joblib's Memory). Training reads one
chunk at a time.
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

BATCH = 512  # texts hashed at once: the intermediate arrays need at most about 100 MB
CHUNK = 8192  # texts whose n-grams are in memory at once: about 40 MB


class HashedNgrams(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Turns texts into a sparse matrix of hashed n-grams, with rows of length 1.

    `jobs` is the number of processes; None for one, or for those of the current joblib context.

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
        """The n-grams to extract, for the model's card."""
        return Recipe(self.chars, self.words, self.bits)

    def fit(self, texts: Iterable[str], labels: object = None) -> Self:  # noqa: ARG002 - sklearn's
        """Do nothing: hashing needs no vocabulary."""
        return self

    def transform(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Return a matrix of float32, one row for each text. Works in batches to save memory."""
        recipe = self.recipe
        batches = _batches(texts, BATCH)
        blocks = Parallel(self.jobs)(delayed(_rows)(recipe, batch) for batch in batches)
        if not blocks:
            return sparse.csr_matrix((0, 1 << self.bits), dtype=np.float32)
        return sparse.vstack(blocks, format="csr")

    def __sklearn_is_fitted__(self) -> bool:
        return True


@dataclass(frozen=True)
class StoredFeatures:
    """The features of many texts on disk. `chunks` are joblib's references to them."""

    chunks: Sequence[Any]  # joblib has no types

    def of(self, rows: npt.NDArray[np.int64], more: sparse.csr_matrix | None = None) -> FeatureRows:
        """Return the features of `rows`, which must be in ascending order, then those of `more`."""
        return FeatureRows(self, rows, more)


@dataclass(frozen=True)
class FeatureRows:
    """Some rows of stored features. Each iteration reads them from disk, block by block."""

    stored: StoredFeatures
    rows: npt.NDArray[np.int64]
    more: sparse.csr_matrix | None = None

    def __iter__(self) -> Iterator[sparse.csr_matrix]:
        edges = np.searchsorted(self.rows, np.arange(len(self.stored.chunks) + 1) * CHUNK)
        for number, (start, stop) in enumerate(pairwise(edges)):
            if stop > start:
                chunk = self.stored.chunks[number].get()
                yield chunk[self.rows[start:stop] - number * CHUNK]
        if self.more is not None:
            yield self.more


def store_features(
    texts: Iterable[str], ngrams: HashedNgrams, memory: Memory, code: str
) -> StoredFeatures:
    """Store the features of `texts` in `memory`. Chunks stored by the same `code` are reused."""
    cached = memory.cache(_chunk, ignore=["texts"])
    return StoredFeatures(
        [
            cached.call_and_shelve(f"{code} {_digest(batch)}", ngrams, batch)
            for batch in _batches(texts, CHUNK)
        ]
    )


def _chunk(key: str, ngrams: HashedNgrams, texts: list[str]) -> sparse.csr_matrix:  # noqa: ARG001
    return ngrams.transform(texts)  # `key` identifies the texts in the cache


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
