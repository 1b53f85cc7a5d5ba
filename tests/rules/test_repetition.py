"""repetition: a thing is said once, within a comment and across an author's comments."""

import pytest

from moderation.comment import Comment, Format
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
    "comment",
    [
        pytest.param("RIP RIP RIP RIP RIP RIP", id="mourning by a word"),
        pytest.param("Om Shanti Om Shanti Om Shanti Om Shanti Om Shanti", id="a prayer"),
        pytest.param("Rest in peace, rest in peace, rest in peace, rest in peace", id="a phrase"),
        pytest.param("So sad 😢😢😢😢😢😢😢😢", id="tears"),
        pytest.param("Happy birthday, sir 🎂🎂🎂🎂🎂🎂🎂", id="cakes"),
        pytest.param("What a film 😂😂😂😂😂😂😂", id="laughter in emoji"),
        pytest.param("Thank you, thank you, thank you, thank you, doctor!", id="thanks"),
        pytest.param("Congratulations congratulations congratulations congrats congrats", id="joy"),
        pytest.param("Come on, come on, come on, come on, India!", id="a cheer"),
        pytest.param("Faster, faster, faster, faster, faster!", id="a cheer by one word"),
        pytest.param("Hip hip hurray, hip hip hurray, hip hip hurray, hip hip hurray", id="hurray"),
        pytest.param("Jai Shri Ram, Jai Shri Ram, Jai Shri Ram, Jai Shri Ram", id="a slogan"),
        pytest.param("Inquilab zindabad! " * 6, id="a slogan six times"),
        pytest.param("Dhoni, Dhoni, Dhoni, Dhoni, Dhoni, Dhoni!", id="a name is chanted"),
        pytest.param("CSK CSK CSK CSK CSK", id="a team is chanted"),
        pytest.param("Happy Diwali, happy Diwali, happy Diwali, happy Diwali", id="wishes"),
        pytest.param("Yes, yes, yes, yes, yes!", id="agreement"),
        pytest.param("Well played 👍👍👍👍👍👍👍👍", id="thumbs"),
        pytest.param("Shame, shame, shame, shame, shame!", id="a cry of parliament"),
        pytest.param(
            "Save our lake from builders. Who gave the permit? Save our lake from builders.",
            id="a refrain",
        ),
        pytest.param(
            "Give us our pensions now. Pay what is due. Give us our pensions now. We are old and"
            " tired. Give us our pensions now.",
            id="a refrain that returns twice",
        ),
    ],
)
def test_feelings_must_not_fire(comment: str) -> None:
    """Mourning, thanks, cheers and refrains say a thing more than once."""
    assert check(read(comment), Settings()) is None


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Jai Hind " * 13, id="a wall of a slogan"),
        pytest.param("Nice " + "🙏" * 13, id="a wall of emoji"),
        pytest.param("🙏🙏🙏🙏🙏🙏🙏", id="emoji without a word"),
        pytest.param("Buy Buy Buy Buy Buy", id="no name"),
        pytest.param("fake fake fake fake fake", id="small letters are no name"),
        pytest.param("The road is not built. The road is not built. Yes.", id="twice in a row"),
        pytest.param(
            "The road is not built. Our bridge fell down again. "
            "The road is not built. Our bridge fell down again.",
            id="a pasted paragraph",
        ),
    ],
)
def test_feelings_that_fire(comment: str) -> None:
    """What goes on for long, or repeats whole paragraphs, is repetition."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert finding.score >= 0.45


def test_quoted_parent() -> None:
    """Quoting the comment that is answered is no repetition."""
    parent = "The road to our village is still not built."
    text = f"{parent} So you say. {parent} I saw it last week."
    assert check(read(Comment(f"{parent} {parent}", parent="Else.")), Settings()) is not None
    assert check(read(Comment(text, parent=parent)), Settings()) is None


@pytest.mark.parametrize(
    ("comment", "fires"),
    [
        pytest.param("RIP, sir. My deepest condolences to the family.", False, id="condolences"),
        pytest.param("rip mohan rao ji, om shanti, om shanti", False, id="in small letters"),
        pytest.param("May his soul rest in peace. Om Shanti 🙏", False, id="a prayer"),
        pytest.param("Congratulations, Neeraj! You make our nation proud.", False, id="joy"),
        pytest.param("Thank you very much for this wonderful article.", False, id="thanks"),
        pytest.param("Happy birthday to our great captain Rohit Sharma!", False, id="a birthday"),
        pytest.param(
            "Thanks to Dr. Ojo the healer my husband came back in two days.", True, id="spam"
        ),
        pytest.param(
            "Congratulations, you have won: write to https://prize.test now.", True, id="a link"
        ),
        pytest.param("Thank you, call me on 98450 12345 for good wishes.", True, id="a number"),
        pytest.param("Thanks, but the minister should resign today.", True, id="an opinion"),
    ],
)
def test_courtesies_may_be_posted_again(comment: str, fires: bool) -> None:
    """Condolences, thanks and good wishes are no campaign. Advertisements that begin so are."""
    finding = check(read(Comment(comment, recent=(comment,) * 3)), Settings())
    assert (finding is not None) == fires


@pytest.mark.parametrize(
    ("html", "quote"),
    [
        pytest.param(False, "> The minister should answer for the bridge that fell.\n", id="plain"),
        pytest.param(
            True,
            "<blockquote>The minister should answer for the bridge that fell.</blockquote>",
            id="HTML",
        ),
    ],
)
def test_quotes_are_not_compared(html: bool, quote: str) -> None:
    """Two answers to one comment are alike in what they quote, not in what they say."""
    form: Format = "html" if html else "plain"
    for answer, fires in [
        ("No, he was not in office then, was he?", False),
        ("He built the second bridge of the town.", True),
    ]:
        before = f"{quote}He built the second bridge of the town."
        comment = Comment(f"{quote}{answer}", format=form, recent=(before,))
        assert (check(read(comment), Settings()) is not None) == fires


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
