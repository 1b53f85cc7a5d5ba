"""A comment gives away no phone number, address or papers, neither the author's nor another's.

The rule looks for phone numbers, e-mail and UPI addresses, payment cards, bank accounts (IBAN, or a
number with an IFSC or a bank's name), Aadhaar and PAN, passports, voter IDs, driving licences, US
social security and UK national insurance numbers, and street addresses. Libraries know the formats
(`phonenumbers`, `python-stdnum`); a check digit, if there is one, must be right. Papers without a
check digit count where the text names them. In HTML, the rule also reads the targets of links
(`tel:`, `sms:`, `mailto:`, `upi:`, `wa.me`). The message never repeats the detail. The suggestion
is the whole comment with "[phone number]" and the like in its place.

The nearest word decides what a number is. A reference number ("policy number 9988776655") is no
phone number. A number that the text gives to a helpline, a ministry, a public office or a company's
customer care is public.

Why: a detail that is printed under an article invites fraud and harassment, and publishing it can
break the law (India's DPDP Act 2023, the GDPR).

Scores: 1.0 for an e-mail or UPI address and for a card, IBAN or Aadhaar number whose check digit
is right, but 0.7 for an office's mailbox ("letters@…", "info@…") and after a word like "claim" or
"tender", because a check digit may be right by chance; 0.95 for a PAN, 0.7 where only the words
before make it one; 0.9 for a valid phone number and for papers that the text names, 0.7 for digits
that only the words around them make a phone number or a bank account; 0.6 to 0.9 for a street
address, more for a more complete one. The shipped policy rejects what is certain. The rest goes to
a person, because shops, offices and helplines have addresses and phone numbers too.

- Fires: "Call me on 98765 43210", "ravi@example.org", "ravi at gmail dot com", "pay ravi@okaxis",
  "4111 1111 1111 1111", "he lives at 14 Park Lane", "Flat No. 302, Sai Apts, MG Road, Pune 411001".
- Fires: "Call 98450_12345", "Call nine eight four five zero one two three four five",
  "wa.me/919845012345", "For orders: 98450 12345", "My passport is K8369851.",
  "PAN: abcpe 1234 f", "Come to Flat 7C, Lily Villa, Juhu West.".
- Does not fire: years, dates, scores, times, "Rs 12,34,56,789", votes, "Section 144", helplines
  (100, 112, 1098, 1800-…), IFSC and vehicle numbers, ISBN, "10 Downing Street", a company's PAN.
- Does not fire: "The shop 30 metres behind the mosque sells tea.", "He met 25 Gandhi Nagar
  residents.", "Policy number 9988776655 lapsed.", "The ministry's number is 011-23389898.".
- Limits: the rule believes the words around a number. It skips a number that is called a helpline
  or customer care, also when a swindler calls it so, and "order 9876543210" is an order. "I paid
  9876543210" is read as a phone number, "women's commission WhatsApp 98450 12345" as a person's. It
  misses landlines without an area code, and finds landlines and US numbers without separators only
  after a word like "call". An address needs a number, or four names and a PIN. The rule knows
  addresses by English and Indian street words, so it misses most of those of other countries. A
  shop's or an office's address counts too unless you allow it.
- Measured on synthetic sentences from many countries (Microsoft Presidio's, 1,500): the rule finds
  all e-mail addresses, IBANs and social security numbers, 99 % of cards, 95 % of phone numbers and
  42 % of addresses, and takes nothing else for one. On 38,274 comments of newspapers and public
  pages it fires on 51, of which 48 are from Facebook pages in India, mostly advertisements with a
  phone number. In 136,000 comments and messages, all 24 findings that the search for more spellings
  added are real details.
"""

from __future__ import annotations

import html
import re
from typing import Annotated, NamedTuple
from urllib.parse import unquote

import phonenumbers
from pydantic import AfterValidator, Field

from moderation import rules
from moderation.corrections.wording import Change, rewritten
from moderation.decision import Finding, Span
from moderation.pii import Detail, identity_numbers, mail_addresses, phone_numbers, street_addresses
from moderation.pii.surroundings import Surroundings
from moderation.text.reading import Text


def _region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a country's two capital letters, such as IN")
    return code


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[personal_details]`."""

    regions: tuple[Annotated[str, AfterValidator(_region)], ...] = Field(
        ("IN", "US", "GB"), description="Countries whose phone numbers to find, yours first."
    )
    allowed_domains: frozenset[str] = Field(
        frozenset(), description="Domains whose e-mail addresses are allowed, such as your own."
    )
    allowed_numbers: frozenset[str] = Field(
        frozenset(), description="Allowed phone numbers, as +911234567890: helplines."
    )
    allowed_addresses: frozenset[str] = Field(
        frozenset(), description="Allowed street addresses: seats of government."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find all personal details. The message names their kinds and never the details."""
    details = _details(text.clean, settings)
    targets = _targets(text, settings) if text.comment.format == "html" else []
    if not details and not targets:
        return None
    places = [(text.span(detail.start, detail.end), detail) for detail in details]
    places += [(target.span, target.detail) for target in targets]
    places.sort(key=lambda place: place[0].start)
    kinds = [f"the {kind}" for kind in dict.fromkeys(detail.kind for _, detail in places)]
    listed = " and ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
    return Finding(
        "personal_details",
        max(detail.score for _, detail in places),
        f"Take out {listed}: anyone could read and misuse it.",
        tuple(span for span, _ in places),
        _without(text, details, targets),
    )


def _details(clean: str, settings: Settings) -> list[Detail]:
    """Return all personal details, sorted by place.

    The searches run from the surest to the least sure. Where two details overlap, the first one
    found stays.
    """
    details: list[Detail] = []
    covered = bytearray(len(clean))
    for detail in (
        *mail_addresses.find(clean, settings.allowed_domains),
        *identity_numbers.find(clean),
        *phone_numbers.find(clean, settings.regions, settings.allowed_numbers),
        *street_addresses.find(clean, settings.allowed_addresses),
    ):
        if not any(covered[detail.start : detail.end]):
            covered[detail.start : detail.end] = b"\1" * (detail.end - detail.start)
            details.append(detail)
    return sorted(details)


# The target of a link that calls, mails or pays somebody repeats the detail.
_LINK = re.compile(
    r"<a\b[^<>]*\b(?:(?:mailto|tel|sms|smsto|callto|upi|whatsapp):|wa\.me/)[^<>]*>", re.IGNORECASE
)
_HREF = re.compile(
    r"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))[^<>]*>", re.IGNORECASE
)
_MAILS = re.compile(r"\s*(?:mailto|upi):", re.IGNORECASE)
_BEFORE = 200
_TAG = re.compile(r"<[^<>]*>")


class _Target(NamedTuple):
    """A detail in a link's target: its place in the text as received, and the link's HTML tag."""

    span: Span
    tag: str
    detail: Detail


def _targets(text: Text, settings: Settings) -> list[_Target]:
    """Return the details that only the targets of links contain: `<a href="tel:…">`."""
    targets: list[_Target] = []
    for match in _HREF.finditer(text.raw):
        group = match.lastindex or 1
        address = unquote(html.unescape(match[group]))
        if _MAILS.match(address):
            details = mail_addresses.find(_MAILS.sub("", address), settings.allowed_domains)
        else:
            number = re.sub(r"[\s()]", "", address)
            details = phone_numbers.in_links(number, settings.regions, settings.allowed_numbers)
        before = _TAG.sub("", text.raw[max(0, match.start() - _BEFORE) : match.start()])
        around = Surroundings(before, len(before), len(before))
        if around.says_office(is_mobile=True):
            continue
        span = Span(match.start(group), match.end(group), match[group])
        targets += [_Target(span, match[0], detail) for detail in details]
    return targets


def _without(text: Text, details: list[Detail], targets: list[_Target]) -> str:
    """Return the whole comment with each personal detail replaced by its kind: '[phone number]'."""
    changes: list[Change] = []
    is_html = text.comment.format == "html"
    for detail in details:
        span = text.span(detail.start, detail.end)
        # Keep the tags in the span: an element that starts there ends elsewhere.
        tags = _TAG.findall(span.text) if is_html else []
        changes.append(Change(span, "".join([f"[{detail.kind}]", *tags])))
    comment = rewritten(text, changes)
    for target in targets:
        comment = comment.replace(target.tag, "<a>")
    return _LINK.sub("<a>", comment) if is_html else comment
