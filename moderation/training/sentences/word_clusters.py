"""Classes of words with like neighbours, learned from plain text.

Words that stand between the same words do the same work: 'provides' and 'supports', 'lakh' and
'million'. A word's neighbours are counted, weighed by pointwise mutual information, condensed
by singular value decomposition (after Schütze 1995) and gathered by k-means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD

from moderation.scoring.tagger import seen
from moderation.text.reading import read

_VOCABULARY = 20_000  # words that get a class
_NEIGHBOURS = 2_000  # words whose company counts
_FEWEST = 8  # times a word must have been seen
_WIDTH = 64  # numbers that describe a word
_LONGEST = 600  # characters read of one text
_EDGE = "\n"  # a text's beginning and end

Ints = npt.NDArray[np.int64]


def word_clusters(texts: Iterable[str], count: int = 256, seed: int = 0) -> list[str]:
    """`count` lines that each hold the words of one class, the commonest first."""
    words = [word for text in texts for word in _words(text)]
    seen_often = Counter(words).most_common(_VOCABULARY)
    vocabulary = [word for word, times in seen_often if times >= _FEWEST]
    described = _described(words, vocabulary, seed)
    count = min(count, len(vocabulary))
    model = MiniBatchKMeans(count, random_state=seed, batch_size=4096, n_init=3)
    labels = model.fit_predict(described)
    lines: list[list[str]] = [[] for _ in range(count)]
    for word, label in zip(vocabulary, labels, strict=True):
        lines[label].append(word)
    return [" ".join(line) for line in lines]


def _words(text: str) -> Iterator[str]:
    yield _EDGE
    yield from map(seen, read(text[:_LONGEST]).tokens)
    yield _EDGE


def _described(words: list[str], vocabulary: list[str], seed: int) -> npt.NDArray[np.float64]:
    """One vector of length 1 for each word of the vocabulary."""
    places = {word: place for place, word in enumerate(vocabulary)}
    ids = np.array([places.get(word, -1) for word in words], np.int64)
    left, right = _counts(ids[1:], ids[:-1], len(places)), _counts(ids[:-1], ids[1:], len(places))
    counts = sparse.hstack([left, right]).tocsr()
    counts.sum_duplicates()
    rows, columns = (np.asarray(counts.sum(axis)).ravel() for axis in (1, 0))
    pairs = counts.tocoo()
    expected = rows[pairs.row] * columns[pairs.col] / counts.sum()
    pairs.data = np.maximum(np.log(pairs.data / expected), 0)
    width = min(_WIDTH, min(counts.shape) - 1)
    vectors = TruncatedSVD(width, random_state=seed).fit_transform(pairs.tocsr())
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float64)


def _counts(words: Ints, neighbours: Ints, size: int) -> sparse.csr_matrix:
    """How often each word stood beside each of the common neighbours."""
    known = (words >= 0) & (neighbours >= 0) & (neighbours < _NEIGHBOURS)
    ones = np.ones(int(known.sum()))
    return sparse.csr_matrix((ones, (words[known], neighbours[known])), (size, _NEIGHBOURS))
