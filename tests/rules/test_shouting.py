"""shouting: capitals are for beginnings, names and acronyms."""

import pytest

from moderation.comment import Comment
from moderation.rules.shouting import Settings, check
from moderation.text.reading import read


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("SHAME!", id="one short word"),
        pytest.param("OK", id="two letters"),
        pytest.param("JAI HIND!", id="a greeting of two words"),
        pytest.param("The U.P. govt. and ISRO are right.", id="acronyms in a sentence"),
        pytest.param("BJP, RSS, VHP, ABVP and the AIADMK", id="a row of acronyms"),
        pytest.param("RCB v CSK, MI v KKR, SRH v DC", id="a row of unknown acronyms"),
        pytest.param("Rs. 500 CR. for AIIMS, IIT and IIM", id="sums and institutes"),
        pytest.param("A. P. J. Abdul Kalam and M. S. DHONI", id="initials"),
        pytest.param("It is NOT true and will NEVER be.", id="single words with emphasis"),
        pytest.param("“PM WINS THE VOTE AGAIN” says your headline.", id="quoted headline"),
        pytest.param(
            "See #THISISNOTRIGHT and HTTPS://EXAMPLE.COM/NOT/FOR/YOU", id="tags and links"
        ),
        pytest.param("COVID-19, H1N1, 5G and GST", id="codes"),
        pytest.param("यह बहुत बुरा है, 这是不对的", id="scripts without capitals"),
        pytest.param("Five words. " * 12 + "I SAID NO.", id="a small share is emphasis"),
        pytest.param("🙏🙏 !!! 100", id="no letters at all"),
        pytest.param("SANIA MIRZA and SAINA NEHWAL both won.", id="names in capitals"),
        pytest.param(
            "Take TAB. ZINCOVIT 50MG AND SYP. BENADRYL 5ML daily, she said.", id="medicines"
        ),
        pytest.param("The MARUTI SUZUKI BALENO ZETA CVT is a good car.", id="a product"),
        pytest.param("UNICEF, UNESCO, ICAO and OPEC met.", id="acronyms of five letters and more"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Acronyms, quotations, emphasis and short exclamations are not shouting."""
    assert check(read(comment), Settings()) is None


@pytest.mark.parametrize(
    ("comment", "suggestion"),
    [
        ("THIS IS A DISGRACE!", "This is a disgrace!"),
        ("SHAME ON YOU", "Shame on you"),
        ("SANJAY RAUT AND SMRITI ARE WRONG", "Sanjay Raut and Smriti are wrong"),
        ("MODI AND THE BJP ARE WRONG", "Modi and the BJP are wrong"),
        ("WE LOST. I'M ANGRY, AND I SAY SO", "We lost. I'm angry, and I say so"),
        ("“WE WILL NEVER FORGET THIS”", "“We will never forget this”"),
        ("GO AWAY 👎 AND STAY AWAY", "Go away 👎 and stay away"),
        ("GUYS, READ THE U.P. REPORT OF P. KUMAR", "Guys, read the U.P. report of P. Kumar"),
        ("PM MODI'S NGOS, SAYS NDTV, ARE ANTI-POOR", "PM Modi's NGOs, says NDTV, are anti-poor"),
    ],
)
def test_wholly_in_capitals(comment: str, suggestion: str) -> None:
    """A comment in capitals scores 1.0. The suggestion is in sentence case and keeps names."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert finding.score == 1.0
    assert finding.suggestion == suggestion


def test_share_of_a_part() -> None:
    """A shouted part scores its share of the letters. The suggestion changes only that part."""
    finding = check(read("He said it. STOP THIS NOW, all of you."), Settings())
    assert finding is not None
    assert finding.score == pytest.approx(11 / 27)
    assert [span.text for span in finding.spans] == ["STOP THIS NOW"]
    assert finding.suggestion == "He said it. Stop this now, all of you."


def test_several_parts() -> None:
    """The finding marks each shout, and the suggestion rewrites all of them."""
    finding = check(read("NO MORE LIES, he said. I WANT IT BACK!"), Settings())
    assert finding is not None
    assert len(finding.spans) == 2
    assert finding.suggestion == "No more lies, he said. I want it back!"


def test_acronyms_do_not_raise_the_score() -> None:
    """An acronym within a shout counts neither as shouted nor as ordinary."""
    plain = check(read("THIS IS BAD, my dear friends"), Settings())
    acronym = check(read("THIS IS BAD AIADMK, my dear friends"), Settings())
    assert plain is not None
    assert acronym is not None
    assert acronym.score == plain.score


def test_author_characters() -> None:
    """The span and the suggestion keep entities and line ends as received."""
    finding = check(read("🙏🏽 STOP &amp; THINK\r\nABOUT YOUR CHILDREN"), Settings())
    assert finding is not None
    assert finding.spans[0].start == 3
    assert finding.suggestion is not None
    assert "&amp;" in finding.spans[0].text
    assert finding.suggestion.startswith("🙏🏽 Stop &amp; think\r\n")


def test_html_tags_are_kept() -> None:
    """Tags between shouted words stay in the suggestion."""
    finding = check(read(Comment("<p>STOP <b>THIS</b> NOW</p>", format="html")), Settings())
    assert finding is not None
    assert finding.suggestion == "<p>Stop <b>this</b> now</p>"
