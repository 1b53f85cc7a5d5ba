"""The tagger: the CRF's features of each word."""

import pytest

from moderation.scoring.tagger import Observer
from moderation.text.reading import Token, read

SHAPE = -5  # its index; the landmarks come after it


def tokens(text: str) -> list[Token]:
    """Return the tokens of a sentence."""
    return read(text).tokens


def test_case_changes_only_the_shape() -> None:
    """All other features are the same in capitals."""
    observer = Observer({"runs": "3"})
    small = observer.observe(tokens("she runs home"))
    large = observer.observe(tokens("SHE RUNS HOME"))
    assert [features.pop(SHAPE) for features in small] == ["l^", "l", "l"]
    assert [features.pop(SHAPE) for features in large] == ["U^", "U", "U"]
    assert small == large


@pytest.mark.parametrize("sentence", ["it provides milk", "it supports milk"])
def test_words_of_a_cluster_share_a_feature(sentence: str) -> None:
    """'provides' and 'supports' give themselves and their neighbours the same cluster."""
    observer = Observer({"provides": "5", "supports": "5"})
    before, word, after = observer.observe(tokens(sentence))
    assert ">k=5" in before
    assert "k=5" in word
    assert "<k=5" in after


def test_a_dollar_is_not_the_end() -> None:
    """A `$` in the text gives another feature than the end of the sentence."""
    observer = Observer({})
    price, end = observer.observe(tokens("pay $"))[0], observer.observe(tokens("pay"))[0]
    assert ">w=$" in price
    assert ">w=$" not in end


def test_landmarks_describe_distant_words() -> None:
    """A late verb has the word that opened its clause, and the number of other finite verbs."""
    observed = Observer({}).observe(tokens("Because he came, they were glad when it rained?"))
    opener, first, verbs, coming = observed[-2][-4:]
    assert opener == "o=w=when|0"
    assert first == "1=because|1"
    assert verbs == "n=10?"
    assert coming == "r=|0"
    assert observed[2][-4] == "o=^w=because|0"
    assert observed[4][-1] == "r=w=when|1"
    assert observed[5][-4] == "o=^w=because|0,"


def test_without_tokens_there_are_no_features() -> None:
    """An empty sentence has no word."""
    assert Observer({}).observe([]) == []
