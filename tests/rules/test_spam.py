"""spam: the rule finds advertising and lures, not comments about money, calls or channels."""

from collections.abc import Callable

import pytest

from moderation.decision import Finding

Find = Callable[[str], Finding | None]
Score = Callable[[str], float]


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("I read about this in the Hindu today.", id="another newspaper"),
        pytest.param("Call the minister to account.", id="a call"),
        pytest.param("The channel showed the debate live last night.", id="a channel"),
        pytest.param("Rs. 500 cr. was offered and nobody was arrested.", id="money"),
        pytest.param("He won the Nobel Prize for economics.", id="a prize"),
        pytest.param("The co-operative bank gives 7.35% for 500 days.", id="a deposit rate"),
        pytest.param("Flight 6E 2175 from Kochi was late by 3 hours again.", id="a flight number"),
        pytest.param("Pant scored 88 off 71 and India made 291 for 7.", id="a score"),
        pytest.param("Tender No. 61/2026 was opened on 12 October.", id="a tender number"),
        pytest.param("Report it on the helpline 1930 within an hour.", id="a helpline"),
        pytest.param("Is the widow pension scheme open to women above 60?", id="asking"),
        pytest.param("The astrologer was arrested for cheating 40 women.", id="news of a fraud"),
        pytest.param("Never share an OTP with anybody who says KYC is pending.", id="a warning"),
    ],
)
def test_must_not_fire(score: Score, review: float, comment: str) -> None:
    """Honest comments may use the usual words of spam."""
    assert score(comment) < review


@pytest.mark.parametrize(
    "comment",
    [
        "Check out my channel and subscribe!!!",
        "You have won a free prize, call now to claim 1000 pounds cash",
        "I make $5000 a week working from home, check out this website http://www.example.com",
        pytest.param("Love problem? Consult our vashikaran guru, call today.", id="astrologer"),
        pytest.param("A great spell caster brought back my husband, email him.", id="spell caster"),
        pytest.param("I got my stolen bitcoin back, contact this hacker.", id="recovery of losses"),
        pytest.param("Update your KYC today or your account will be blocked.", id="phishing"),
        pytest.param("Your number won the lottery, call our manager to claim.", id="lottery"),
        pytest.param("Buy Viagra and Xanax without prescription, fast delivery.", id="pills"),
        pytest.param("Get your cricket betting ID now, instant withdrawal.", id="betting"),
        pytest.param("Call girls in your city, hotel service, WhatsApp for rates.", id="escorts"),
        pytest.param("Earn 2,000 rupees daily from home by typing, join now.", id="work from home"),
    ],
)
def test_spam(score: Score, review: float, comment: str) -> None:
    """Advertising and lures go to a person at least."""
    assert score(comment) >= review


def test_spans(find: Find) -> None:
    """The finding marks the words of the offer."""
    finding = find("Nice. Check out my channel and subscribe please")
    assert finding is not None
    assert "subscribe" in " ".join(span.text for span in finding.spans)
