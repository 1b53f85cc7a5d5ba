"""personal_details: the rule finds phones, addresses and papers, not years, sums and helplines."""

import pytest

from moderation.comment import Comment
from moderation.policy import Policy, PolicyError
from moderation.rules.personal_details import Settings, check
from moderation.text.reading import read

_SETTINGS = Settings(
    allowed_domains=frozenset(["paper.example.com"]),
    allowed_numbers=frozenset(["+919820466726"]),
    allowed_addresses=frozenset(["10 Downing Street", "10 Janpath"]),
)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("From 1984 to 2014-2019, and the 1984 riots of 31-10-1984", id="years, dates"),
        pytest.param("On 2019-05-23 10:30 to 12.45 it was 3-2, 21-19 21-17.", id="times, scores"),
        pytest.param("Rs 12,34,56,789 or Rs. 500 cr. or Rs 9876543210", id="sums of money"),
        pytest.param("₹9876543210, $ 2125550123 and 9876543210 rupees", id="sums without commas"),
        pytest.param("A world of 7000000000 and 8000000000", id="round sums"),
        pytest.param("1 2 3 4 5 6 7 8 9 10", id="counting"),
        pytest.param("https://example.com/?id=9876543210", id="a link with a number"),
        pytest.param("He won by 9876543 votes; 98,76,54,321 people", id="votes, people"),
        pytest.param("Dial 100, 112, 1098 or 1800-11-4000.", id="helplines"),
        pytest.param("Call 1800 123 4567 or 0800 1111 toll free", id="toll-free numbers"),
        pytest.param("Section 144, Article 370, Sections 153A and 295A, 24x7", id="the law"),
        pytest.param("Civil Appeal No. 10866-10867 of 2010; case no. 9876543210", id="judgements"),
        pytest.param("IFSC SBIN0001234, car MH 12 AB 1234, PNR 6543219870", id="codes"),
        pytest.param("ISBN 978-0-306-40615-7 and 9780306406157", id="books"),
        pytest.param("4111 1111 1111 1112", id="a card with a wrong check digit"),
        pytest.param("2341 2341 2340", id="an Aadhaar with a wrong check digit"),
        pytest.param("GB33 BUKB 2020 1555 5555 56", id="an IBAN with wrong check digits"),
        pytest.param("1234567890123456 and 0000 0000 0000 0000", id="digits in a row"),
        pytest.param("10 Downing Street, 10 Janpath", id="seats of government"),
        pytest.param("In 2005, Supreme Court said so; 5 High Court judges", id="courts"),
        pytest.param("A 4 lane road, 2 road deaths, 5th Avenue, sector 17", id="roads"),
        pytest.param("World War 2 Memorial Road, the 2014 Badaun Road case", id="not a house"),
        pytest.param("On 26 January Kartavya Path is closed.", id="a date before a street"),
        pytest.param("targets of 901/938/9510 and 938/951/9802", id="figures between slashes"),
        pytest.param("98 76 54 32 10 12 14", id="small figures in a row"),
        pytest.param("Write to letters@paper.example.com", id="the newspaper's own address"),
        pytest.param("letters@desk.paper.example.com", id="and below it"),
        pytest.param("Call AASRA on 9820466726", id="an allowed number"),
        pytest.param("@ravi, I was at home at 10.", id="a mention"),
        pytest.param("Look at yahoo and gmail for that", id="mail services"),
        pytest.param("https://example.com/a/9876543210", id="a link"),
        pytest.param("3.1415926535 8979", id="a long fraction"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """Ordinary figures are not personal details."""
    assert check(read(comment), _SETTINGS) is None


@pytest.mark.parametrize(
    ("comment", "kind", "detail"),
    [
        ("Call me on 98765 43210.", "phone number", "98765 43210"),
        ("9 8 7 6 5 4 3 2 1 2 is mine", "phone number", "9 8 7 6 5 4 3 2 1 2"),
        ("my no is 9876543210", "phone number", "9876543210"),
        ("+91 98765-43210!", "phone number", "+91 98765-43210"),
        ("+447911123456", "phone number", "+447911123456"),
        ("987-654-3210 works", "phone number", "987-654-3210"),
        ("office 011-23012312", "phone number", "011-23012312"),
        ("(212) 555-0123 is hers", "phone number", "(212) 555-0123"),
        ("212-555-0123 is hers", "phone number", "212-555-0123"),
        ("phone: 2125550123", "phone number", "2125550123"),
        ("Tel 60-56-85-91", "phone number", "60-56-85-91"),
        ("９８７６５４３２１０ calling", "phone number", "９８７６５４３２１０"),
        ("ravi.k+x@mail.example.org!", "e-mail address", "ravi.k+x@mail.example.org"),
        ("ravi(at)gmail(dot)com", "e-mail address", "ravi(at)gmail(dot)com"),
        ("ravi at gmail dot com", "e-mail address", "ravi at gmail dot com"),
        ("pay ravi@okaxis", "UPI address", "ravi@okaxis"),
        ("4111 1111 1111 1111", "card number", "4111 1111 1111 1111"),
        ("378282246310005", "card number", "378282246310005"),
        ("GB33 BUKB 2020 1555 5555 55 is mine", "bank account", "GB33 BUKB 2020 1555 5555 55"),
        ("2341 2341 2346", "Aadhaar number", "2341 2341 2346"),
        ("Aadhaar: 234123412346", "Aadhaar number", "234123412346"),
        ("PAN is AAPPV8261K", "PAN", "AAPPV8261K"),
        ("He lives at 14 Park Lane, come over", "address", "14 Park Lane"),
        (
            "12, 3rd Cross, Indiranagar, Bangalore 560038",
            "address",
            "12, 3rd Cross, Indiranagar, Bangalore 560038",
        ),
        ("B-45, Lajpat Nagar is hers", "address", "B-45, Lajpat Nagar"),
        (
            "12/3 Mahatma Gandhi Marg, Pune 411001",
            "address",
            "12/3 Mahatma Gandhi Marg, Pune 411001",
        ),
        ("at Flat No. 302, Sai Krupa, MG Road", "address", "Flat No. 302, Sai Krupa, MG Road"),
        (
            "742 Evergreen Terrace, Oak, IL 62704.",
            "address",
            "742 Evergreen Terrace, Oak, IL 62704",
        ),
    ],
)
def test_fires(comment: str, kind: str, detail: str) -> None:
    """The finding has the kind and place of the detail. The message never repeats it."""
    finding = check(read(comment), _SETTINGS)
    assert finding is not None
    assert finding.message == f"Take out the {kind}: anyone could read and misuse it."
    assert [span.text for span in finding.spans] == [detail]
    assert finding.suggestion == comment.replace(detail, f"[{kind}]")


def test_several() -> None:
    """The message names the kinds in order. The suggestion is the comment without the details."""
    finding = check(read("Mail a@b.org, call 98765 43210 or c@d.org."), _SETTINGS)
    assert finding is not None
    assert finding.message.startswith("Take out the e-mail address and the phone number:")
    assert finding.suggestion == "Mail [e-mail address], call [phone number] or [e-mail address]."


@pytest.mark.parametrize(
    ("comment", "suggestion"),
    [
        ("u r “an idiot”, call 98201 45678", "u r “an idiot”, call [phone number]"),
        ("Well\u200b said.\r\nravi@example.org 🙏🏽", "Well\u200b said.\r\n[e-mail address] 🙏🏽"),
    ],
)
def test_the_rest_of_the_comment_stays(comment: str, suggestion: str) -> None:
    """The suggestion keeps every other character: quotation marks, line ends, invisible ones."""
    finding = check(read(comment), _SETTINGS)
    assert finding is not None
    assert finding.suggestion == suggestion


@pytest.mark.parametrize(
    ("comment", "suggestion"),
    [
        ("<p>Call <b>98765</b> 43210 &amp; ask</p>", "<p>Call <b>[phone number]</b> &amp; ask</p>"),
        (
            '<p>Ask <a class="x" href="mailto:ravi@example.org">ravi@example.org</a>.</p>',
            "<p>Ask <a>[e-mail address]</a>.</p>",
        ),
    ],
)
def test_html_stays_html(comment: str, suggestion: str) -> None:
    """The suggestion loses no tag, and no link in it holds the detail."""
    finding = check(read(Comment(comment, format="html")), _SETTINGS)
    assert finding is not None
    assert finding.suggestion == suggestion


def test_a_complete_address_scores_higher() -> None:
    """A code and 'lives at' raise the score of an address."""
    scores = []
    for comment in ("14 Park Lane", "lives at 14 Park Lane", "lives at 14 Park Lane, Pune 411001"):
        finding = check(read(comment), _SETTINGS)
        assert finding is not None
        scores.append(finding.score)
    assert scores == [0.6, 0.75, 0.9]


def test_unknown_region() -> None:
    """For an unknown region, the policy's error names the table and key."""
    with pytest.raises(PolicyError, match=r"\[personal_details\] regions.0: must be a country's"):
        Policy.load({"personal_details": {"regions": ["INDIA"]}})


_NOISE = (
    *("1" * 20_000, "1 " * 10_000, "a@" * 10_000, "a.a@a." * 3_000, "flat no 5 " * 2_000),
    *("GB33 " * 4_000, "12 Aaaa Bbbb Cccc " * 1_000, "(((1" * 5_000, "a at gmail " * 1_800),
)


@pytest.mark.parametrize("odd", _NOISE, ids=lambda odd: odd[:10])
def test_noise(odd: str) -> None:
    """The rule reads long noise to its end and finds nothing in it."""
    assert check(read(odd), _SETTINGS) is None


@pytest.mark.parametrize(
    ("address", "score"),
    [
        ("letters@thehindu.example", 0.7),
        ("Info@council.example.org", 0.7),
        ("info@gmail.com", 1.0),
        ("ravi@council.example.org", 1.0),
        ("information.ravi@council.example.org", 1.0),
    ],
)
def test_an_offices_mailbox_goes_to_a_person(address: str, score: float) -> None:
    """An office's mailbox is public. A person's address stays certain."""
    finding = check(read(f"Write to {address} about it."), _SETTINGS)
    assert finding is not None
    assert finding.score == score
