"""tagging: what the field sees of each word."""

from moderation.tagging import Observer
from moderation.text import Token, read


def tokens(text: str) -> list[Token]:
    """The tokens of a sentence."""
    return read(text).tokens


def test_case_shows_in_the_shape_alone() -> None:
    """All that is seen of a word but its shape is the same in capitals."""
    observer = Observer({"runs": "3"})
    small = observer.observe(tokens("she runs home"))
    large = observer.observe(tokens("SHE RUNS HOME"))
    assert [one[:-1] for one in small] == [one[:-1] for one in large]
    assert [one[-1] for one in small] == ["l^", "l", "l"]
    assert [one[-1] for one in large] == ["U^", "U", "U"]


def test_words_of_a_class_are_seen_alike() -> None:
    """'provides' and 'supports' share their class, in their own place and their neighbours'."""
    observer = Observer({"provides": "5", "supports": "5"})
    one = observer.observe(tokens("it provides milk"))
    other = observer.observe(tokens("it supports milk"))
    assert "k=5" in one[1]
    assert "k=5" in other[1]
    assert ">k=5" in one[0]
    assert ">k=5" in other[0]
    assert "<k=5" in one[2]
    assert "<k=5" in other[2]


def test_a_dollar_is_not_the_end() -> None:
    """Signs of the text are told from the edges of the sentence."""
    observer = Observer({})
    price, end = observer.observe(tokens("pay $"))[0], observer.observe(tokens("pay"))[0]
    assert ">w=$" in price
    assert ">w=$" not in end
