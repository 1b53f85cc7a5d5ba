"""sentences: where a sentence ends, and where it only seems to."""

import pytest

from moderation.text.reading import read
from moderation.text.sentences import split


def sentences(text: str) -> list[str]:
    """The sentences of a comment."""
    return [sentence.text for sentence in read(text).sentences]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The U.P. govt. has failed.", id="initialism and abbreviation"),
        pytest.param("P. Chidambaram was the minister.", id="initial before a name"),
        pytest.param("A. P. J. Abdul Kalam was a scientist.", id="three initials"),
        pytest.param("A.P.J. Abdul Kalam was a scientist.", id="initials in a row"),
        pytest.param("Dr. Rao met Mr. Singh and Smt. Gandhi.", id="titles"),
        pytest.param("They spent Rs. 500 cr. on a statue.", id="money"),
        pytest.param("See No. 5 and Fig. 3.", id="numbers that follow"),
        pytest.param("Petrol costs 102.50 now.", id="decimal point"),
        pytest.param("Come at 5 p.m. and bring friends.", id="time"),
        pytest.param("He has a B.Com. degree.", id="degree"),
        pytest.param("She wrote it in Node.js yesterday.", id="name with a stop inside"),
        pytest.param("Read www.example.com/a?b=C and think.", id="link with a question mark"),
        pytest.param("Write to ravi.Kumar@example.com today.", id="address"),
        pytest.param("He lied... and nobody cared.", id="ellipsis within"),
        pytest.param('He said, "Go away!" and left.', id="quote that goes on"),
        pytest.param("They won (really!) again.", id="aside in brackets"),
        pytest.param("Canada?s capital isn?t Qu?bec.", id="broken characters"),
        pytest.param("1. Roads are bad.", id="number of a list"),
        pytest.param("See Sec. 144 of the Cr.P.C. for details.", id="section of an act"),
        pytest.param("Mr.Modi and Prof.Sen met.", id="title without a space"),
        pytest.param("He has a Ph.D. from JNU.", id="degree of two letters"),
        pytest.param("He said so...and then left.", id="dots without spaces"),
        pytest.param("We use node.js and asp.net here.", id="names with a small letter inside"),
        pytest.param("He works on .Net code.", id="name with a stop before it"),
        pytest.param("I love 🍕 Pizza Hut.", id="emoji before a name"),
        pytest.param(
            "This line was wrapped by the mail program that the author used\nand goes on here.",
            id="wrapped line",
        ),
    ],
)
def test_stays_one(text: str) -> None:
    """A place that only looks like an end does not split."""
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He lied. She knew.", ["He lied.", "She knew."]),
        ("he lied. she knew", ["he lied.", "she knew"]),
        ("He lied.She knew.", ["He lied.", "She knew."]),
        ("Really?He lied!She knew.", ["Really?", "He lied!", "She knew."]),
        ("what??he lied", ["what??", "he lied"]),
        ("Why? Why not!", ["Why?", "Why not!"]),
        ("Shame!!! Shame!!!", ["Shame!!!", "Shame!!!"]),
        ("He lied... People know.", ["He lied...", "People know."]),
        ("He lied… People know.", ["He lied...", "People know."]),
        ('He said, "Go." She went.', ['He said, "Go."', "She went."]),
        ("It is in U.P. The govt sleeps.", ["It is in U.P.", "The govt sleeps."]),
        ("Tea, coffee, etc. They had it all.", ["Tea, coffee, etc.", "They had it all."]),
        ("I said no. Nobody listened.", ["I said no.", "Nobody listened."]),
        ("So did I. He left.", ["So did I.", "He left."]),
        ("Well done 👏👏 He deserves it", ["Well done 👏👏", "He deserves it"]),
        ("its true.they all lie.we know", ["its true.", "they all lie.", "we know"]),
        ("No.I do not agree.", ["No.", "I do not agree."]),
        ("One test .Another one .", ["One test .", "Another one ."]),
        ("I live on Main St. It is noisy.", ["I live on Main St.", "It is noisy."]),
        ("He has a Ph.D. Nobody asked.", ["He has a Ph.D.", "Nobody asked."]),
        ("First line\nSecond line", ["First line", "Second line"]),
        ("One\r\n\r\n\r\nTwo", ["One", "Two"]),
        ("- Roads\n- Water\n* Jobs", ["Roads", "Water", "Jobs"]),
        ("• Roads • Water", ["Roads", "Water"]),
        ("यह सच है। वह गया।", ["यह सच है।", "वह गया।"]),
        ("no stops at all he lied she knew", ["no stops at all he lied she knew"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_splits(text: str, expected: list[str]) -> None:
    """Sentences end at stops, line ends, bullets and emoji, with or without a space after."""
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    ["  He lied.\n\n- She knew. ", "a.b. C? d!e\n•f", "...!?.. x", "!" * 99 + "a", "A. " * 99],
)
def test_offsets(text: str) -> None:
    """Each sentence is at its place, they are in order, and no letter is lost."""
    sentences = split(text)
    assert [text[s.start : s.end] for s in sentences] == [s.text for s in sentences]
    assert [s.start for s in sentences] == sorted(s.start for s in sentences)
    joined = "".join(s.text for s in sentences)
    assert [c for c in joined if c.isalnum()] == [c for c in text if c.isalnum()]
