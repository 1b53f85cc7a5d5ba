"""The shared n-grams as a scikit-learn transformer: what is learned is what will be served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Self

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from moderation.ngrams import Recipe

BATCH = 512  # texts hashed together: the intermediate arrays stay under some 100 MB


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
        blocks = Parallel(self.jobs)(delayed(_rows)(recipe, batch) for batch in _batches(texts))
        if not blocks:
            return sparse.csr_matrix((0, 1 << self.bits), dtype=np.float32)
        return sparse.vstack(blocks, format="csr")

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    stream = iter(texts)
    while batch := list(islice(stream, BATCH)):
        yield batch


def _rows(recipe: Recipe, texts: list[str]) -> sparse.csr_matrix:
    data, indices, indptr = recipe.vectors(texts)
    columns = indices.astype(np.int32)  # half the memory of numpy's default
    shape = (len(texts), 1 << recipe.bits)
    return sparse.csr_matrix((data, columns, indptr.astype(np.int32)), shape=shape)
