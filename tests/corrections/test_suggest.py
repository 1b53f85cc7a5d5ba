"""suggest: it makes all safe corrections and changes nothing else."""

import pytest

from moderation.comment import Comment
from moderation.corrections.suggest import suggest
from moderation.text.reading import read


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Well said, Mr. D. Raja.", id="nothing to correct"),
        pytest.param("iPhone sales fell in the U.P. again.", id="a brand and an acronym"),
        pytest.param("🙏🏽 &amp;\r\n\r\n“Ok”  \n", id="only the author's characters"),
        pytest.param("यह अच्छा है", id="another script"),
        pytest.param(
            "It is ok. but i slipped, said Ravi to Mr Rao in Pune.", id="one slip of many"
        ),
        pytest.param("Lets see, its well said. The IM were ill.", id="words without it too"),
        pytest.param("JD(U) and BJP won; see Section 2(d).", id="parties and clauses"),
        pytest.param("Songs by r d burman, films by r balki.", id="initials in small letters"),
        pytest.param("As is his wont, he spoke cant.", id="nouns without an apostrophe"),
        pytest.param("Spend more on R and D. See x.com/dont #cant", id="part of something"),
    ],
)
def test_must_not_change(comment: str) -> None:
    """Text that is right, or not certainly wrong, stays the same to the character."""
    suggestion = suggest(comment)
    assert (suggestion.text, suggestion.changes) == (comment, ())


@pytest.mark.parametrize(
    ("comment", "corrected"),
    [
        ("u r right. i agree", "You are right. I agree"),
        ("MODI IS RIGHT ABOUT PAKISTAN", "Modi is right about Pakistan"),
        (
            "i m glad u n me agree, v r happy. let us c",
            "I am glad you and me agree, we are happy. Let us see",
        ),
        ("gd mrng, evry1 shud b there", "Good morning, everyone should be there"),
        ("Im sure u dont care, DONT tell me", "I'm sure you don't care, DON'T tell me"),
        ("DONT TELL ME WHAT IS WRONG IN NEW DELHI", "Don't tell me what is wrong in New Delhi"),
        ("I LOVE NY AND THE SC/ST ACT", "I love NY and the SC/ST act"),
        ("THE C.B.I. AND E.D. RAIDED HIM", "The C.B.I. and E.D. raided him"),
        ("i met d raja in n delhi, plz", "I met d raja in n Delhi, please"),
        ("The U.S. and U.K. agreed. u shud too.", "The U.S. and U.K. agreed. You should too."),
        ("tmrw is d last day of ITR filing", "Tomorrow is the last day of ITR filing"),
        ("PLZ STOP THIS, U PEOPLE OF BJP", "Please stop this, you people of BJP"),
        ("plz tell d govt.\r\n\r\nmodi n shah r in delhi 🙏🏽", None),
    ],
)
def test_all_at_once(comment: str, corrected: str | None) -> None:
    """Spelling and capitals are corrected together: 'u' at the start becomes 'You'."""
    expected = corrected or "Please tell the govt.\r\n\r\nModi and shah are in Delhi 🙏🏽"
    assert suggest(comment).text == expected


def test_changes_rebuild_the_text() -> None:
    """Applying the changes to the text as received gives the suggestion."""
    comment = "plz tell ur ppl &amp; mine 🙏🏽 b4 monday"
    suggestion = suggest(comment)
    rebuilt = comment
    for change in reversed(suggestion.changes):
        assert comment[change.span.start : change.span.end] == change.span.text
        rebuilt = rebuilt[: change.span.start] + change.text + rebuilt[change.span.end :]
    assert rebuilt == suggestion.text
    assert len(suggestion.changes) == 5


def test_corrected_comment_stays() -> None:
    """A corrected comment needs no more corrections."""
    once = suggest("u r right. MODI IS RIGHT ABOUT THIS. plz tell ur ppl").text
    assert suggest(once).text == once


def test_any_form_of_comment() -> None:
    """A string, a comment and a text give the same suggestion. HTML stays HTML."""
    comment = Comment("<p>u, <b>me</b> &lt;3</p>", format="html")
    assert suggest(comment) == suggest(read(comment))
    assert suggest(comment).text == "<p>You, <b>me</b> &lt;3</p>"


def test_allowed_words() -> None:
    """A newspaper may allow words of text speak."""
    assert suggest("Thx to all ppl.", frozenset({"thx"})).text == "Thx to all people."
