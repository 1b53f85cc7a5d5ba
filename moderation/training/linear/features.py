"""Compute the hashed n-grams of the linear models, as a scikit-learn transformer.

The n-grams are hashed by the code of the service. The n-grams of millions of texts do not fit into
memory, so `store_features` stores them on disk in chunks (with joblib's Memory). Training reads one
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
    """Turns texts into a sparse matrix of hashed n-grams, whose rows have length 1.

    `jobs` is the number of processes. None means one, or the number in joblib's current context.

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
        """The settings that say which n-grams are extracted, in the form that model cards store."""
        return Recipe(self.chars, self.words, self.bits)

    def fit(self, texts: Iterable[str], labels: object = None) -> Self:  # noqa: ARG002 - sklearn's
        """Do nothing, because hashing needs no vocabulary."""
        return self

    def transform(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Return a float32 matrix of n-grams with a row for each text.

        The texts are hashed in batches to save memory.
        """
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
    """The n-grams of many texts, stored on disk in chunks.

    `chunks` are joblib's references to the chunks.
    """

    chunks: Sequence[Any]  # joblib has no types

    def of(self, rows: npt.NDArray[np.int64], more: sparse.csr_matrix | None = None) -> FeatureRows:
        """Return the n-grams of the texts with the numbers `rows`, followed by the rows of `more`.

        `rows` must be in ascending order.
        """
        return FeatureRows(self, rows, more)


@dataclass(frozen=True)
class FeatureRows:
    """Some rows of n-grams that are stored on disk, in blocks.

    Every iteration reads the blocks from disk again.
    """

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
    """Store the n-grams of `texts` on disk with joblib's `memory`.

    If the cache has a chunk of n-grams for the same texts and the same `code`, it is used again.
    """
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
