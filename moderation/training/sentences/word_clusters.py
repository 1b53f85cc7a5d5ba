"""Compute word clusters: groups of words that occur between similar words.

The words of a cluster have the same function: 'provides' and 'supports', 'lakh' and 'million'. The
neighbours of each word are counted in plain text and weighted by pointwise mutual information. The
counts are reduced by singular value decomposition (after Schütze 1995) and clustered by k-means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD

from moderation.scoring.tagger import token_form
from moderation.text.reading import read

_VOCABULARY = 20_000  # the most frequent words, which are clustered
_CONTEXT_WORDS = 2_000  # the most frequent words, which are counted as neighbours
_MIN_COUNT = 8  # occurrences of a word that is clustered
_DIMENSIONS = 64  # of a word's vector
_MAX_CHARACTERS = 600  # of one text
_EDGE = "\n"  # marks the start and the end of a text

Ints = npt.NDArray[np.int64]


def word_clusters(texts: Iterable[str], count: int = 256, seed: int = 0) -> list[str]:
    """Group the words of `texts` into `count` clusters, and return a line of words for each.

    The words of a cluster occur between similar words. The most frequent word is the first in its
    line.
    """
    words = [word for text in texts for word in _words(text)]
    most_common = Counter(words).most_common(_VOCABULARY)
    vocabulary = [word for word, occurrences in most_common if occurrences >= _MIN_COUNT]
    vectors = _word_vectors(words, vocabulary, seed)
    count = min(count, len(vocabulary))
    model = MiniBatchKMeans(count, random_state=seed, batch_size=4096, n_init=3)
    labels = model.fit_predict(vectors)
    lines: list[list[str]] = [[] for _ in range(count)]
    for word, label in zip(vocabulary, labels, strict=True):
        lines[label].append(word)
    return [" ".join(line) for line in lines]


def _words(text: str) -> Iterator[str]:
    yield _EDGE
    yield from map(token_form, read(text[:_MAX_CHARACTERS]).tokens)
    yield _EDGE


def _word_vectors(words: list[str], vocabulary: list[str], seed: int) -> npt.NDArray[np.float64]:
    """Return a vector for each word of the vocabulary (words x dimensions).

    Words that occur between similar words have similar vectors. A vector has length 1.
    """
    indices = {word: index for index, word in enumerate(vocabulary)}
    ids = np.array([indices.get(word, -1) for word in words], np.int64)
    size = len(indices)
    left, right = _counts(ids[1:], ids[:-1], size), _counts(ids[:-1], ids[1:], size)
    counts = sparse.hstack([left, right]).tocsr()
    counts.sum_duplicates()
    rows, columns = (np.asarray(counts.sum(axis)).ravel() for axis in (1, 0))
    pairs = counts.tocoo()
    expected = rows[pairs.row] * columns[pairs.col] / counts.sum()
    pairs.data = np.maximum(np.log(pairs.data / expected), 0)
    dimensions = min(_DIMENSIONS, min(counts.shape) - 1)
    vectors = TruncatedSVD(dimensions, random_state=seed).fit_transform(pairs.tocsr())
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float64)


def _counts(words: Ints, neighbours: Ints, size: int) -> sparse.csr_matrix:
    """Count how often frequent words are neighbours of each word (words x frequent words)."""
    counted = (words >= 0) & (neighbours >= 0) & (neighbours < _CONTEXT_WORDS)
    ones = np.ones(int(counted.sum()))
    return sparse.csr_matrix((ones, (words[counted], neighbours[counted])), (size, _CONTEXT_WORDS))
