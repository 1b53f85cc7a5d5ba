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
