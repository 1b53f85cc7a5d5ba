"""Phrases are found by their keys exactly where one pattern of all lines finds them."""

import tomllib
from pathlib import Path

import pytest

from moderation.text import groups, phrases
from moderation.text.reading import read

TEXT = Path(phrases.__file__).parent
SENTENCES = [
    line
    for file in sorted(Path(__file__).with_name("plain_words").glob("*.toml"))
    for column in ("act", "approve")
    for line in tomllib.loads(file.read_text("utf-8"))[column].strip().splitlines()
]


@pytest.mark.parametrize("name", ["hostile", "harmless"])
def test_keys_lose_nothing(name: str) -> None:
    """No line is passed over that would match."""
    tables = tomllib.loads((TEXT / f"{name}.toml").read_text("utf-8"))
    parts = {**groups.PARTS, **tables.pop("parts")}
    marked = [
        groups.marked(sentence).words
        for line in SENTENCES
        for sentence in read(line).plain_sentences
    ]
    for table in tables.values():
        quick = phrases.Phrases(table["forms"], parts)
        slow = phrases.compiled(table["forms"], parts)
        found = [words for words in marked if next(quick.matches(words), None)]
        assert found == [words for words in marked if slow.search(words)]


@pytest.mark.parametrize(
    ("form", "sentence", "match"),
    [
        ("dogs?!(house)", " the dogs bark ", "dogs"),
        ("dogs?!(house)", " the dogs house ", None),
        ("(cat|dog)s? END", " dogs , please ", "dogs"),
        ("i ~ hate (a |an )*\\w+ dogs", " i really hate a big dogs ", "i really hate a big dogs"),
        ("idiot ?box|wom[ae]n", " the idiotbox ", "idiotbox"),
        ("idiot ?box|wom[ae]n", " these women ", "women"),
    ],
)
def test_the_notation(form: str, sentence: str, match: str | None) -> None:
    """A match begins and ends at a word's edge."""
    parts = {"adverbs": "really|just", "END": "(?=$|, )"}
    found = next(phrases.Phrases(form, parts).matches(sentence), None)
    assert (found and found[0].strip()) == match
