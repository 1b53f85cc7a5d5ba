"""lower_case: sentences, names and 'I' have their capitals."""

import pytest

from moderation.comment import Comment
from moderation.rules.lower_case import Settings, check
from moderation.text.reading import read


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("well said, sir", id="a few words"),
        pytest.param("This is one whole ordinary sentence about the news of today.", id="ordinary"),
        pytest.param("why does Trump say this about Canada and Mexico again?", id="names have it"),
        pytest.param("iPhone sales fell again this year, they say in the paper.", id="a brand"),
        pytest.param("https://example.com/a is where you can read about all of that", id="a link"),
        pytest.param("500 crore is what they have spent on it in the end", id="a number begins"),
        pytest.param("...and then he left the hall without a word to anyone", id="continued"),
        pytest.param(
            "“PM wins” was the headline\nand nobody asked what it meant then", id="a line"
        ),
        pytest.param("बहुत अच्छा लिखा है आपने इस बार भी धन्यवाद", id="a script without capitals"),
        pytest.param("Yes. but this one slipped, and I do know how it goes.", id="one slip"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Short comments, comments with capitals, brands and continued sentences pass."""
    assert check(read(comment), Settings()) is None


def test_fires_with_suggestion() -> None:
    """The finding marks sentence starts, 'I' and known names. The suggestion corrects them."""
    comment = "i do not think that modi will win. bjp lost delhi, and i'm glad. iphone next."
    finding = check(read(comment), Settings())
    assert finding is not None
    assert [span.text for span in finding.spans] == [
        *("i", "modi", "bjp", "delhi", "i'm", "iphone"),
    ]
    assert finding.suggestion == (
        "I do not think that Modi will win. BJP lost Delhi, and I'm glad. iPhone next."
    )


def test_score_grows_with_the_places() -> None:
    """One missing capital scores 0.5. More of them score closer to 1."""
    single = check(read("nobody here has read what the paper wrote on it"), Settings())
    double = check(read("nobody here has read what the paper wrote. shame on us"), Settings())
    assert single is not None
    assert double is not None
    assert (single.score, double.score) == (0.5, 0.75)


@pytest.mark.parametrize("acronym", ["BJP", "ITR"])
def test_acronyms_do_not_count(acronym: str) -> None:
    """An acronym in capitals, known or not, does not count as a word with its capital."""
    finding = check(read(f"the {acronym} has done nothing at all for us. nothing."), Settings())
    assert finding is not None
    assert len(finding.spans) == 2


@pytest.mark.parametrize(
    ("comment", "suggestion"),
    [
        ("it is legal, i.e. the court allowed it. so be it", "It is legal, i.e. the"),
        ("we have i) roads and ii) bridges to pay. so be it", "We have i) roads"),
        ("this may be right in march. so be it for all", "This may be right in march"),
        ("dr. b. r. ambedkar wrote it. so be it for all", "Dr. B. R. Ambedkar wrote it. So"),
        ("it was modi, i.e. modi himself. so be it for all", "It was Modi, i.e. Modi himself."),
        ("amit shah was in new delhi. so be it for all", "Amit Shah was in New Delhi. So"),
        ("a new, delhi like plan. so be it for all of us", "A new, Delhi like plan. So"),
    ],
)
def test_safe_suggestion(comment: str, suggestion: str) -> None:
    """Abbreviations, list labels and names that are ordinary words stay as they are."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert finding.suggestion is not None
    assert finding.suggestion.startswith(suggestion)


def test_author_characters() -> None:
    """Entities, emoji and line ends stay, and spans are places in the text as received."""
    comment = "🙏🏽 at&amp;t is down for the whole day again.\r\n\r\ni am tired of it"
    finding = check(read(comment), Settings())
    assert finding is not None
    assert [comment[span.start : span.end] for span in finding.spans] == ["at", "i"]
    assert finding.suggestion == comment.replace("at&", "At&").replace("i am", "I am")


def test_html_paragraphs() -> None:
    """In HTML a paragraph's first word opens a sentence, and tags stay."""
    comment = Comment("<p>we went to see them all.</p><p>they were not in.</p>", format="html")
    finding = check(read(comment), Settings())
    assert finding is not None
    assert finding.suggestion == "<p>We went to see them all.</p><p>They were not in.</p>"
