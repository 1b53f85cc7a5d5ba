"""Phone numbers, found with `phonenumbers` (Google's libphonenumber).

Any ten digits can be a phone number, so a valid number must also look like one: it has a '+', a
leading 0 or the usual groups, is a mobile number of the first region, or follows a word like
'call'. After such a word, digits count even if they are no valid number of the regions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from phonenumbers import (
    PhoneNumberFormat,
    PhoneNumberMatcher,
    PhoneNumberType,
    format_number,
    number_type,
)

from moderation.pii import MOST, Detail

_ROW = re.compile(
    r"(?<![\w.,@/=#])(?<!\d[ \-])[+(]{0,2} ?\d(?:[ ().\-/]{0,2}\d){6,}+(?!(?!x\d)[\w%@]|,\d\d\b)"
)
_MOST_DIGITS = 40  # longer rows are tables or noise
_OTHER_NUMBER = re.compile(
    r"(?:rs\.?|inr|₹|[$£€]|rupees|isbn|pnr|fir|case|section|article|order|ticket|invoice|gst(?:in)?"
    r"|pin|utr|petition|a/c|account|acct|application|complaint|bill|between)s?\W{0,3}"
    r"(?:(?:no|number|id|is)\W{0,3}){0,2}$",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\s*(?:/-|%|(?:crores?|cr|lakhs?|lacs?|million|billion|votes?|people|rupees|km|dollars)\b)",
    re.IGNORECASE,
)
_SAYS_PHONE = re.compile(
    r"\b(?:(?:tele)?phone|mobile|mob|cell|tel|call|whats ?app|contact|ring|sms|dial|ph|fax|helpline"
    r"|desk|answering|messages? to|reach (?:me|us|him|her|them))\b[^.!?\n]{0,25}$",
    re.IGNORECASE,
)
_SPREAD = re.compile(r"\d([ .\-]{1,2})\d(?:\1\d){8,10}")  # 9 8 7 6 5 …
_NO_GROUPS = re.compile(r"/|(?<!\d)\d{1,2}(?!\d)(?<!^0)")  # not a grouping of mobile numbers
_YEARS_OR_DATE = re.compile(
    r"(?:(?:1[89]|20)\d\d ?[\-/ ] ?(?:(?:1[89]|20)\d\d|\d\d)"
    r"|\d{1,2}[./\-]\d{1,2}[./\-](?:\d{4}|\d\d)"
    r"|(?:19|20)\d\d[./\-]\d{1,2}[./\-]\d{1,2})(?![./\-]?\d)"
)
_PUBLIC = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def find(clean: str, regions: Sequence[str], allowed: Collection[str]) -> Iterator[Detail]:
    """Yield phone numbers of the regions and international ones, except toll-free and allowed ones.

    >>> [clean[d.start : d.end] for clean in ["Call 98765 43210 or 1800-11-4000 in 2014-2019"]
    ...  for d in find(clean, ["IN"], [])]
    ['98765 43210']
    """
    for match in islice(_ROW.finditer(clean), MOST):
        row, start = match[0], match.start()
        before = clean[max(0, start - 40) : start]
        digits = sum(map(str.isdigit, row))
        other = _OTHER_NUMBER.search(before) or _AMOUNT.match(clean, match.end())
        mentioned = bool(_SAYS_PHONE.search(before))
        round_sum = row.endswith("0000") and not mentioned and row[0] != "+"
        if digits > _MOST_DIGITS or other or round_sum:
            continue
        if _SPREAD.fullmatch(row):
            joined = re.sub(r"\D", "", row)
            if _valid(joined, False, regions, allowed)[0]:
                yield Detail(start, start + len(row), "phone number", 0.9)
            continue
        place, public = _valid(row, mentioned, regions, allowed)
        if place:
            yield Detail(start + place[0], start + place[1], "phone number", 0.9)
        elif mentioned and not public and 7 <= digits <= 13 and not _YEARS_OR_DATE.match(row):
            yield Detail(start, start + len(row), "phone number", 0.7)


def _valid(
    row: str, mentioned: bool, regions: Sequence[str], allowed: Collection[str]
) -> tuple[tuple[int, int] | None, bool]:
    """Return the place of a private number that is valid in a region, and whether one is public.

    `mentioned` means that the words before speak of a phone, so the form of the number is free.
    """
    public = False
    for region in regions:
        for match in PhoneNumberMatcher(row, region):
            kind = number_type(match.number)
            if kind in _PUBLIC or format_number(match.number, PhoneNumberFormat.E164) in allowed:
                public = True
                continue
            raw = match.raw_string
            mobile = kind in _MOBILE and region == regions[0] and not _NO_GROUPS.search(raw)
            if mentioned or mobile or _written_as_phone(raw):
                return (match.start, match.end), False
    return None, public


def _written_as_phone(raw: str) -> bool:
    """Whether a valid number is written like a phone number: '+44 …', '(0)…', '212-555-0123'."""
    groups = len(re.findall(r"[ .\-]+", raw))
    return raw[0] in "+(" or (raw[0] == "0" and len(raw) > 9) or (groups == 2 and raw[-5] in ".-")
