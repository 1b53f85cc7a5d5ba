"""features: what scikit-learn learns from is what the reader serves."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from moderation.batch.backends import Backend
from moderation.scoring.ngrams import Recipe
from moderation.training.linear.features import BATCH, HashedNgrams


def test_same_numbers_as_the_recipe() -> None:
    """A row holds exactly the values that serving computes."""
    recipe = Recipe((2, 3), (1, 2), 12)
    data, indices, indptr = recipe.vectors(["Well said.", "", "नमस्ते"])
    matrix = HashedNgrams((2, 3), (1, 2), 12).transform(["Well said.", "", "नमस्ते"])
    assert np.array_equal(matrix.data, data)
    assert np.array_equal(matrix.indices, indices)
    assert np.array_equal(matrix.indptr, indptr)


def test_batches_change_nothing() -> None:
    """A text's row does not depend on its neighbours, nor on the number of processes."""
    texts = [f"comment number {number}" for number in range(BATCH + 3)]
    whole = HashedNgrams(bits=14).transform(texts)
    alone = HashedNgrams(bits=14).transform(iter(texts[-1:]))
    shared = HashedNgrams(bits=14, jobs=2).transform(texts)
    assert (whole[-1] != alone).nnz == 0
    assert (whole != shared).nnz == 0


def test_no_texts() -> None:
    """No texts are a matrix without rows, not an error."""
    assert HashedNgrams(bits=8).transform([]).shape == (0, 256)


def test_sklearn_manners() -> None:
    """It can be cloned and stands in a pipeline."""
    pipeline = clone(make_pipeline(HashedNgrams(bits=12), LogisticRegression()))
    pipeline.fit(["you fool", "well said", "you idiot", "good point"], [1, 0, 1, 0])
    assert pipeline.predict(["you idiot"]).tolist() == [1]


def test_an_engine_gives_the_same_features() -> None:
    """Whoever carries the work, the features are the same to the bit."""
    texts = [f"Comment number {number} is about the roads." for number in range(1_500)]
    ngrams = HashedNgrams(bits=14)
    alone = ngrams.transform(texts)
    with Backend("loky", jobs=2).connected() as crew, crew.for_joblib():
        carried = ngrams.transform(texts)
    assert (alone != carried).nnz == 0
