"""A comment leads to few other sites, and hides none of them.

The rule counts links: with 'https://', with 'www.' and bare ones ('example.com/page'), and in HTML
comments the targets of `<a href>`. One link is a source, many are an advertisement. Links to the
newspaper's own site and to other `allowed_domains` do not count. A link shortener hides the target,
so a moderator cannot judge the link: one is enough for the full score.

The score is the share of the links over the limit: with one link allowed, 0.5 for two links and 0.9
for ten.

- Fires: "See http://example.com, http://example.org and http://example.net", "Read
  https://bit.ly/abc"
- Does not fire: "See https://example.org/report", "Write to letters@example.org", "He lied.In
  court he wept."

Limits: the rule does not read links that are spelled out ('example dot com'), and never looks up
where a link leads.

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: found in and sent to review 0.0, 0.1, 0.0, 0.1 and 0.1 %.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding, Span
from moderation.text.reading import Text

SHORTENERS = (
    "adf.ly bit.do bit.ly bitly.com bl.ink buff.ly cutt.ly goo.gl is.gd lnkd.in ow.ly rb.gy"
    " rebrand.ly s.id short.io shorte.st shorturl.at soo.gd t.co t.ly t2m.io tiny.cc tinyurl.com"
    " tr.im v.gd urlz.fr"
).split()
_LABELS = 8  # labels of a domain that are compared, from its end
_HREF = regex.compile(
    r"<a\s[^<>]*?\bhref\s*=\s*(?:\"(?P<url>[^\"<>]*)\"|'(?P<url>[^'<>]*)'|(?P<url>[^\s\"'<>]+))",
    regex.I,
)


class Settings(rules.Settings):
    """The settings in `[links]`."""

    most: int = Field(1, ge=0, description="The number of links that are allowed.")
    allowed_domains: frozenset[str] = Field(
        frozenset(), description="Domains whose links do not count, with their subdomains."
    )
    shorteners: frozenset[str] = Field(
        frozenset(SHORTENERS), description="Domains of link shorteners."
    )


class Link(NamedTuple):
    """A link: its place in the author's text, and the domain of its target."""

    span: Span
    domain: str


def check(text: Text, settings: Settings) -> Finding | None:
    """Find shortened links, or else the links over the limit."""
    links = [link for link in _links(text) if not _under(link.domain, settings.allowed_domains)]
    hidden = [link for link in links if _under(link.domain, settings.shorteners)]
    if hidden:
        spans = tuple(link.span for link in hidden)
        message = f"Give the full address instead of the short link “{hidden[0].domain}”."
        return Finding("links", 1.0, message, spans)
    if len(links) <= settings.most:
        return None
    extra = links[settings.most :]
    most = (
        f"at most {settings.most} link{'s' * (settings.most != 1)}" if settings.most else "no links"
    )
    message = f"Use {most}; your comment has {len(links)}."
    return Finding("links", len(extra) / len(links), message, tuple(link.span for link in extra))


def _links(text: Text) -> Iterator[Link]:
    """Yield the links of a comment. In HTML a target and the same link as its text count once."""
    targets = set()
    if text.comment.format == "html":
        for match in _HREF.finditer(text.raw):
            url = html.unescape(match["url"]).strip()
            if "//" in url and _domain(url):
                targets.add(url.rstrip("/"))
                start, end = match.span("url")
                yield Link(Span(start, end, text.raw[start:end]), _domain(url))
    for token in text.tokens:
        if token.kind == "link" and token.text.rstrip("/") not in targets:
            yield Link(text.span(token.start, token.end), _domain(token.text))


def _domain(url: str) -> str:
    """Return the domain of a link, or the empty string if it has none.

    >>> _domain("https://user@www.Example.org:80/a"), _domain("example.com/b"), _domain("#top")
    ('example.org', 'example.com', '')
    """
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:  # broken brackets of an IPv6 address
        return url.lower()
    return host.removeprefix("www.").rstrip(".") if "." in host else ""


def _under(domain: str, domains: frozenset[str]) -> bool:
    """Whether a domain is one of `domains` or a subdomain of one.

    >>> _under("blog.example.com", frozenset(["example.com"]))
    True
    >>> _under("notexample.com", frozenset(["example.com"]))
    False
    """
    parts = domain.rsplit(".", _LABELS)[-_LABELS:]
    return any(".".join(parts[at:]) in domains for at in range(len(parts)))
