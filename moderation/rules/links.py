"""A comment leads to few other sites, and hides none of them.

The rule counts links: with 'https://', with 'www.' and bare ones ('example.com/page'). In HTML,
Markdown and BBCode it counts the targets. One link is a source, many are an advertisement. Links to
the newspaper's own site and to other `allowed_domains` do not count. A company that is named after
its site ('Booking.com') does not count either, if there is no path after the name.

A link that hides its target gets the full score, because a moderator cannot judge it: a link
shortener, an invitation to a private chat, an address that is spelled out or broken up to pass a
filter, and a link whose text shows another site than it leads to.

Otherwise the score is the share of the links over the limit: with one link allowed, 0.5 for two
links and 0.9 for ten.

- Fires: "See http://example.com, http://example.org and http://example.net", "Read
  https://bit.ly/abc", "Visit example dot com now.", "Try cheap-pills.shop and evil.in for pills."
- Does not fire: "See https://example.org/report", "Write to letters@example.org", "He lied.In
  court he wept.", "Booking.com and Agoda.com have the same rates.", "I write Node.js and ASP.NET."

Limits: the rule never looks up where a link leads. A site in capital letters ('Pills.com and
Drugs.com') passes for a company. Where the top-level domain is also an English word, such as '.in'
or '.shop', a bare address counts only if the words around it speak for a link, because the space
after a full stop may be missing ('we sat.in the end').

Measured on comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and Civil Comments, and
on Indian ones (TRAC), in this order: found in and sent to review 0.0, 0.1, 0.0, 0.1 and 0.1 %.
All 358 links found are addresses; 7 names of sites do not count.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding, Span
from moderation.text.reading import Text

SHORTENERS = (
    "0rz.tw 1url.com 2no.co 2u.pw 7.ly adf.ly adfoc.us amzn.to app.link b.link bc.vc bit.do"
    " bit.ly bitly.com bitly.ws bl.ink buff.ly chilp.it clck.ru cli.re clk.sh cutt.ly cutt.us"
    " da.gd dlvr.it exe.io fb.me fc.lc fkrt.it forms.gle gg.gg git.io goo.gl goo.su"
    " grabify.link hyp.sh hyperurl.co ift.tt inx.lv iplogger.org is.gd j.mp kutt.it lihi.cc"
    " linkvertise.com ln.run lnk.bio lnk.to lnkd.in mcaf.ee n9.cl onelink.me onelink.to"
    " ouo.io ow.ly page.link pxl.to qr.ae qrco.de rb.gy rebrand.ly reurl.cc s.id s.yam.com"
    " shope.ee short.gy short.io shorte.st shorter.me shorturl.asia shorturl.at shorturl.gg"
    " shrinke.me shrtco.de smarturl.it snip.ly snipurl.com soo.gd spoo.me surl.li t.co t.ly"
    " t2m.io tiny.cc tiny.one tinyurl.com tny.im tr.ee tr.im u.nu u.to url.ie urls.fr urlz.fr"
    " urlzs.com v.gd v.ht vk.cc x.co zpr.io zws.im"
    # Pages that only list further links.
    " allmylinks.com beacons.ai bio.link bio.site campsite.bio heylink.me linkin.bio linktr.ee"
    " lynk.id solo.to taplink.cc"
).split()
CHATS = (
    "api.whatsapp.com chat.whatsapp.com discord.com/invite discord.gg invite.viber.com"
    " line.me m.me signal.group signal.me t.me telegram.dog telegram.me wa.link wa.me"
    " walink.co wame.pro wapp.li whats.link whatsapp.com/channel zalo.me"
).split()

_CHATS = frozenset(CHATS)
_HIDING = frozenset([*SHORTENERS, *CHATS])

# The sites that are also companies' everyday names, in small letters too ('amazon.in refused').
# Written without a path, they name the company and advertise nothing.
_COMPANIES = frozenset(
    "1mg 99acres agoda airbnb ajio alibaba aljazeera altnews amazon apple archive bbc"
    " bigbasket bing blinkit bloomberg booking bookmyshow byjus cars24 change chatgpt"
    " cleartrip cnn coursera cricbuzz croma dailymail deccanherald easemytrip ebay"
    " economictimes espncricinfo etsy expedia facebook firstpost flipkart forbes foxnews"
    " github glassdoor gmail goibibo google googlepay groww hindustantimes hotels hotmail"
    " hotstar housing imdb indeed indiamart indianexpress indiatimes instagram irctc ixigo"
    " jio jiomart justdial linkedin livemint magicbricks makemytrip medium meesho microsoft"
    " moneycontrol monster msn myntra naukri ndtv netflix news18 newslaundry nykaa nytimes"
    " olacabs olx openai outlook oyorooms paypal paytm pharmeasy phonepe pinterest"
    " policybazaar quora redbus reddit rediff rediffmail reuters salesforce samsung scroll"
    " shaadi skyscanner snapdeal spinny spotify stackoverflow substack swiggy target telegram"
    " telegraphindia theguardian thehindu theprint thequint thewire timesofindia tripadvisor"
    " trivago twitter uber udemy unacademy walmart washingtonpost whatsapp wikipedia wsj"
    " yahoo yatra youtube zepto zerodha zomato".split()
)
# Top-level domains of bare addresses: common ones, and those that advertisers prefer. The list is
# short on purpose. The full list has 1,400 entries, many of them words or the endings of files.
_PLAIN = (
    "ae af ai asia au az bd bh biz br bt ca cc cf cfd cn co com cy cyou cz dev dk edu ee es"
    " eu fr ga ge gg gh gl gov gq gr hk hr icu il info io ir je jo jp ke kh kr kw kz lb lk"
    " llc lt lu lv ly mil mk ml mm mn mobi mt mv mx net ng nl np nz org pk pt pw qa ro ru rw"
    " sa sbs sg sk su tel th tk tn tr tv tw tz ua ug uk uz vn ws xyz za"
).split()
# They are words as well, so that what stands around decides, or a path.
_NOUNS = (
    "academy adult agency app art autos baby band bank bar beauty beer best bet bharat bike"
    " bitcoin blog boats bond buzz cafe cam care cars cash casino cat center chat click"
    " clinic clothing cloud club coffee college community company cool coupons courses credit"
    " crypto dating deals dental design diet digital discount doctor education email exchange"
    " expert fashion film finance fish fit fitness flights food football fun fund game games"
    " gift gifts gold golf group guru hair health help holiday homes host hotel house india"
    " institute insurance international jewelry jobs kids life link live loan loans love ltd"
    " market markets media money monster music name network news ninja one online page party"
    " pharmacy photo photos pics pizza play plus poker porn press pro promo pub quest racing"
    " rent rest restaurant review reviews rocks run sale school services sex sexy shoes shop"
    " singles site skin social solutions space store stream studio style support systems team"
    " tech tips today tools top tours toys trade trading training travel university video vip"
    " watch website wiki win wine work works world xxx zone"
).split()
_SMALL = (
    "ac al am as at ba be bg by ch de do eg et fi fm hu id ie im in is it la ma md me mo my no om"
    " ph pl pm rs se sh si so st to us vc"
).split()
_VERBS = frozenset("am as at be by do is it my no so to".split())  # of `_SMALL`
_FILES = frozenset("md pl rs sh".split())  # endings of files, too
# They end the names of companies and of papers. Others ('.shop', '.xyz') do not.
_CORPORATE = frozenset(
    "com org net in co io ai tv edu gov info uk us au ca eu fr de es nl jp me app".split()
)
_SECOND = frozenset("ac co com edu firm gen gov net nic org res".split())  # as in 'co.in'

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_RARE = {domain.rpartition(".")[2] for domain in SHORTENERS} - {*_PLAIN, *_NOUNS, *_SMALL}
_ENDING = "|".join(sorted([*_PLAIN, *_NOUNS, *_SMALL, *_RARE], key=len, reverse=True))
_PATH = r"(?:[/?\#][^\s<>\"\[\]]*(?<!['.,;:!?)}]))?"
_BARE = (
    rf"(?<![\w@.:+\-])(?<!(?<!/)/)(?P<host>(?:{_LABEL}\.){{1,4}}(?P<ending>(?i:{_ENDING})))"
    rf"(?![\w@+]|-\w|\.[a-z0-9])(?P<port>:\d{{2,5}})?(?P<path>{_PATH})"
)
_LINK = regex.compile(
    r"(?P<full>(?:(?i:https?|hxxps?|ftp)://|(?<![\w@])(?i:www)\.)\[?[^\s<>\"\[\]]+(?<!['.,;:!?)}]))"
    rf"|{_BARE}"
)
# Quick tests. The patterns above and below run only on the few comments that pass.
_DOTTED = re.compile(r"\.[A-Za-z]")
_APART = re.compile(r"\. (?:com|org|xyz|io|ly)\b")
_DOTS = ("dot", "d0t", ".)", ".]", ".}", ". )", ". ]", " . ", "。")

# Before a word with one of `_NOUNS` or `_SMALL` they speak for a link; `_SURE` alone do so before
# pronouns and verbs.
_SURE = regex.compile(
    r"(?i)\b(?:visit|(?:go|goto|log ?on|log ?in|head|over|switch|navigate) ?to|click(?: on)?"
    r"|check(?: out)?|(?:web)?site(?: is)?|link(?: is)?|url(?: is)?|address(?: is)?"
    r"|download(?: from)?|join|order (?:at|from|on)|register (?:at|on)|sign up (?:at|on)"
    r"|book (?:at|on)"
    r"|buy (?:at|from|on)|available (?:at|on)|called|google|search|browse)\s*:?\s*\"?$"
)
_LEADING = regex.compile(
    r"(?i)(?:\b(?:at|on|see|from|via|try|use|open|read|to|with)\s*:?|\w\.[a-z]{2,}\s*(?:,|/|&|and|or))\s*\"?$"
)
_FOLLOWING = regex.compile(
    r"(?i)\s*(?:$|[.,;:!?)\"'|/&\n]|(?:and|or|for|is|was|has|have|had|now|today|daily|with"
    r"|says?|said|reports?|reported|but|to)\b)"
)
_SENTENCE = regex.compile(
    r"(?i)\s+(?:an?|the|my|his|her|our|your|their|its|this|that|these|those|it|he|she|they|we|you|i"
    r"|there|here|which|what|where|whom|whose|between|and around"
    r"|all|every|any|some|no|not|fact|order|case|court|general|end|india|delhi|\d+)\b"
)
_ABBREVIATIONS = frozenset("dr eg etc govt ie mr mrs ms no rs st vs viz".split())

# An address that is spelled out or broken up, so that a filter misses it.
_NOT_NAMES = (
    "a|an|the|this|that|these|those|any|every|each|some|all|of|and|or|with|in|for|to|as|is|was|by|own"
    "|his|her|their|our|my|your|its|first|early|old|new|failed|like|about|many|use|using|asp|on|from"
    "|at|than|another|big|small|one|red|only|s"
)
_DOT = (
    r"(?P<dot>\s*[\[({<]\s*(?:(?i:dot)|[.。])\s*[\])}>]\s*|\s+(?i:d[o0]t)\s+|(?<=[a-z0-9])DOT(?=[a-z])|。"
    r"| \. (?=[a-z]))"
)
_SPELLED = regex.compile(
    rf"(?<![\w@.\-])(?!(?i:{_NOT_NAMES})\b)(?P<name>{_LABEL}){_DOT}"
    r"(?P<ending>(?i:co(?:\.|\s+dot\s+)in|com|org|net|info|biz|xyz|io|ru|ly|shop|in))"
    r"(?![\w\-])(?!\s+(?i:bubble|boom|bust|crash|burst|era|age|days|years|compan|startup|start-up|firm"
    r"|millionaire|billionaire|stock|generation|econom|industr|sector|world|framework|domain|address))"
)
_GAP = regex.compile(
    rf"(?<![\w@.\-])(?P<name>{_LABEL})"
    r"(?: \.(?P<ending>com|org|net|info|biz|xyz|in|io|ly|shop)|\. (?P<ending>com|org|xyz|io|ly))"
    rf"(?![\w.\-])(?P<path>{_PATH})"
    rf"|\b(?i:w ?w ?w) ?\. ?(?P<spaced>{_LABEL})"
    r"(?: ?\. ?(?:com|org|net|info|biz|xyz)\b|\.[a-z]{2,6}\b)(?:\.[a-z]{2,6}\b)?"
    r"|(?<!\w)(?P<letters>(?:\w ){3,30}\. ?(?i:c ?o ?m|o ?r ?g|n ?e ?t|i ?n))(?!\w)"
)
_AT_MAIL = regex.compile(r"(?i)(?:@|\bat\b|[\[({]at[\])}])\s*$")
_MAIL = frozenset("gmail yahoo hotmail outlook rediffmail rediff ymail icloud proton live".split())

_BEFORE = 30  # characters before an address that are read
_UNUSUAL = "Write the address “{}” in the usual way, so that readers see where it leads."
_LABELS = 8  # labels of a domain that are compared, from its end
_HREF = regex.compile(
    r"<a\s[^<>]*?\bhref\s*=\s*(?:\"(?P<url>[^\"<>]*)\"|'(?P<url>[^'<>]*)'|(?P<url>[^\s\"'<>]+))"
    r"(?:[^<>]*>(?P<text>(?:[^<]|<(?!/?a\b)){0,300})</a)?",
    regex.I,
)
_MARKUP = regex.compile(
    r"\[(?P<text>[^\[\]\n]{1,300})\]\(\s*<?(?P<url>(?:https?:)?//[^\s<>\")]+)[^)\n]{0,100}\)"
    r"|\[url=\"?(?P<url>[^\s\]\"]+)\"?\](?P<text>[^\[\]\n]{1,300})\[/url\]",
    regex.I,
)
_TAG = regex.compile(r"<[^<>]*>")


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[links]`."""

    most: int = Field(1, ge=0, description="The number of links that are allowed.")
    allowed_domains: frozenset[str] = Field(
        frozenset(), description="Domains whose links do not count, with their subdomains."
    )
    shorteners: frozenset[str] = Field(
        _HIDING,
        description="Domains whose links hide where they lead: shorteners and chats.",
    )


class Link(NamedTuple):
    """A link: its place in the author's text, its target's domain, and why it hides its target.

    `reason` is the message to the author of a link that hides its target, or empty.
    """

    span: Span
    domain: str
    reason: str = ""


def check(text: Text, settings: Settings) -> Finding | None:
    """Find links that hide their target. If there are none, find those over the allowed number."""
    links = [
        link
        for link in _links(text, settings.shorteners)
        if not _under(link.domain, settings.allowed_domains)
    ]
    hidden = [link for link in links if link.reason]
    if hidden:
        return Finding("links", 1.0, hidden[0].reason, tuple(link.span for link in hidden))
    if len(links) <= settings.most:
        return None
    extra = links[settings.most :]
    most = (
        f"at most {settings.most} link{'s' * (settings.most != 1)}" if settings.most else "no links"
    )
    message = f"Use {most}; your comment has {len(links)}."
    return Finding("links", len(extra) / len(links), message, tuple(link.span for link in extra))


def _links(text: Text, shorteners: frozenset[str]) -> Iterator[Link]:
    """Yield the links of a comment. In HTML, a link whose text is its own address counts once."""
    counted = set()  # the texts and targets of links in HTML
    done: list[tuple[int, int]] = []  # the stretches of the clean text that were read
    if text.comment.format == "html":
        for match in _HREF.finditer(text.raw):
            url = html.unescape(match["url"]).strip()
            if "//" in url and _domain(url):
                shown = html.unescape(_TAG.sub("", match["text"] or "")).strip()
                counted |= {url.rstrip("/"), shown.rstrip("/")}
                start, end = match.span("url")
                reason = _misleads(shown, url) or _hides(url, shorteners)
                yield Link(Span(start, end, text.raw[start:end]), _domain(url), reason)
    for match in _MARKUP.finditer(text.clean) if "[" in text.clean else ():
        url = match["url"]
        if _domain(url):
            done.append(match.span())
            reason = _misleads(match["text"].strip(), url) or _hides(url, shorteners)
            yield Link(text.span(*match.span()), _domain(url), reason)
    for start, end, domain, reason in _disguised(text.clean):
        done.append((start, end))
        yield Link(text.span(start, end), domain, reason)
    if "://" not in text.clean and not _DOTTED.search(text.clean):
        return
    for match in _LINK.finditer(text.clean):
        start, end = match.span()
        if match[0].rstrip("/") in counted or any(first <= start < last for first, last in done):
            continue
        if match["full"] or _is_link(match, text.clean):
            yield Link(text.span(start, end), _domain(match[0]), _hides(match[0], shorteners))


def _is_link(match: regex.Match[str], clean: str) -> bool:
    """Whether 'name.ending' without 'http' is a link, not a name or two unspaced sentences."""
    host, ending = match["host"], match["ending"]
    labels = host.lower().split(".")
    name = labels[-3] if len(labels) > 2 and labels[-2] in _SECOND else labels[-2]
    shouted = ending.isupper()
    if shouted and not (host.isupper() and clean.isupper()):
        return False  # 'ASP.NET', 'lied.In court'
    if not (shouted or ending.islower()) or name.isdigit():
        return False
    if _under(host.lower(), _HIDING):
        return bool(match["path"])
    if ending.lower() in _RARE:
        return False
    if match["path"] or match["port"]:
        return ending.lower() not in _SMALL or len(name) > 2
    if name in _COMPANIES:
        return False
    if not name.isalpha() and ending.lower() not in _FILES:
        return True  # 'evil2.in', 'cheap-pills.shop'
    if name[0] != host[0] and host[0].isupper() and not shouted:
        return False
    if host[0].isupper() and not shouted and ending in _CORPORATE:
        return False
    if name != labels[-2]:
        return True  # 'd.co.in'
    if ending.lower() in _PLAIN:
        return len(name) > 1
    if len(name) == 1 or name in _ABBREVIATIONS:
        return False
    return _reads_as_link(match, clean)


def _reads_as_link(match: regex.Match[str], clean: str) -> bool:
    """Whether the words around 'name.word' suggest a link and not two sentences without a space."""
    before = clean[max(match.start() - _BEFORE, 0) : match.start()]
    if _SENTENCE.match(clean, match.end()):
        return False
    if _SURE.search(before):
        return True
    ending = match["ending"].lower()
    leads, follows = _LEADING.search(before), _FOLLOWING.match(clean, match.end())
    if ending == "in":
        return bool(leads or follows)
    return bool(leads and follows) and ending not in _VERBS | _FILES


def _hides(url: str, shorteners: frozenset[str]) -> str:
    """Return a message to the author if the address hides where it leads, or the empty string.

    >>> _hides("https://bit.ly/abc", frozenset(["bit.ly"]))
    'Give the full address instead of the short link “bit.ly”.'
    >>> _hides("bit.ly", frozenset(["bit.ly"]))
    ''
    """
    address = url.lower() if "//" in url else f"//{url.lower()}"
    domain = _domain(url)
    try:
        parts = urlsplit(address)
        path, user = parts.path.strip("/"), parts.username or ""
    except ValueError:
        return ""
    if address.startswith("hxx"):
        return _UNUSUAL.format(domain)
    if "." in user and not _related(user, domain):
        return f"The link looks like “{user}” but leads to “{domain}”; show where it leads."
    if not path and not parts.query:
        return ""
    group = f"{domain}/{path.partition('/')[0]}"
    if group in shorteners or (_under(domain, shorteners) and _under(domain, _CHATS)):
        return f"Leave out the link to “{domain}”; a moderator cannot see where it leads."
    if _under(domain, shorteners):
        return f"Give the full address instead of the short link “{domain}”."
    return ""


def _misleads(shown: str, url: str) -> str:
    """Return a message to the author if a link's text is another site's address, or "".

    >>> _misleads("https://example.org/news", "https://evil.test/x")
    'The link shows “example.org” but leads to “evil.test”; show where it leads.'
    >>> _misleads("the news", "https://evil.test/x")
    ''
    """
    match = _LINK.fullmatch(shown)
    if not match or _related(_domain(shown), _domain(url)):
        return ""
    return f"The link shows “{_domain(shown)}” but leads to “{_domain(url)}”; show where it leads."


def _disguised(clean: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, domain and message of each address that is spelled out or broken up."""
    lower = clean.lower()
    last = 0
    if " ." in lower or "www." in lower or "w w" in lower or _APART.search(lower):
        for match in _GAP.finditer(clean):
            before = clean[max(match.start() - _BEFORE, 0) : match.start()]
            domain = regex.sub(r"\s", "", match[0]).lower()
            if match["name"] and not (
                len(match["name"]) > 2 and (match["path"] or _SURE.search(before))
            ):
                continue
            if regex.fullmatch(r"(?i)www\. [^ ]+", match[0]):  # a slip, which hides nothing
                yield *match.span(), _domain(domain), ""
                last = match.end()
            elif " " in match[0]:
                yield *match.span(), _domain(domain), _UNUSUAL.format(_domain(domain))
                last = match.end()
    if any(sign in lower for sign in _DOTS):
        for match in _SPELLED.finditer(clean):
            if match.start() >= last and _is_spelled(match, clean):
                domain = f"{match['name']}.{match['ending']}".lower()
                yield *match.span(), domain, _UNUSUAL.format(domain)


def _is_spelled(match: regex.Match[str], clean: str) -> bool:
    """Whether 'name dot ending' is a web address, not a company, e-mail address or plain words."""
    name, ending, dot = match["name"].lower(), match["ending"].lower(), match["dot"]
    before = clean[max(match.start() - _BEFORE, 0) : match.start()]
    if len(name) < 3 or name.isdigit():
        return False
    if _AT_MAIL.search(before) and (name in _MAIL or not before.rstrip().endswith("at")):
        return False  # an e-mail address, which the rule `personal_details` finds
    if _SURE.search(before):
        return True
    if name in _COMPANIES or match["name"][0].isupper():
        return False
    if dot == " . ":
        return ending in ("com", "org", "xyz")
    return ending not in ("in", "shop") or not dot.strip().isalpha()  # 'a red dot in the sky'


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


def _related(domain: str, other: str) -> bool:
    """Whether two domains belong to one site.

    >>> _related("news.example.co.in", "example.co.in"), _related("a.co.in", "b.co.in")
    (True, False)
    """
    return _site(domain) == _site(other)


def _site(domain: str) -> str:
    """Return the part of a domain that its owner registered, such as 'example.co.in'."""
    labels = domain.removeprefix("www.").lower().split(".")
    return ".".join(labels[-3 if len(labels) > 2 and labels[-2] in _SECOND else -2 :])
