"""repetition: a thing is said once, within a comment and across an author's comments."""

import pytest

from moderation.comment import Comment
from moderation.rules.repetition import Settings, check
from moderation.text.reading import read

BEFORE = "The minister should answer for the bridge that fell in Bihar last week."


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("A very very good answer.", id="emphasis by a word"),
        pytest.param("No, no! Shame, shame, shame!", id="exclamations"),
        pytest.param("Wow!!! Really??", id="a few signs"),
        pytest.param("Ha ha ha ha ha ha ha", id="laughter"),
        pytest.param("Hmmm... sooo good, aaah", id="letters a little stretched"),
        pytest.param("Well............ let us see ----------- here", id="dots and dashes"),
        pytest.param("Great 👏👏👏 🙏🏽🙏🏽", id="a few emoji"),
        pytest.param("Jai Hind, Jai Hind, Jai Hind!", id="a slogan three times"),
        pytest.param("Vote for change. We need it. Vote for change.", id="a short refrain"),
        pytest.param("Rs. 1000000000 and 00000", id="numbers"),
        pytest.param("That that is is; had had had had effect.", id="grammar's own doublets"),
        pytest.param("बहुत बहुत धन्यवाद", id="another script"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Ordinary emphasis, laughter and lines of dots are fine."""
    assert check(read(comment), Settings()) is None


@pytest.mark.parametrize(
    ("comment", "span", "score"),
    [
        ("no no no no no", "no no no no no", 0.8),
        ("No, NO. no! no no", "No, NO. no! no no", 10 / 13),
        ("Great!!!!!!!!!!", "!!!!!!!!!!", 9 / 15),
        ("What?!?!?!?!?!", "?!?!?!?!?!", 9 / 14),
        ("sooooooo", "ooooooo", 6 / 8),
        ("👍👍👍👍👍👍👍👍", "👍👍👍👍👍👍👍👍", 7 / 8),
        ("go away go away go away go away", "go away go away go away go away", 0.75),
    ],
)
def test_fires_within(comment: str, span: str, score: float) -> None:
    """The finding marks the stretch. The score is the share of characters that repeat."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert [mark.text for mark in finding.spans] == [span]
    assert finding.score == pytest.approx(score)


def test_sentence_twice() -> None:
    """The finding marks a repeated sentence, whatever its capitals and punctuation."""
    finding = check(read("This must stop right now! Yes. this must stop right now."), Settings())
    assert finding is not None
    assert [span.text for span in finding.spans] == ["this must stop right now."]


def test_one_finding_for_many() -> None:
    """Stretches do not overlap, and the score stays below 1."""
    finding = check(read("no no no no no no no no no no no no nooooooooo!!!!!!!!!!"), Settings())
    assert finding is not None
    assert [span.text for span in finding.spans] == [
        *("no no no no no no no no no no no no", "ooooooooo", "!!!!!!!!!!"),
    ]
    assert finding.score < 1


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Well said, sir.", id="short comments may be posted again"),
        pytest.param(
            "The minister has answered all questions about the dam in Assam today.", id="another"
        ),
    ],
)
def test_recent_must_not_fire(comment: str) -> None:
    """A short comment, or another one on the same subject, is not a copy."""
    assert check(read(Comment(comment, recent=(BEFORE, "Well said, sir."))), Settings()) is None


@pytest.mark.parametrize(
    ("comment", "least"),
    [
        pytest.param(BEFORE, 1.0, id="word for word"),
        pytest.param(BEFORE.upper().replace(".", "!!!"), 1.0, id="capitals and signs changed"),
        pytest.param(BEFORE.replace("last", "this"), 0.95, id="one word changed"),
        pytest.param(BEFORE.replace(" week", "  w\u200beek"), 1.0, id="invisible characters"),
    ],
)
def test_posted_before(comment: str, least: float) -> None:
    """The rule finds an exact or similar copy. The score is the similarity."""
    finding = check(read(Comment(comment, recent=("Else.", BEFORE))), Settings())
    assert finding is not None
    assert finding.score >= least
    assert finding.spans[0].text == comment


def test_settings() -> None:
    """An operator can be stricter with words, and can ignore earlier comments."""
    assert check(read("very very very"), Settings(most_words=2)) is not None
    assert check(read(Comment(BEFORE, recent=(BEFORE,))), Settings(most_recent=0)) is None


def test_author_characters() -> None:
    """Spans are places in the text as received, after emoji, entities and line ends."""
    finding = check(read("🙏🏽 A&amp;B\r\nno no no no no"), Settings())
    assert finding is not None
    assert (finding.spans[0].start, finding.spans[0].text) == (12, "no no no no no")
