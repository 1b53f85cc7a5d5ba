"""linear: serves exactly what was learned, and says which characters it was."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from moderation.scoring.linear import Linear, LinearScorer
from moderation.scoring.ngrams import Recipe
from moderation.text.reading import read
from moderation.training.linear.features import HashedNgrams

RECIPE = Recipe((2, 4), (1, 2), 12)
TEXTS = ["you idiot", "well said", "what an idiot", "a good point", "idiot!", "thank you"] * 5
SAID = [1, 0, 1, 0, 1, 0] * 5


@pytest.fixture(scope="module")
def fitted() -> LogisticRegression:
    """scikit-learn's own model of the texts."""
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(TEXTS)
    return LogisticRegression(C=100).fit(features, SAID)


@pytest.fixture(scope="module")
def reader(fitted: LogisticRegression) -> LinearScorer:
    """The same as it is served; its calibration is the logistic curve itself."""
    wanted = np.linspace(-12, 12, 2001)
    knots = np.stack([wanted, 1 / (1 + np.exp(-wanted))])[:, None]
    model = Linear(
        heads=("insult",),
        recipe=RECIPE,
        weights=fitted.coef_.T.astype(np.float32),
        scales=np.ones(1, np.float32),
        intercepts=fitted.intercept_.astype(np.float32),
        knots=knots.astype(np.float32),
    )
    return LinearScorer(model, deobfuscated=True)


def test_same_scores_as_scikit_learn(fitted: LogisticRegression, reader: LinearScorer) -> None:
    """Training and serving agree, whether texts come singly or together."""
    texts = ["you are an idiot", "", "thank you for a good point"]
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(texts)
    wanted = fitted.predict_proba(features)[:, 1]
    together = reader.score([read(text) for text in texts])["insult"]
    singly = [float(reader.score([read(text)])["insult"][0]) for text in texts]
    assert np.allclose(together, wanted, atol=1e-4)
    assert np.allclose(singly, wanted, atol=1e-4)


def test_disguises_are_read_as_what_they_mean(reader: LinearScorer) -> None:
    """A disguised word has the score of the word."""
    plain, disguised = (
        reader.score([read(text)])["insult"][0] for text in ("you idiot", "you i.d.1.o.t")
    )
    assert disguised == pytest.approx(plain)


@pytest.mark.parametrize("spelt", ["idiot", "1d10t", "iiidiooot"])
def test_the_word_that_weighed_most(reader: LinearScorer, spelt: str) -> None:
    """The heaviest word is the insult, at its place in the clean text, however it is spelt."""
    comment = f"The minister is an {spelt} and said so"
    heaviest = reader.explain(read(comment), "insult")[0]
    assert comment[heaviest.start : heaviest.end] == spelt


def test_shares(reader: LinearScorer) -> None:
    """Shares are of all that spoke for the score: positive, falling, 1 in all."""
    shares = [weight.share for weight in reader.explain(read("what an idiot you are"), "insult")]
    assert shares == sorted(shares, reverse=True)
    assert all(share > 0 for share in shares)
    assert sum(shares) == pytest.approx(1)
