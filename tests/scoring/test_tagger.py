"""tagging: what the field sees of each word."""

from moderation.scoring.tagger import Observer
from moderation.text.reading import Token, read

SHAPE = -5  # its place; the landmarks come after it


def tokens(text: str) -> list[Token]:
    """The tokens of a sentence."""
    return read(text).tokens


def test_case_shows_in_the_shape_alone() -> None:
    """All that is seen of a word but its shape is the same in capitals."""
    observer = Observer({"runs": "3"})
    small = observer.observe(tokens("she runs home"))
    large = observer.observe(tokens("SHE RUNS HOME"))
    assert [one.pop(SHAPE) for one in small] == ["l^", "l", "l"]
    assert [one.pop(SHAPE) for one in large] == ["U^", "U", "U"]
    assert small == large


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


def test_what_is_far_is_seen_by_its_landmarks() -> None:
    """A verb late in a sentence knows what opened its clause, and which verbs stand around it."""
    observed = Observer({}).observe(tokens("Because he came, they were glad when it rained?"))
    opener, first, verbs, coming = observed[-2][-4:]
    assert opener == "o=w=when|0"
    assert first == "1=because|1"
    assert verbs == "n=10?"
    assert coming == "r=|0"
    assert observed[2][-4] == "o=^w=because|0"
    assert observed[4][-1] == "r=w=when|1"
    assert observed[5][-4] == "o=^w=because|0,"


def test_without_tokens_nothing_is_seen() -> None:
    """An empty sentence has no word to look from."""
    assert Observer({}).observe([]) == []
