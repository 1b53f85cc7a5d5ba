"""classes: words with like neighbours come together."""

import itertools

from moderation.training.sentences.word_clusters import word_clusters

WHO = ("ravi", "meena", "fatima", "john")
DOES = ("sells", "buys", "wants", "likes")
WHAT = ("tea", "rice", "milk", "fruit")


def test_words_between_the_same_words_are_of_one_class() -> None:
    """People, what they do and what they do it to are told apart by their places alone."""
    texts = [" ".join(words) for words in itertools.product(WHO, DOES, WHAT)]
    lines = [set(line.split()) for line in word_clusters(texts, count=4, seed=0)]
    assert {frozenset(line) for line in lines} >= {frozenset(WHO), frozenset(DOES), frozenset(WHAT)}


def test_rare_words_have_no_class() -> None:
    """A word seen a few times is not learned, so that no author's rare word is kept."""
    texts = ["ravi sells tea"] * 20 + ["ravi sells zibbleflorp"]
    assert "zibbleflorp" not in " ".join(word_clusters(texts, count=2))
