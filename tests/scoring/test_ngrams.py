"""The n-grams: the same as a plain loop would give, for one text and for many."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.scoring.ngrams import Recipe

TEXTS = st.lists(st.text(alphabet="abc 'éनİ\n.😀", max_size=30), max_size=5)
SMALL = Recipe((1, 3), (1, 2), 12)


@given(TEXTS)
def test_rows_are_independent(texts: list[str]) -> None:
    """A text has the same vector alone and in a batch."""
    data, indices, indptr = SMALL.vectors(texts)
    for row, text in enumerate(texts):
        alone = SMALL.vectors([text])
        part = slice(indptr[row], indptr[row + 1])
        assert indices[part].tolist() == alone[1].tolist()
        np.testing.assert_allclose(data[part], alone[0])


@given(TEXTS)
def test_rows_have_length_one(texts: list[str]) -> None:
    """Each row has the Euclidean norm 1, so long comments do not weigh more than short ones."""
    data, _, indptr = SMALL.vectors(texts)
    lengths = [float((data[a:b] ** 2).sum()) for a, b in pairwise(indptr)]
    np.testing.assert_allclose(lengths, np.ones(len(texts)), rtol=1e-5)


@given(st.text(alphabet="abc '", min_size=1, max_size=20))
def test_characters_as_a_loop_counts_them(text: str) -> None:
    """There is one n-gram of each length at each place of the padded text."""
    grams = Recipe((1, 3), (0, 0)).ngrams([text])
    padded = f" {text} "
    expected = {(start, n) for n in (1, 2, 3) for start in range(-1, len(padded) - n)}
    places = set(zip(grams.starts.tolist(), (grams.ends - grams.starts).tolist(), strict=True))
    assert places == expected
    by_hash: dict[int, set[str]] = {}
    for value, start, end in zip(grams.hashes, grams.starts, grams.ends, strict=True):
        by_hash.setdefault(int(value), set()).add(padded[start + 1 : end + 1])
    assert all(len(same) == 1 for same in by_hash.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Don't panic", ["Don't", "panic", "Don't panic"], id="apostrophe inside"),
        pytest.param("a-b", ["a", "b", "a-b"], id="hyphens split words"),
        pytest.param("नमस्ते जी", ["नमस्ते", "जी", "नमस्ते जी"], id="vowel signs belong to words"),
        pytest.param("...", [], id="no word"),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """Word n-grams have the places of their words."""
    grams = Recipe((0, 0), (1, 2)).ngrams([text])
    pieces = [text[start:end] for start, end in zip(grams.starts, grams.ends, strict=True)]
    assert sorted(pieces) == sorted(words)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param("IDIOT", "idiot", True, id="case does not matter"),
        pytest.param("a\tb", "a b", True, id="white space is a space"),
        pytest.param("ab", "ba", False, id="order of letters matters"),
        pytest.param("you and me", "me and you", False, id="order of words matters"),
        pytest.param("e", "é", False, id="accents matter"),
    ],
)
def test_which_texts_have_the_same_ngrams(first: str, second: str, same: bool) -> None:
    """Case and kind of white space do not matter; order and accents do."""
    hashes = [sorted(Recipe().ngrams([text]).hashes.tolist()) for text in (first, second)]
    assert (hashes[0] == hashes[1]) is same


def test_places_are_in_the_text_as_it_was() -> None:
    """Lower-casing that would change a text's length ('İ') does not move the places."""
    text = "İİİ idiot"
    grams = Recipe((0, 0), (1, 1)).ngrams([text])
    places = zip(grams.starts, grams.ends, strict=True)
    assert [text[start:end] for start, end in places] == ["İİİ", "idiot"]


def test_no_texts() -> None:
    """No texts give no rows. A text without n-grams gives an empty row."""
    assert Recipe().vectors([])[2].tolist() == [0]
    assert Recipe((0, 0), (1, 1)).vectors(["...", "a"])[2].tolist() == [0, 0, 1]


@pytest.mark.parametrize("words", [["a"], ["the", "roads", "are", "bad"], ["Straße", "don't", "x"]])
def test_word_means_are_those_of_the_words_alone(words: list[str]) -> None:
    """The mean of a word in a text is the mean of the word alone."""
    recipe = Recipe(chars=(1, 4), words=(1, 1), bits=12)
    weights = np.random.default_rng(0).integers(-127, 127, 1 << recipe.bits)
    values = weights[recipe.buckets(recipe.hashes(" ".join(words)))]
    alone = [weights[recipe.buckets(recipe.hashes(word))].mean() for word in words]
    assert recipe.word_means(values, [len(word) for word in words]) == pytest.approx(alone)


def test_word_means_of_words_with_hyphens() -> None:
    """'well-known' is two words to the recipe, so only its characters count."""
    recipe = Recipe(chars=(1, 2), words=(1, 1))
    values = np.ones(len(recipe.hashes("well-known fact")), np.int8)
    assert recipe.word_means(values, [10, 4]).tolist() == [1.0, 1.0]
