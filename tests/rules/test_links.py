"""links: a source is welcome, an advertisement is not."""

import pytest

from moderation.comment import Comment
from moderation.rules.links import Settings, check
from moderation.text.reading import read

PAPER = Settings(most=0, allowed_domains=frozenset({"newspaper.example"}))


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("See https://example.org/report.", id="one link is a source"),
        pytest.param("Write to a@example.org or b@example.org, c@example.org", id="addresses"),
        pytest.param("He lied.In court he wept.So did she.In the end", id="missing spaces"),
        pytest.param("At 10.30 they paid Rs.500 to U.P.in cash", id="numbers and abbreviations"),
        pytest.param("No link here", id="none"),
    ],
)
def test_must_not_fire(comment: str) -> None:
    """A single link, addresses and full stops without a space are fine."""
    assert check(read(comment), Settings()) is None


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Trivago.com and Expedia.com list the same hotels.", id="companies"),
        pytest.param("paytm and irctc.co.in failed, yatra.com worked", id="known ones, small"),
        pytest.param("Who reads TheWire.in or NewsMinute.com's reports?", id="newspapers"),
        pytest.param("I wrote it in Next.js, ASP.NET and Socket.io.", id="software"),
        pytest.param("Her B.Com. helped; his M.Com. and B.Sc.in maths did not.", id="degrees"),
        pytest.param(
            "St.Xavier and Dr.Rao, e.g.in Goa, i.e.to us, etc.in order", id="abbreviations"
        ),
        pytest.param("we waited.in the end they came.to be fair.it was late", id="missing spaces"),
        pytest.param("HE FELL.IN COURT HE WEPT.SO DID SHE", id="missing spaces in capitals"),
        pytest.param("I like it.to tell you.me too.so be it.no more", id="pronouns as endings"),
        pytest.param(
            "Vote for them.live with it. Good times.today is fine.", id="nouns as endings"
        ),
        pytest.param("Save it as notes.pdf, run.sh, index.html or main.py", id="files"),
        pytest.param("see part-1.md, step2.sh and to-do.rs", id="files with digits and hyphens"),
        pytest.param("From 2.5.in all to 3.6.to 10.am we paid 4.50", id="figures"),
        pytest.param("The dot com bubble burst and many dot com firms died.", id="the bubble"),
        pytest.param("We saw a red dot in the sky and a dot on the map.", id="a dot"),
        pytest.param("Write to ravi at gmail dot com, please.", id="an e-mail that is spelled out"),
        pytest.param("He registered .in and .com names and learns .net", id="the endings alone"),
        pytest.param("thanks. com is short for commerce. org too", id="sentences in small letters"),
        pytest.param("It was done . in fact we left . net loss", id="full stops between blanks"),
        pytest.param(
            "Twitter should ban every bit.ly and t.me link.", id="shorteners as a subject"
        ),
    ],
)
def test_names_are_no_links(comment: str) -> None:
    """Names, abbreviations and missing spaces do not count, even if no links are allowed."""
    assert check(read(comment), Settings(most=0)) is None


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("Visit quickloans.in and fastloans.in today", id="'.in' after a verb"),
        pytest.param("try quickloans.in, fastloans.in", id="'.in' at the end"),
        pytest.param("Go to deals.co and deals.io for more", id="small letters"),
        pytest.param("see top-pills.shop and pills24.club", id="hyphens and digits"),
        pytest.param("order at rosepills.online and lilypills.store", id="words as endings"),
        pytest.param("Read here: pills.live/a pills.today/b", id="with a path"),
        pytest.param("pills.co.in or pills.com.au", id="two endings"),
        pytest.param("buy at rosepills.health or lilypills.care today", id="words among words"),
        pytest.param("pills.dev, pills.us/a", id="countries"),
        pytest.param("VISIT PILLS.COM OR DRUGS.COM", id="all in capitals"),
        pytest.param("Www.pills.test and HTTPS://DRUGS.TEST", id="with www or a scheme"),
    ],
)
def test_bare_addresses(comment: str) -> None:
    """Two bare addresses are one too many."""
    finding = check(read(comment), Settings())
    assert finding is not None
    assert finding.score == 0.5


@pytest.mark.parametrize(
    "address",
    [
        "https://wa.link/abc123",
        "forms.gle/abc",
        "linktr.ee/pills",
        "https://cutt.ly/a",
        "rebrand.ly/a",
        "https://tiny.one/a",
        "t.me/joinchat/abc",
        "https://chat.whatsapp.com/AbCd",
        "discord.com/invite/abc",
        "rosepills dot com",
        "rosepills (dot) in",
        "rosepills[.]com",
        "rosepills{dot}co.in",
        "rosepillsDOTcom",
        "rosepills。com",
        "rosepills . com",
        "bit .ly/abc",
        "www . rosepills . com",
        "rosepills. com/abc",
        "bit dot ly slash abc",
        "r o s e . c o m",
        "hxxp://rosepills.test/a",
        "https://www.bbc.com@pills.test/a",
        "[https://www.bbc.com/news](https://pills.test/a)",
        "[url=https://pills.test/a]www.bbc.com[/url]",
    ],
)
def test_hidden(address: str) -> None:
    """One link that hides where it leads is enough for the full score."""
    finding = check(read(f"Look: {address}"), Settings())
    assert finding is not None
    assert finding.score == 1.0
    assert [span.text for span in finding.spans] == [address.removesuffix(" slash abc")]


@pytest.mark.parametrize(
    ("shown", "fires"),
    [
        pytest.param("the report", False, id="words"),
        pytest.param("https://news.example.co.in/a", False, id="the same site"),
        pytest.param("example.co.in", False, id="the same site, bare"),
        pytest.param("NDTV.com has the story", False, id="a name among words"),
        pytest.param("https://bbc.com/news", True, id="another site"),
        pytest.param("<b>www.bbc.com</b>", True, id="another site in bold"),
        pytest.param("https://other.co.in", True, id="another site with the same ending"),
    ],
)
def test_text_of_a_link(shown: str, fires: bool) -> None:
    """In HTML, the text of a link may not show another site than the link leads to."""
    link = f'<a href="https://example.co.in/a" rel="nofollow">{shown}</a>'
    finding = check(read(Comment(link, format="html")), Settings())
    assert (finding is not None and finding.score == 1.0) == fires


def test_a_slip_hides_nothing() -> None:
    """A blank after 'www.' is a slip, so the link counts as one."""
    assert check(read("See www. msf.org for the figures"), Settings()) is None
    finding = check(read("www. msf.org"), Settings(most=0))
    assert finding is not None
    assert finding.message == "Use no links; your comment has 1."


def test_shorteners_of_the_policy() -> None:
    """A policy's own list replaces the shipped one."""
    own = Settings(shorteners=frozenset({"s.test"}))
    assert check(read("https://bit.ly/abc"), own) is None
    assert check(read("https://s.test/abc"), own) is not None


@pytest.mark.parametrize(
    "link",
    [
        "https://newspaper.example/a",
        "http://www.newspaper.example",
        "https://blog.newspaper.example:8080/a?b=c#d",
        "HTTPS://NEWSPAPER.EXAMPLE/A",
    ],
)
def test_allowed_domains(link: str) -> None:
    """Links to the newspaper's own site and its subdomains do not count."""
    assert check(read(f"See {link}"), PAPER) is None


@pytest.mark.parametrize(
    "link",
    [
        "https://notnewspaper.example/a",
        "https://newspaper.example.evil.test/",
        "https://newspaper.example@evil.test/",
        "https://evil.test/newspaper.example",
        "http://[newspaper.example",
    ],
)
def test_disguised_domains(link: str) -> None:
    """A domain that only looks like an allowed one counts."""
    assert check(read(f"See {link}"), PAPER) is not None


def test_too_many() -> None:
    """The finding marks the links over the limit. Their share is the score."""
    finding = check(read("www.a.com b.org/x and https://c.net, d.co.in"), Settings(most=1))
    assert finding is not None
    assert finding.score == 0.75
    assert [span.text for span in finding.spans] == ["b.org/x", "https://c.net", "d.co.in"]
    assert finding.message == "Use at most 1 link; your comment has 4."


def test_none_allowed() -> None:
    """If no links are allowed, the first one is over the limit."""
    finding = check(read("See example.com"), Settings(most=0))
    assert finding is not None
    assert finding.score == 1.0
    assert finding.message == "Use no links; your comment has 1."


@pytest.mark.parametrize("link", ["https://bit.ly/3xYz", "tinyurl.com/abc", "http://www.goo.gl/a"])
def test_shorteners(link: str) -> None:
    """The rule finds a shortened link, even if it is the only link."""
    finding = check(read(f"Read {link} now"), Settings())
    assert finding is not None
    assert finding.score == 1.0
    assert [span.text for span in finding.spans] == [link]


def test_targets_in_html() -> None:
    """In HTML the target counts, and a link whose text is its target counts once."""
    html = '<a class="x" href="https://bit.ly/1?a&amp;b">my photos</a> 🙏'
    finding = check(read(Comment(html, format="html")), Settings())
    same = '<a href="https://a.test/">https://a.test</a>'
    assert finding is not None
    assert finding.spans[0].text == "https://bit.ly/1?a&amp;b"
    assert check(read(Comment(same, format="html")), Settings(most=1)) is None


def test_anchors_are_not_links() -> None:
    """Targets within the page or site, and mail addresses, do not count."""
    html = '<a href="#top">up</a> <a href="mailto:a@example.org">write</a> <a href="/x">x</a>'
    assert check(read(Comment(html, format="html")), Settings(most=0)) is None
