"""The linear scorer: the same scores as in training, and the words that weighed."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from moderation.scoring.linear import Linear, LinearScorer
from moderation.scoring.ngrams import Recipe
from moderation.text.reading import read
from moderation.training.linear.features import HashedNgrams

RECIPE = Recipe((2, 4), (1, 2), 12)
TEXTS = ["you idiot", "well said", "what an idiot", "a good point", "idiot!", "thank you"] * 5
LABELS = [1, 0, 1, 0, 1, 0] * 5


@pytest.fixture(scope="module")
def fitted() -> LogisticRegression:
    """Return scikit-learn's model of the texts."""
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(TEXTS)
    return LogisticRegression(C=100).fit(features, LABELS)


@pytest.fixture(scope="module")
def scorer(fitted: LogisticRegression) -> LinearScorer:
    """Return the same model as a scorer. Its calibration curve is the logistic function."""
    log_odds = np.linspace(-12, 12, 2001)
    knots = np.stack([log_odds, 1 / (1 + np.exp(-log_odds))])[:, None]
    model = Linear(
        heads=("insult",),
        recipe=RECIPE,
        weights=fitted.coef_.T.astype(np.float32),
        scales=np.ones(1, np.float32),
        intercepts=fitted.intercept_.astype(np.float32),
        knots=knots.astype(np.float32),
    )
    return LinearScorer(model, deobfuscated=True)


def test_same_scores_as_scikit_learn(fitted: LogisticRegression, scorer: LinearScorer) -> None:
    """Training and serving agree, for single texts and for batches."""
    texts = ["you are an idiot", "", "thank you for a good point"]
    features = HashedNgrams(RECIPE.chars, RECIPE.words, RECIPE.bits).transform(texts)
    expected = fitted.predict_proba(features)[:, 1]
    batch = scorer.score([read(text) for text in texts])["insult"]
    singly = [float(scorer.score([read(text)])["insult"][0]) for text in texts]
    assert np.allclose(batch, expected, atol=1e-4)
    assert np.allclose(singly, expected, atol=1e-4)


def test_disguises_are_scored_as_the_word_meant(scorer: LinearScorer) -> None:
    """A disguised word has the same score as the word."""
    plain, disguised = (
        scorer.score([read(text)])["insult"][0] for text in ("you idiot", "you i.d.1.o.t")
    )
    assert disguised == pytest.approx(plain)


@pytest.mark.parametrize("spelt", ["idiot", "1d10t", "iiidiooot"])
def test_the_word_that_weighed_most(scorer: LinearScorer, spelt: str) -> None:
    """The heaviest word is the insult at its place in the clean text, in any spelling."""
    comment = f"The minister is an {spelt} and said so"
    heaviest = scorer.explain(read(comment), "insult")[0]
    assert comment[heaviest.start : heaviest.end] == spelt


def test_shares(scorer: LinearScorer) -> None:
    """Shares are positive, sorted, and add up to 1."""
    shares = [weight.share for weight in scorer.explain(read("what an idiot you are"), "insult")]
    assert shares == sorted(shares, reverse=True)
    assert all(share > 0 for share in shares)
    assert sum(shares) == pytest.approx(1)
