"""Features: training computes the same n-grams as the service."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from moderation.batch.backends import Backend
from moderation.scoring.ngrams import Recipe
from moderation.training.linear.features import BATCH, HashedNgrams


def test_features_equal_those_of_the_recipe() -> None:
    """A row has exactly the values that the service computes."""
    recipe = Recipe((2, 3), (1, 2), 12)
    data, indices, indptr = recipe.vectors(["Well said.", "", "नमस्ते"])
    matrix = HashedNgrams((2, 3), (1, 2), 12).transform(["Well said.", "", "नमस्ते"])
    assert np.array_equal(matrix.data, data)
    assert np.array_equal(matrix.indices, indices)
    assert np.array_equal(matrix.indptr, indptr)


def test_batches_make_no_difference() -> None:
    """A text's row does not depend on other texts, or on the number of processes."""
    texts = [f"comment number {number}" for number in range(BATCH + 3)]
    together = HashedNgrams(bits=14).transform(texts)
    alone = HashedNgrams(bits=14).transform(iter(texts[-1:]))
    parallel = HashedNgrams(bits=14, jobs=2).transform(texts)
    assert (together[-1] != alone).nnz == 0
    assert (together != parallel).nnz == 0


def test_no_texts() -> None:
    """They give a matrix without rows."""
    assert HashedNgrams(bits=8).transform([]).shape == (0, 256)


def test_it_works_in_a_scikit_learn_pipeline() -> None:
    """It can be cloned, fitted and used to predict."""
    pipeline = clone(make_pipeline(HashedNgrams(bits=12), LogisticRegression()))
    pipeline.fit(["you fool", "well said", "you idiot", "good point"], [1, 0, 1, 0])
    assert pipeline.predict(["you idiot"]).tolist() == [1]


def test_a_backend_gives_the_same_features() -> None:
    """They are equal bit for bit, wherever they are computed."""
    texts = [f"Comment number {number} is about the roads." for number in range(1_500)]
    ngrams = HashedNgrams(bits=14)
    alone = ngrams.transform(texts)
    with Backend("loky", jobs=2).connected() as pool, pool.for_joblib():
        parallel = ngrams.transform(texts)
    assert (alone != parallel).nnz == 0
