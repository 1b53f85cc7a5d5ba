"""Numbers of cards, accounts and identity papers, found by their form and their check digit.

`python-stdnum` knows the check digits. The first digits of the card networks come from ISO/IEC
7812.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from stdnum import iban, isbn, luhn
from stdnum.in_ import aadhaar, pan
from stdnum.us import ssn

from moderation.pii import MOST, Detail

_FOUR_DIGITS = re.compile(r"\d[ \-]?\d[ \-]?\d[ \-]?\d")
_CARD = re.compile(r"(?<![\w.,+])(?<!\d[ \-])\d(?:[ \-]?\d){11,18}(?![ \-]?\d|[\w%])")
_NETWORKS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?=\d{16}$)(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d+"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|6|8)\d{11,12}"  # American Express, Diners Club
    r"|(?=\d{16}$)(?:6011|65|64[4-9]|60|81|82|508|35)\d+|(?:1800|2131)\d{11}"  # RuPay, JCB, …
)
# Maestro numbers have many lengths, so they count only if the text mentions a card.
_ANY_NETWORK = re.compile(rf"{_NETWORKS.pattern}|(?:50|5[6-9]|6)\d{{10,17}}")
_SAYS_CARD = re.compile(r"\b(?:card|visa|master|credit|debit|cc|atm)", re.IGNORECASE)
_AADHAAR = re.compile(r"(?<![\w.,+])(?<!\d[ \-])[2-9]\d{3}([ \-]?)\d{4}\1\d{4}(?![ \-]?\d|\w)")
_SAYS_AADHAAR = re.compile(r"\ba+dh?a+r|\buid(?:ai)?\b", re.IGNORECASE)
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d\d(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,4})?(?!\w)")
_SHORTEST_IBAN = 15  # Norway's
_PAN = re.compile(r"(?<!\w)[A-Z]{3}[ABCFGHJKLPT][A-Z]\d{4}[A-Z](?!\w)")
_SSN = re.compile(r"(?<![\w\-])\d{3}-\d\d-\d{4}(?![\w\-])")


def find(clean: str) -> Iterator[Detail]:
    """Yield card, Aadhaar, bank account, PAN and US social security numbers.

    >>> [detail.kind for detail in find("4111 1111 1111 1111 and GB33 BUKB 2020 1555 5555 55")]
    ['card number', 'bank account']
    """
    if not _FOUR_DIGITS.search(clean):
        return
    yield from _cards(clean)
    for match in _AADHAAR.finditer(clean):
        mentioned = _SAYS_AADHAAR.search(clean, max(0, match.start() - 40), match.start())
        if (match[1] or mentioned) and aadhaar.is_valid(match[0]):
            yield Detail(*match.span(), "Aadhaar number", 1.0)
    for match in islice(_IBAN.finditer(clean), MOST):
        end = match.end()  # may include words after the number: 'GB33 … 55 is mine'
        least = match.start() + _SHORTEST_IBAN
        while end >= least and not iban.is_valid(clean[match.start() : end]):
            end = clean.rfind(" ", match.start(), end)
        if end >= least:
            yield Detail(match.start(), end, "bank account", 1.0)
    for match in _PAN.finditer(clean):
        if pan.is_valid(match[0]):
            yield Detail(*match.span(), "PAN", 0.95)
    for match in _SSN.finditer(clean):
        if ssn.is_valid(match[0]):
            yield Detail(*match.span(), "social security number", 0.9)


def _cards(clean: str) -> Iterator[Detail]:
    for match in _CARD.finditer(clean):
        digits = re.sub(r"\D", "", match[0])
        before = clean[max(0, match.start() - 40) : match.start()]
        networks = _ANY_NETWORK if _SAYS_CARD.search(before) else _NETWORKS
        is_book = "isbn" in before.lower() or isbn.is_valid(digits)
        if networks.fullmatch(digits) and luhn.is_valid(digits) and not is_book:
            yield Detail(*match.span(), "card number", 1.0)
