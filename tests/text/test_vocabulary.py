"""vocabulary: the words that say what language a comment is in, and those that say nothing."""

import pytest

from moderation.text.vocabulary import (
    ENGLISH,
    FOREIGN,
    GRAMMAR,
    evidence,
    is_cheer,
    is_english,
    is_person,
    without_phrases,
)


def test_tables_do_not_overlap() -> None:
    """A word is English or foreign, and the words of grammar are English."""
    assert not ENGLISH & FOREIGN
    assert GRAMMAR <= ENGLISH


@pytest.mark.parametrize("word", ["Hahaha", "hehehe", "loool", "rofl", "hmmm", "Wooow", "Namaste"])
def test_cheers(word: str) -> None:
    """Laughter of any length and greetings are cheers."""
    assert is_cheer(word)


@pytest.mark.parametrize("word", ["the", "minister", "have", "sarkar", "hai"])
def test_words_are_no_cheers(word: str) -> None:
    """Ordinary words are no cheers."""
    assert not is_cheer(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("deserves", True),
        ("melodiously", True),
        ("apologised", True),
        ("sarkari", False),
        ("hai", False),
        ("thirumavalavan", False),
    ],
)
def test_english_words_and_their_forms(word: str, expected: bool) -> None:
    """Frequent English words and their forms are English, and so are English endings."""
    assert is_english(word) == expected


def test_persons() -> None:
    """Names that are ordinary words too are no persons."""
    assert is_person("Kohli")
    assert not is_person("rose")
    assert not is_person("delhi")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("He sang Jana Gana Mana.", "He sang  ."),
        ("Gau Mata ki jai", " "),
        ("Mohun Bagan zindabad", " "),
        ("The jail is full.", "The jail is full."),
    ],
)
def test_phrases_are_left_out(text: str, rest: str) -> None:
    """Set phrases and chants are left out, but no part of a word."""
    assert without_phrases(text) == rest


def test_capitals_make_names_unless_all_words_have_them() -> None:
    """A word with a capital is a name, but not in a foreign comment in title case."""
    assert evidence(["Mandhana", "plays", "well"], lambda _: True).strange == 0
    foreign = evidence(["Aap", "Kab", "Sudhroge", "Bhai"], lambda _: True)
    assert (foreign.foreign, foreign.strange) == (2, 1)
