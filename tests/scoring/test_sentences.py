"""The sentences reader with the shipped weights: what any version must get right."""

import numpy as np
import pytest

from moderation.scoring import models, store
from moderation.scoring.sentences import HEAD, SentenceScorer
from moderation.text.reading import Text, read


@pytest.fixture(scope="module")
def reader() -> SentenceScorer:
    """The shipped reader."""
    version = store.champions(store.SHIPPED)["sentences"]
    found = models.load(store.SHIPPED / "sentences" / version)
    assert isinstance(found, SentenceScorer)
    return found


def score(reader: SentenceScorer, text: Text) -> float:
    """How surely a comment is in full sentences."""
    return float(reader.score([text])[HEAD][0])


def forms(sentence: str) -> list[str]:
    """The sentence, and as people type it in haste."""
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
def test_full(reader: SentenceScorer, sentence: str) -> None:
    """Full sentences are full, whatever their case and signs; slips of grammar do not matter."""
    for form in forms(sentence):
        assert score(reader, read(form)) > 0.5, form


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
def test_fragment(reader: SentenceScorer, sentence: str, missing: str) -> None:
    """Phrases and lone dependent clauses are fragments, and what they lack is named."""
    for form in forms(sentence):
        assert score(reader, read(form)) < 0.5, form
    text = read(sentence)
    reader.score([text])
    assert [judged.missing for judged in text.notes["sentences"]] == [missing]


def test_without_words_there_is_no_sentence(reader: SentenceScorer) -> None:
    """No word stands in a full sentence, and there is no fragment to name either."""
    text = read("🙏🙏 100 %")
    assert score(reader, text) == 0.0
    assert text.notes["sentences"] == []
    assert reader.explain(read("!!!"), HEAD) == []


def test_the_whole_is_the_share_of_words(reader: SentenceScorer) -> None:
    """The comment's score is the mean of its sentences, weighed by their words."""
    text = read("Ravi lied. The old house of my dear uncle.")
    whole = score(reader, text)
    parts = [(one.words, one.probability) for one in text.notes["sentences"]]
    assert [words for words, _ in parts] == [2, 7]
    assert whole == pytest.approx(np.average([p for _, p in parts], weights=[w for w, _ in parts]))
    first, second = reader.explain(text, HEAD)
    assert first.share + second.share == pytest.approx(1)


def test_together_as_singly(reader: SentenceScorer) -> None:
    """A batch gives the scores that each comment gets alone, and an empty one gives none."""
    texts = [read(text) for text in ("He left.", "🙏", "Shame on all. She won the match.")]
    assert reader.score(texts)[HEAD].tolist() == [score(reader, text) for text in texts]
    assert reader.score([]) == {HEAD: pytest.approx(np.zeros(0))}


@pytest.mark.parametrize("text", ["word " * 4000, "A. " * 6000, "!" * 20_000, "\ud7ff" * 5000])
def test_hostile_texts_get_a_score(reader: SentenceScorer, text: str) -> None:
    """Endless sentences, or endlessly many, are read in pieces and only so far."""
    assert 0 <= score(reader, read(text)) <= 1
