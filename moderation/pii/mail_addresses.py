"""Find e-mail addresses, also spelled out ('ravi at gmail dot com'), and UPI payment addresses.

UPI is India's system of instant payments; its addresses look like 'ravi@okaxis'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from moderation.pii import Detail
from moderation.pii.surroundings import Surroundings

_EMAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@((?:[\w\-]{1,63}\.){1,4}[A-Za-z]{2,24})(?![\w@])")
_SPELLED_OUT = re.compile(
    r"(?<![\w.+\-])[\w.+\-]{2,64} {0,2}[\[(]?(?:@|\bat\b)[\])]? {0,2}"
    r"(?:gmail|yahoo|hotmail|outlook|rediffmail|protonmail|icloud) {0,2}"
    r"[\[(]?(?:\.|\bdot\b)[\])]? {0,2}(?:com|in|co\.in|me)\b",
    re.IGNORECASE,
)
# 'ravi(at)example(dot)org'
_IN_BRACKETS = re.compile(
    r"(?<![\w.+\-])[\w.+\-]{2,64} {0,2}[\[({]{1,2} ?(?:at|@) ?[\])}]{1,2} {0,2}[\w\-]{2,63}"
    r"(?: {0,2}(?:\.|[\[({]{1,2} ?(?:\.|dot) ?[\])}]{1,2}) {0,2}[\w\-]{2,63}){1,3}(?!\w)",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[\[({] ?(?:at|@) ?[\])}]", re.IGNORECASE)
# Mailboxes of an office, which are public. At a mail service's domain such a name is a person's.
_OFFICES = frozenset(
    "admin care complaint complaints contact customercare desk editor editorial enquiries enquiry"
    " feedback grievance grievances help helpdesk helpline info inquiries letters mail media news"
    " newsdesk newsroom office ombudsman opinion press readers secretary service support tips"
    " webmaster".split()
)
_OFFICE = 0.7
_HOSTS = ("mail", "yahoo", "outlook", "icloud")
# The common handles of payment services, from NPCI's list of UPI apps.
_UPI = re.compile(
    r"(?<![\w.\-])[\w.\-]{2,64}@(?:ok(?:axis|hdfcbank|icici|sbi)|paytm|pt(?:axis|sbi|hdfc|yes)|ybl"
    r"|ibl|axl|upi|apl|yapl|fbl|jupiteraxis|sbi|icici|hdfcbank|axisbank)(?![\w@.]*\w)",
    re.IGNORECASE,
)


def find(clean: str, allowed_domains: Collection[str]) -> Iterator[Detail]:
    """Yield e-mail and payment addresses, except at the allowed domains and their subdomains.

    An office's mailbox ('letters@…', 'info@…') has a lower score. It is left out if the text names
    the office: 'the ministry is at info@…'.

    >>> [*find("a@b.org, desk@news.example.com", ["example.com"])]
    [Detail(start=0, end=7, kind='e-mail address', score=1.0)]
    """
    if "@" in clean:
        for match in _EMAIL.finditer(clean):
            domain = f".{match[1].lower()}"
            if not any(domain.endswith(f".{allowed.lower()}") for allowed in allowed_domains):
                certainty = _certainty(match[0], domain)
                if certainty > _OFFICE or not Surroundings(clean, *match.span()).says_office(True):
                    yield Detail(*match.span(), "e-mail address", certainty)
        for match in _UPI.finditer(clean):
            yield Detail(*match.span(), "UPI address", 1.0)
    if _BRACKET.search(clean):
        for match in _IN_BRACKETS.finditer(clean):
            name, domain = _BRACKET.split(match[0].lower(), 1)
            domain = "." + re.sub(r"[\s\[({]*(?:\.|dot(?=\W))[\s\])}]*", ".", domain).strip(" )]}")
            if not any(domain.endswith(f".{allowed.lower()}") for allowed in allowed_domains):
                certainty = _certainty(f"{name.strip(' ([{')}@", domain)
                yield Detail(*match.span(), "e-mail address", certainty)
    lower = clean.lower()
    if any(host in lower for host in _HOSTS):
        for match in _SPELLED_OUT.finditer(clean):
            if not _EMAIL.search(match[0]):
                yield Detail(*match.span(), "e-mail address", 1.0)


def _certainty(address: str, domain: str) -> float:
    """Return how certain it is (0..1) that an address is a person's own."""
    name = address.partition("@")[0].lower()
    is_office = name in _OFFICES and not any(host in domain for host in _HOSTS)
    return _OFFICE if is_office else 1.0
