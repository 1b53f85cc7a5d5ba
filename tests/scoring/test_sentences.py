"""The shipped sentences scorer: what every version must get right."""

import numpy as np
import pytest

from moderation.scoring import models, store
from moderation.scoring.sentences import HEAD, SentenceScorer
from moderation.text.reading import Text, read


@pytest.fixture(scope="module")
def scorer() -> SentenceScorer:
    """Return the shipped scorer."""
    version = store.champions(store.SHIPPED)["sentences"]
    loaded = models.load(store.SHIPPED / "sentences" / version)
    assert isinstance(loaded, SentenceScorer)
    return loaded


def score(scorer: SentenceScorer, text: Text) -> float:
    """Return the score of one text."""
    return float(scorer.score([text])[HEAD][0])


def forms(sentence: str) -> list[str]:
    """Return the sentence, and the forms in which people type it in haste."""
    bare = sentence.rstrip(".!?")
    return [sentence, bare, bare.lower(), sentence.upper()]


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("The minister has lied to the people.", id="subject and verb"),
        pytest.param("Why is nobody responsible for this?", id="question"),
        pytest.param("Which party will win this time?", id="question with which"),
        pytest.param("Stop blaming the police for everything.", id="imperative"),
        pytest.param("Wow, that is really bad!", id="exclamation with a clause"),
        pytest.param("If he is guilty, he must go.", id="subordinate clause and main clause"),
        pytest.param("He is having three cars and one driver.", id="Indian English progressive"),
        pytest.param("Government has not given any relief to farmer.", id="no articles"),
        pytest.param("Kindly do the needful.", id="kindly"),
        pytest.param("Nobody are taking this matter seriously.", id="agreement slip"),
    ],
)
def test_full(scorer: SentenceScorer, sentence: str) -> None:
    """Case, signs and slips of grammar do not make a full sentence a fragment."""
    for form in forms(sentence):
        assert score(scorer, read(form)) > 0.5, form


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("Complete failure of the administration in this city.", "verb"),
        ("A great day for Indian science.", "verb"),
        ("Because they do not want to hear the truth.", "main clause"),
        ("In the name of religion and caste.", "verb"),
        ("Which is why nobody trusts them.", "main clause"),
    ],
)
def test_fragment(scorer: SentenceScorer, sentence: str, missing: str) -> None:
    """Phrases and lone dependent clauses are fragments. What they lack is noted."""
    for form in forms(sentence):
        assert score(scorer, read(form)) < 0.5, form
    text = read(sentence)
    scorer.score([text])
    assert [scored.missing for scored in text.notes["sentences"]] == [missing]


def test_without_words_there_is_no_sentence(scorer: SentenceScorer) -> None:
    """The score is 0, and there is neither a sentence nor a fragment."""
    text = read("🙏🙏 100 %")
    assert score(scorer, text) == 0.0
    assert text.notes["sentences"] == []
    assert scorer.explain(read("!!!"), HEAD) == []


def test_the_score_is_the_share_of_words(scorer: SentenceScorer) -> None:
    """The comment's score is the mean of its sentences' scores, weighted by their words."""
    text = read("Ravi lied. The old house of my dear uncle.")
    comment_score = score(scorer, text)
    sentences = text.notes["sentences"]
    words = [sentence.words for sentence in sentences]
    assert words == [2, 7]
    probabilities = [sentence.probability for sentence in sentences]
    assert comment_score == pytest.approx(np.average(probabilities, weights=words))
    first, second = scorer.explain(text, HEAD)
    assert first.share + second.share == pytest.approx(1)


def test_a_batch_scores_as_single_texts(scorer: SentenceScorer) -> None:
    """In a batch, each comment gets the score that it gets alone. An empty batch gives none."""
    texts = [read(text) for text in ("He left.", "🙏", "Shame on all. She won the match.")]
    assert scorer.score(texts)[HEAD].tolist() == [score(scorer, text) for text in texts]
    assert scorer.score([]) == {HEAD: pytest.approx(np.zeros(0))}


@pytest.mark.parametrize("text", ["word " * 4000, "A. " * 6000, "!" * 20_000, "\ud7ff" * 5000])
def test_hostile_texts_get_a_score(scorer: SentenceScorer, text: str) -> None:
    """Very long sentences are scored in pieces, and very many only up to a limit."""
    assert 0 <= score(scorer, read(text)) <= 1
