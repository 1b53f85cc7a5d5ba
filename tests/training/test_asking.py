"""asking: doubtful comments first, and no two alike."""

import numpy as np
from scipy import sparse

from moderation.training.asking import choose


def test_the_doubtful_before_the_sure() -> None:
    """Where all comments differ, they come by their doubt."""
    assert choose(np.array([0.9, 0.5, 0.01]), sparse.identity(3, format="csr"), 3).tolist() == [
        1,
        0,
        2,
    ]


def test_no_two_alike() -> None:
    """Of two equal comments the second waits until nothing else is left."""
    features = sparse.csr_matrix(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert choose(np.array([0.5, 0.5, 0.2]), features, 2).tolist() == [0, 2]


def test_nothing_to_ask_about() -> None:
    """No comments, no questions; more wanted than there are, all of them once."""
    nothing = sparse.csr_matrix((0, 4))
    assert choose(np.zeros(0), nothing, 5).tolist() == []
    assert sorted(choose(np.full(2, 0.5), sparse.identity(2, format="csr"), 9).tolist()) == [0, 1]
