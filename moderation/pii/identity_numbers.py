"""Find numbers of cards, accounts and identity papers by their form and their check digit.

The library `python-stdnum` knows the check digits. The first digits of the card networks come from
ISO/IEC 7812. Papers without a check digit count only where the text names them: 'passport', 'voter
ID'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from stdnum import iban, isbn, luhn
from stdnum.in_ import aadhaar, pan, vid
from stdnum.us import ssn

from moderation.pii import MOST, Detail
from moderation.pii.surroundings import Surroundings

_PERHAPS = 0.7
"""The score of a number that may pass its check digit by chance: a person looks at it."""

_FOUR_DIGITS = re.compile(r"\d[ \-]?\d[ \-]?\d[ \-]?\d")
_CARD = re.compile(r"(?<![\w.,+])(?<!\d[ \-])\d(?:[ \-]?\d){11,18}(?![ \-]?\d|[\w%])")
_SPACED_CARD = re.compile(
    r"(?<![\w.,+])\d{4}(?P<gap>[._:/*,]| {2,3}| - )\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?![\w%])"
)
_NETWORKS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?=\d{16}$)(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d+"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|6|8)\d{11,12}"  # American Express, Diners Club
    r"|(?=\d{16}$)(?:6011|65|64[4-9]|60|81|82|508|35)\d+|(?:1800|2131)\d{11}"  # RuPay, JCB, …
)
# Maestro numbers have many lengths, so they count only if the text mentions a card.
_ANY_NETWORK = re.compile(rf"{_NETWORKS.pattern}|(?:50|5[6-9]|6)\d{{10,17}}")
_SAYS_CARD = re.compile(r"\b(?:card|visa|master|credit|debit|cc|atm)", re.IGNORECASE)
_AADHAAR = re.compile(
    r"(?<![\w.,+])(?<!\d[ \-])[2-9]\d{3}(?P<gap>(?: ?[\-.:_/*,|] ?| {0,3}))\d{4}"
    r"(?P<second> ?[\-.:_/*,|] ?| {0,3})\d{4}"
    r"(?![ \-:/]?\d|\w)"
)
_SAYS_AADHAAR = re.compile(r"\ba+dh?a+a?r|\buid(?:ai)?\b", re.IGNORECASE)
_VID = re.compile(r"(?<![\w.,+])[2-9]\d{3}([ \-]?)\d{4}\1\d{4}\1\d{4}(?![ \-]?\d|\w)")
_SAYS_VID = re.compile(r"\bvid\b|\bvirtual id", re.IGNORECASE)
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d\d(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,4})?(?!\w)")
_SHORTEST_IBAN = 15  # Norway's
_PAN = re.compile(
    r"(?<![\w])(?<!\d[ \-])[A-Za-z]{5}[ \-]{0,2}\d{4}[ \-]{0,2}[A-Za-z](?![\w])(?![ \-]\d)"
)
_SAYS_PAN = re.compile(r"\bpan\b|\bpermanent account\b", re.IGNORECASE)
_COMPANY = "CGLJ"  # the fourth letter of the PAN of a company or an authority
_SSN = re.compile(r"(?<![\w\-])\d{3}-\d\d-\d{4}(?![\w\-])")


class _Paper(NamedTuple):
    """An identity paper without a check digit: its kind, its number's pattern and its names."""

    kind: str
    number: re.Pattern[str]
    name: re.Pattern[str]
    score: float


_PAPERS = (
    _Paper(
        "passport number",
        re.compile(r"(?<![\w/])[A-Z][ \-]?[1-9]\d[ \-]?\d{5}(?![\w/])", re.IGNORECASE),
        re.compile(r"\bpassports?\b", re.IGNORECASE),
        0.9,
    ),
    _Paper(
        "passport number",
        re.compile(r"(?<![\w/])[A-Z]{0,2}\d{7,9}(?![\w/])", re.IGNORECASE),
        re.compile(r"\bpassports?\W{0,3}(?:no|number|num)\b", re.IGNORECASE),
        0.9,
    ),
    _Paper(
        "voter ID",
        re.compile(
            r"(?<![\w/])(?:[A-Z]{3}[ /\-]?\d{7}|[A-Z]{2}/\d\d/\d{3}/\d{6,7})(?![\w/])", re.I
        ),
        re.compile(
            r"\b(?:voters?'?s?[ \-]?(?:id|card|identity|no|number)|epic|election (?:card|id)"
            r"|electoral (?:photo|card|id))\b",
            re.IGNORECASE,
        ),
        0.9,
    ),
    _Paper(
        "driving licence",
        re.compile(
            r"(?<![\w/])(?:[A-Z]{2}[ \-/]?\d{2}[A-Z]?[ \-/]?(?:19|20)\d\d[ \-/]?\d{7}"
            r"|[A-Z]{2}[ \-/]?\d{13}|[A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2})(?![\w/])",
            re.I,
        ),
        re.compile(r"\b(?:driv\w+|dl|licen[cs]e)\b", re.IGNORECASE),
        0.9,
    ),
    _Paper(
        "social security number",
        re.compile(r"(?<![\w\-])\d{3}[ .]?\d\d[ .]?\d{4}(?![\w\-])"),
        re.compile(r"\b(?:ssn|social security)\b", re.IGNORECASE),
        0.9,
    ),
    _Paper(
        "national insurance number",
        re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)", re.I),
        re.compile(r"\b(?:national insurance|nino|ni (?:no|number))\b", re.IGNORECASE),
        0.9,
    ),
)
_PAPER_NAMES = re.compile(
    r"passport|voter|epic|elect|driv|\bdl\b|licen[cs]e|\bssn\b|social sec|insurance|nino|\bni n",
    re.IGNORECASE,
)
_LICENCE = re.compile(r"(?<![\w/])[A-Z]{2}[ \-]?\d{2}[ \-]?(?:19|20)\d\d\d{7}(?![\w/])")
_ACCOUNT = re.compile(
    r"(?<![\w.,+/\-])(?<!\d[ \-])\d(?:[ \-]?\d){8,17}(?![ \-]?\d|[\w%/]|,\d|\.\d)"
)
_IFSC = re.compile(r"(?<!\w)[A-Z]{4}0[A-Z0-9]{6}(?!\w)", re.IGNORECASE)
_SAYS_ACCOUNT = re.compile(r"(?<!\w)(?:a/c|acc?t|acc?ount|savings|current a)\b", re.IGNORECASE)
_SAYS_BANK = re.compile(
    r"\b(?:bank(?:er)?|ifsc|branch|hdfc|icici|sbi|pnb|axis|kotak|canara|idbi|bob|uco|citi|yes bank"
    r"|savings|deposit(?:ed|s)?|transfer(?:red)?|neft|imps|rtgs|sort code|routing)\b|(?<!\w)a/c\b",
    re.IGNORECASE,
)
_FUND = re.compile(
    r"\b(?:relief fund|cmdrf|cmrf|pm cares|pmnrf|donat\w+|trust|foundation)\b", re.IGNORECASE
)
_NAME_BEFORE = 40
_NAME_AFTER = 40


def find(clean: str) -> Iterator[Detail]:
    """Yield numbers of cards, bank accounts, passports, licences and other identity papers.

    Among them are Aadhaar and PAN, India's identity and tax numbers.

    >>> [detail.kind for detail in find("4111 1111 1111 1111 and GB33 BUKB 2020 1555 5555 55")]
    ['card number', 'bank account']
    """
    if not _FOUR_DIGITS.search(clean):
        return
    yield from _cards(clean)
    yield from _aadhaar_numbers(clean)
    for match in islice(_IBAN.finditer(clean), MOST):
        end = match.end()  # may include words after the number: 'GB33 … 55 is mine'
        least = match.start() + _SHORTEST_IBAN
        while end >= least and not iban.is_valid(clean[match.start() : end]):
            end = clean.rfind(" ", match.start(), end)
        if end >= least:
            yield Detail(match.start(), end, "bank account", 1.0)
    yield from _pans(clean)
    for match in _SSN.finditer(clean):
        if ssn.is_valid(match[0]):
            score = _PERHAPS if _is_reference(clean, match) else 0.9
            yield Detail(*match.span(), "social security number", score)
    yield from _papers(clean)
    yield from _accounts(clean)


def _is_reference(clean: str, match: re.Match[str]) -> bool:
    return Surroundings(clean, *match.span()).says_reference


def _names(pattern: re.Pattern[str], clean: str, match: re.Match[str]) -> bool:
    """Whether a paper's names (`pattern`) match before the number, or after it in its sentence."""
    if pattern.search(clean, max(0, match.start() - _NAME_BEFORE), match.start()):
        return True
    after = re.split(r"[.!?\n]", clean[match.end() : match.end() + _NAME_AFTER])[0]
    return bool(re.match(r"\W*(?:is|was|\(|,? ?(?:my|his|her))", after) and pattern.search(after))


def _cards(clean: str) -> Iterator[Detail]:
    for pattern in (_CARD, _SPACED_CARD):
        for match in pattern.finditer(clean):
            digits = re.sub(r"\D", "", match[0])
            before = clean[max(0, match.start() - _NAME_BEFORE) : match.start()]
            mentioned = bool(_SAYS_CARD.search(before))
            networks = _ANY_NETWORK if mentioned else _NETWORKS
            is_book = "isbn" in before.lower() or isbn.is_valid(digits)
            if networks.fullmatch(digits) and luhn.is_valid(digits) and not is_book:
                by_chance = not mentioned and _is_reference(clean, match)
                yield Detail(*match.span(), "card number", _PERHAPS if by_chance else 1.0)


def _aadhaar_numbers(clean: str) -> Iterator[Detail]:
    for match in _AADHAAR.finditer(clean):
        mentioned = _names(_SAYS_AADHAAR, clean, match)
        digits = re.sub(r"\D", "", match[0])
        is_grouped = match["gap"] and match["gap"] == match["second"]
        if (is_grouped or mentioned) and aadhaar.is_valid(digits):
            is_usual = match["gap"] in {" ", "-"} and not _is_reference(clean, match)
            yield Detail(
                *match.span(), "Aadhaar number", 1.0 if mentioned or is_usual else _PERHAPS
            )
    for match in _VID.finditer(clean):
        if _names(_SAYS_VID, clean, match) and vid.is_valid(match[0]):
            yield Detail(*match.span(), "Aadhaar number", 1.0)


def _pans(clean: str) -> Iterator[Detail]:
    for match in islice(_PAN.finditer(clean), MOST):
        number = re.sub(r"[ \-]", "", match[0]).upper()
        is_valid = pan.is_valid(number)
        if _names(_SAYS_PAN, clean, match):
            is_certain = is_valid and number[3] not in _COMPANY
            yield Detail(*match.span(), "PAN", 0.95 if is_certain else _PERHAPS)
        elif is_valid and number == match[0] and number[3] not in _COMPANY:
            score = _PERHAPS if _is_reference(clean, match) else 0.95
            yield Detail(*match.span(), "PAN", score)


def _papers(clean: str) -> Iterator[Detail]:
    if _PAPER_NAMES.search(clean):
        for paper in _PAPERS:
            if paper.name.search(clean):
                for match in islice(paper.number.finditer(clean), MOST):
                    if _names(paper.name, clean, match):
                        yield Detail(*match.span(), paper.kind, paper.score)
    for match in islice(_LICENCE.finditer(clean), MOST):
        yield Detail(*match.span(), "driving licence", _PERHAPS)


def _accounts(clean: str) -> Iterator[Detail]:
    """Yield the numbers of bank accounts.

    A number counts after 'account' if a bank is named nearby, or next to an IFSC (the code of an
    Indian bank's branch).
    """
    ifsc = _IFSC.search(clean)
    if not ifsc and not _SAYS_ACCOUNT.search(clean):
        return
    for match in islice(_ACCOUNT.finditer(clean), MOST):
        near = clean[max(0, match.start() - 60) : match.end() + 60]
        said = _names(_SAYS_ACCOUNT, clean, match) and _SAYS_BANK.search(near)
        at_branch = ifsc and abs(ifsc.start() - match.start()) < 80 and len(match[0]) > 8
        if (said or at_branch) and not _FUND.search(near):
            around = Surroundings(clean, *match.span())
            is_other = around.says_phone or around.says_reference
            if not around.says_amount and (said or not is_other):
                yield Detail(*match.span(), "bank account", 0.9 if at_branch else _PERHAPS)
