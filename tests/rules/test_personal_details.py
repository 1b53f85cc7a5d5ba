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
        pytest.param("letters(at)paper.example(dot)com", id="and in brackets"),
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
        ("ravi [at] example (dot) org", "e-mail address", "ravi [at] example (dot) org"),
        ("ravi(at)evilpaper.example.com", "e-mail address", "ravi(at)evilpaper.example.com"),
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


_CALM = [
    # Prose that has the words of an address
    pytest.param("The shop 30 metres behind the mosque sells tea.", id="a distance"),
    pytest.param("A flat 12 per cent cess, near double of the old one.", id="a rate"),
    pytest.param("We left the plot 8 lakh poorer; the road was never built.", id="money"),
    pytest.param("The house 9 years later, behind the temple, is a ruin.", id="a time"),
    pytest.param("Vitamin D 20000 IU is cheap near hospitals.", id="a dose"),
    pytest.param("In quarter 3, Tata, Wipro and Infosys grew.", id="a quarter of the year"),
    pytest.param("The house 4 times refused the bill. The court did nothing.", id="two sentences"),
    pytest.param("Aston Villa 3, Manchester City 2, Old Trafford", id="a football result"),
    pytest.param("The 7 Karol Bagh shops had no licence.", id="an article before the count"),
    pytest.param("All 31 Bellandur Layout flats are flooded.", id="'all' before the count"),
    pytest.param("He met 25 Gandhi Nagar residents.", id="a plural after the name"),
    pytest.param("In 12 Outer Ring Road accidents nobody died.", id="a plural after 'in'"),
    pytest.param("The 9 Race Course Road deal was a scam.", id="a noun after the street"),
    pytest.param("Some 40 Civil Society groups and 90 Red Cross nurses came.", id="no street"),
    pytest.param("The new 6 Lane Highway and the 9 Km Coastal Road", id="lanes and kilometres"),
    pytest.param("Booth 12 Nehru Nagar, Ward no. 5, Anna Nagar", id="the number of a booth"),
    pytest.param("T-20, World Cup, Eden Gardens; U-19, World Cup, South Africa", id="cricket"),
    pytest.param("Her address: 60 Years of freedom and no water.", id="a speech"),
    pytest.param("He lives in 5 Star Hotels and 2 BHK flats.", id="stars and rooms"),
    pytest.param("They are living in 1950, Nehru Nagar or not.", id="living in a year"),
    pytest.param("Delhi, Mumbai, Pune, Chennai 145230 cases", id="a count after cities"),
    pytest.param("Sherlock lived at 221B Baker Street, London.", id="an address in a book"),
    pytest.param("No. 10, Downing St. is near, and 10 Downing St. too.", id="an allowed address"),
    # Numbers that are no phone numbers
    pytest.param("The reference number 9123450000 or 9123456780", id="reference number"),
    pytest.param("Consumer no: 9123456780, roll number 8123456790", id="consumer, roll"),
    pytest.param("Docket 9345678901, folio 9988776612", id="docket, folio"),
    pytest.param("Policy No.: 9988776655 and receipt 7654321098", id="policy, receipt"),
    pytest.param("My acknowledgement number is 7788990011.", id="acknowledgement"),
    pytest.param("Order id 9876543210; my order 9876543210 is late", id="order"),
    pytest.param("My application no. 9876543210 is pending.", id="application"),
    pytest.param("9876543210 is my complaint number.", id="the noun after the number"),
    pytest.param("Regd. No. 8765432190, SR number 9876501234", id="abbreviations"),
    pytest.param("Only 7654321987 was released from the fund.", id="a sum without currency"),
    pytest.param("A grant of 9876543210 was never spent.", id="a grant"),
    pytest.param("They spent 9876543210; the turnover was 9123456789.", id="money in words"),
    pytest.param("Pay between 65000 - 72000 to all.", id="a range"),
    pytest.param("It is at 12.971599,77.594566 on the map.", id="coordinates"),
    pytest.param("(203.0.113.145) edited the page.", id="an IP address"),
    pytest.param("one two three four five six seven eight nine ten", id="counting in words"),
    pytest.param("Votes: 98765, 43210 and 12345", id="figures between commas"),
    # Numbers of offices
    pytest.param("Call the women's helpline on 78271 70170.", id="a helpline's mobile number"),
    pytest.param("98204 66727 is the helpline of the commission.", id="a helpline after it"),
    pytest.param("The ministry's number is 011-23389898.", id="a ministry"),
    pytest.param("Ring the control room on 022-22694725.", id="a control room"),
    pytest.param("The bank's customer care: 022-27647777.", id="customer care"),
    pytest.param("The collector's office is at 044-25268320.", id="a public office"),
    pytest.param("The commission is at info@council.example.org.", id="an office's mailbox"),
    # Numbers that are no papers
    pytest.param("The user EMP34050 and GSTIN 29ABCDE1234F1Z5", id="employee, company"),
    pytest.param("AAACR5055K is printed on every bill.", id="a company's PAN"),
    pytest.param("The passport office issued 1234567 passports.", id="a count of passports"),
    pytest.param("My IFSC is SBIN0001234, my PNR 6543219870.", id="an IFSC and a PNR"),
    pytest.param("Relief fund: SBI a/c 30123456789", id="the account of a fund"),
    pytest.param("The bank account holds 1234567890 rupees.", id="a sum in an account"),
]


@pytest.mark.parametrize("comment", _CALM)
def test_what_readers_write_must_not_fire(comment: str) -> None:
    """Prose, reference numbers and the numbers of offices are not personal details."""
    assert check(read(comment), _SETTINGS) is None


@pytest.mark.parametrize(
    ("comment", "detail"),
    [
        ("Come to Flat 7C, Lily Villa, Juhu West.", "Flat 7C, Lily Villa, Juhu West"),
        ("He lives in C-9, Blue Park, New Delhi 110016.", "C-9, Blue Park, New Delhi 110016"),
        ("At 2nd floor, Rose Apartments, Anna Nagar!", "2nd floor, Rose Apartments, Anna Nagar"),
        ("he lives at 14 park lane, come over", "14 park lane"),
        ("H No 123 Sector 15 Chandigarh", "H No 123 Sector 15 Chandigarh"),
        ("Address - 12, MG Road, Kochi", "12, MG Road, Kochi"),
        ("Her home is at No. 7, Church Street.", "7, Church Street"),
        (
            "Send it to 12 Oak Lane\nApt. 4\nSpringfield, IL 62704",
            "12 Oak Lane\nApt. 4\nSpringfield, IL 62704",
        ),
        ("11 Elm Grove, Leeds LS6 1AB", "11 Elm Grove, Leeds LS6 1AB"),
        ("12-B, Rajouri Garden, Delhi 110027", "12-B, Rajouri Garden, Delhi 110027"),
        ("Ravi Nilayam, Chovva, Kannur, Kerala 670006.",) * 2,
        (
            "flat no 302, sai apartments, mg road, pune 411001",
            "flat no 302, sai apartments, mg road, pune 411001",
        ),
        ("He lives at 14 Park Lane, London, and he works in Leeds.", "14 Park Lane, London"),
        ("He lives at 450 Sukh Niwas and drives a red car.", "450 Sukh Niwas"),
        ("110 Downing Street is hers", "110 Downing Street"),
        ("10 Janpath Lane is hers", "10 Janpath Lane"),
    ],
)
def test_addresses(comment: str, detail: str) -> None:
    """An address ends where its names end. The rest of the sentence stays in the suggestion."""
    finding = check(read(comment), _SETTINGS)
    assert finding is not None
    assert [span.text for span in finding.spans] == [detail.rstrip(".")]


@pytest.mark.parametrize(
    "comment",
    [
        # Words that hid a number
        "Contact the doctors: @",
        "Our leaders: @",
        "Ask for the teachers, @",
        "Helpline for farmers: @",
        "For orders and complaints @.",
        "To apply @, forms free.",
        "In any case @ is his number.",
        "The bill collector @ took a bribe.",
        "Ask the man on @ people say he knows.",
        "Send Rs 500 to @",
        "Paytm ID @",
        "Call the police inspector: @",
        "The agent at the ministry: @",
    ],
)
@pytest.mark.parametrize("number", ["98450 12345", "+91 98450-12345"])
def test_the_nearest_word_decides(comment: str, number: str) -> None:
    """A number that is meant to be called stays a phone number."""
    finding = check(read(comment.replace("@", number)), _SETTINGS)
    assert finding is not None
    assert [span.text for span in finding.spans] == [number]


@pytest.mark.parametrize(
    "number",
    [
        *("98450 - 12345", "98450_12345", "98450,12345", "98450   12345", "98450x12345"),
        *("98450~12345", "98450...12345", "(98450) 12345", "98450 | 12345", "98450·12345"),
        *("9.8.4.5.0.1.2.3.4.5", "+91 (0) 98450 12345", "9B45OI2345", "98450 I2345", "984501234O"),
        *("nine eight four five zero one two three four five", "98450 one two three four five"),
        "Nine-Eight-Four-Five-Zero-One-Two-Three-Four-Five",
        "double nine four five zero one two three four five",
        *("nau aath char paanch shunya ek do teen char paanch", "98450one2345"),
        *("9️⃣8️⃣4️⃣5️⃣0️⃣1️⃣2️⃣3️⃣4️⃣5️⃣", "⑨⑧④⑤⓪①②③④⑤", "❾❽❹❺⓿❶❷❸❹❺", "९८४५०१२३४५"),
        *("wa.me/919845012345", "https://wa.me/919845012345?text=hi", "tel:+919845012345"),
        "https://api.whatsapp.com/send?phone=919845012345",
    ],
)
def test_spellings_of_phone_numbers(number: str) -> None:
    """The rule reads a number in its usual and its disguised spellings, to its end."""
    finding = check(read(f"Call him at {number} now."), _SETTINGS)
    assert finding is not None
    assert finding.suggestion == "Call him at [phone number] now."


@pytest.mark.parametrize(
    "comment",
    ["Call me.9845012345", "WhatsApp9845012345", "@9845012345", "_9845012345_", "ph#9845012345"],
)
def test_what_is_right_before_a_phone_number(comment: str) -> None:
    """A full stop, a word, an 'at' sign or an underscore right before a number does not hide it."""
    finding = check(read(comment), _SETTINGS)
    assert finding is not None
    assert finding.suggestion == comment.replace("9845012345", "[phone number]").replace("__", "_")


@pytest.mark.parametrize(
    ("comment", "kind", "detail", "score"),
    [
        ("My PAN is abcpe1234f.", "PAN", "abcpe1234f", 0.95),
        ("PAN: ABCPE 1234 F", "PAN", "ABCPE 1234 F", 0.95),
        ("PAN ABCDE1234F", "PAN", "ABCDE1234F", 0.7),
        ("Aadhaar 2341:2341:2346", "Aadhaar number", "2341:2341:2346", 1.0),
        ("Aadhaar no. 2341/2341/2346", "Aadhaar number", "2341/2341/2346", 1.0),
        ("My passport is K8369851.", "passport number", "K8369851", 0.9),
        ("k 8369851 is my passport number", "passport number", "k 8369851", 0.9),
        ("Voter ID xyz1234567", "voter ID", "xyz1234567", 0.9),
        ("driving licence MH12 20110012345", "driving licence", "MH12 20110012345", 0.9),
        ("SBI a/c no. 30123456789", "bank account", "30123456789", 0.7),
        ("50100123456789, IFSC HDFC0000123", "bank account", "50100123456789", 0.9),
        ("4111.1111.1111.1111", "card number", "4111.1111.1111.1111", 1.0),
        # A check digit may be right by chance.
        ("Tender no. 2341 2341 2346", "Aadhaar number", "2341 2341 2346", 0.7),
        ("Claim number 4111 1111 1111 1111", "card number", "4111 1111 1111 1111", 0.7),
        ("They quoted 2341 2341 2346 as the reference.", "Aadhaar number", "2341 2341 2346", 0.7),
    ],
)
def test_papers(comment: str, kind: str, detail: str, score: float) -> None:
    """A paper is found in its usual spellings. A number that may be another's goes to a person."""
    finding = check(read(comment), _SETTINGS)
    assert finding is not None
    assert finding.message.startswith(f"Take out the {kind}:")
    assert [span.text for span in finding.spans] == [detail]
    assert finding.score == score


@pytest.mark.parametrize(
    "target",
    ["tel:1800114000", "mailto:desk@paper.example.com", "https://example.com/9845012345", "#top"],
)
def test_public_targets_of_links(target: str) -> None:
    """Links to toll-free numbers, allowed domains and other pages hold no personal detail."""
    comment = Comment(f'<p>See <a href="{target}">this</a>.</p>', format="html")
    assert check(read(comment), _SETTINGS) is None


def test_the_helpline_of_a_link() -> None:
    """The text before a link says whose number its target is."""
    comment = '<p>Call the helpline <a href="tel:02227647777">here</a>.</p>'
    assert check(read(Comment(comment, format="html")), _SETTINGS) is None


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("tel:+91-98450-12345", "phone number"),
        ("tel:(98450) 12345", "phone number"),
        ("&#116;el:9845012345", "phone number"),
        ("sms:+919845012345?body=hi", "phone number"),
        ("https://wa.me/919845012345", "phone number"),
        ("mailto:ravi@example.org?subject=a", "e-mail address"),
        ("mailto:ravi%40example.org", "e-mail address"),
        ("upi://pay?pa=ravi@okaxis&amp;pn=R", "UPI address"),
    ],
)
def test_targets_of_links(target: str, kind: str) -> None:
    """The rule reads what a link calls, mails and pays. The suggestion drops the target."""
    comment = f'<p>See <a class="x" href="{target}">this</a>.</p>'
    finding = check(read(Comment(comment, format="html")), _SETTINGS)
    assert finding is not None
    assert finding.message.startswith(f"Take out the {kind}:")
    assert [span.text for span in finding.spans] == [target]
    assert finding.suggestion == "<p>See <a>this</a>.</p>"


_NOISE = (
    *("1" * 20_000, "1 " * 10_000, "a@" * 10_000, "a.a@a." * 3_000, "flat no 5 " * 2_000),
    *(
        "nine " * 4_000,
        "9 nine" * 3_000,
        "Aaaa, Bbbb, " * 1_500,
        "9_" * 9_000,
        "lives at 9 A" * 900,
    ),
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
