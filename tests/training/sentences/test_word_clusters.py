"""Word clusters: words with similar neighbours are in one cluster."""

import itertools

from moderation.training.sentences.word_clusters import word_clusters

PEOPLE = ("ravi", "meena", "fatima", "john")
VERBS = ("sells", "buys", "wants", "likes")
GOODS = ("tea", "rice", "milk", "fruit")


def test_words_with_the_same_neighbours_are_in_one_cluster() -> None:
    """People, verbs and goods are separated by their neighbours alone."""
    texts = [" ".join(words) for words in itertools.product(PEOPLE, VERBS, GOODS)]
    lines = [set(line.split()) for line in word_clusters(texts, count=4, seed=0)]
    expected = {frozenset(words) for words in (PEOPLE, VERBS, GOODS)}
    assert {frozenset(line) for line in lines} >= expected


def test_rare_words_are_in_no_cluster() -> None:
    """A rare word is left out, so the model does not reveal an author's private words."""
    texts = ["ravi sells tea"] * 20 + ["ravi sells zibbleflorp"]
    assert "zibbleflorp" not in " ".join(word_clusters(texts, count=2))
