"""Find phone numbers with `phonenumbers` (Google's libphonenumber).

Any ten digits can be a phone number, so a valid number must also look like one: it has a '+', a
leading 0 or the usual groups, is a mobile number of the first region in the settings, or follows a
word like 'call'. After such a word, digits count even if they are no valid number of the regions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from phonenumbers import (
    PhoneNumberFormat,
    PhoneNumberMatcher,
    PhoneNumberType,
    format_number,
    number_type,
)

from moderation.pii import MOST, Detail
from moderation.pii.surroundings import Surroundings

_ROW = re.compile(
    r"(?:(?<![^\W_])(?<!\w[@_])(?<![/=])(?<!(?<!\w)#)|(?<=[Mm]ob)|(?<=[Pp]h)"
    r"|(?<=\b[Nn]o)|(?<=[Cc]all)|(?<=[Aa]pp)|(?<=[Cc]ontact)|(?<=[Nn]umber))(?<![^A-Za-z)\]\"'][.,])"
    r"(?<!\d[ \-])(?<!www\.)(?:[+(]{1,2} ?)?\d(?:[ ().\-/]{0,2}\d){6,}+"
    r"(?!(?!x\d)(?:[^\W_]|_\w|[%@])|,\d\d\b|\.[a-z]{2,3}\b)"
)
_SHORTEST = 7
_MOST_DIGITS = 40  # longer rows are tables or noise
_SPREAD = re.compile(r"\d([ .\-]{1,2})\d(?:\1\d){8,10}")  # 9 8 7 6 5 …
_COUNTDOWN = "9876543210"
_NO_GROUPS = re.compile(r"/|(?<!\d)\d{1,2}(?!\d)(?<!^0)")  # not a grouping of mobile numbers
_YEARS_OR_DATE = re.compile(
    r"(?:(?:1[89]|20)\d\d ?[\-/ ] ?(?:(?:1[89]|20)\d\d|\d\d)"
    r"|\d{1,2}[./\-]\d{1,2}[./\-](?:\d{4}|\d\d)"
    r"|(?:19|20)\d\d[./\-]\d{1,2}[./\-]\d{1,2})(?![./\-]?\d)"
)
_IP_ADDRESS = re.compile(r"\(?(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}")
_PUBLIC = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}

# Unusual spellings: circled digits, digits as words, letters for digits, odd separators.
_ENCLOSED = {
    code: str(unicodedata.digit(chr(code)))
    for code in range(0x2460, 0x2794)
    if unicodedata.digit(chr(code), None) is not None
}
_KEYCAP = "\u20e3"
_DIGIT_WORDS = {
    word: str(digit)
    for digit, words in enumerate(
        (
            "zero oh shunya sifar",
            "one ek",
            "two do",
            "three teen tin",
            "four char chaar",
            "five paanch panch",
            "six che chhe chhah cheh",
            "seven saat sat",
            "eight aath ath",
            "nine nau",
        )
    )
    for word in words.split()
}
_FREQUENT_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("shunya", "teen", "char", "chaar", "panch", "paanch", "che", "saat", "aath", "nau"),
)
_FEWEST = 3  # different words of a number in words, or digits next to one
_FEWEST_DIGITS = 6  # of a number with letters for digits
_DIGIT = re.compile(r"\d")
_TIMES = {"double": 2, "triple": 3}
_WORD = rf"(?:{'|'.join(sorted([*_DIGIT_WORDS, *_TIMES], key=len, reverse=True))})"
_WHOLE_WORD = rf"(?<![A-Za-z]){_WORD}(?![A-Za-z])"
_GAP = rf"[ \t\-.,/_*{_KEYCAP}]{{0,4}}"
_IN_WORDS = re.compile(
    rf"(?<![\w.])(?:\d|{_WHOLE_WORD})(?:{_GAP}(?:\d|{_WHOLE_WORD})){{4,14}}(?!\w)", re.IGNORECASE
)
_UNITS = re.compile(rf"\d|{_WORD}", re.IGNORECASE)
_TWO_WORDS = re.compile(
    rf"{_WHOLE_WORD}{_GAP}(?:{_WHOLE_WORD}|\d{{3}}|\d{_GAP}{_WHOLE_WORD})|\d{{3}}{_WHOLE_WORD}\d",
    re.IGNORECASE,
)
_LETTERS = str.maketrans("OoQIl|BSZ", "000111852")
_WITH_LETTERS = re.compile(r"(?<![\w@#/.])\+?[\dOoQIl|BSZ](?:[ \-]?[\dOoQIl|BSZ]){9,12}(?!\w)")
_SURE_LETTERS = frozenset("OoIl")
_ODD_ROW = re.compile(
    rf"(?<![\w@#/=])(?<!\d[.,])\+?\d(?:[ \t]{{0,3}}[\-_.,*/|~:xX()·{_KEYCAP}]{{0,4}}[ \t]{{0,3}}\d)"
    r"{9,13}(?!\w)"
)
_HALVES = re.compile(r"(?:\+?91\W{0,3}|0)?[6-9]\d{4}(?: ?[\-_]+ ?| {2,4})(?!\d*000$)\d{5}")
_USUAL = re.compile(r"[+(]{0,2}\d(?:[ ().\-/]{0,2}\d)*")
_LINK = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?(?:\S*?&)?phone="
    r"|signal\.me/#p/|t\.me/(?=\+))|whatsapp://send/?\?(?:\S*?&)?phone=|viber://\S{0,20}?number="
    r"|\b(?:tel|sms|smsto|callto|facetime)"
    r":(?://)?)(?P<number>(?:\+|%2[Bb])?\d(?:[\-. ]?\d){6,14})(?:[?&/;][^\s<>\"]*)?"
)
_LINK_SIGN = re.compile(
    r"wa\.me|whatsapp|viber:|signal\.me|t\.me/\+|tel:|smsto?:|sms:|callto:|facetime:"
)


class _Place(NamedTuple):
    """The place of a valid private number in a row of digits, and whether it is a mobile number."""

    start: int
    end: int
    is_mobile: bool


def find(clean: str, regions: Sequence[str], allowed: Collection[str]) -> Iterator[Detail]:
    """Yield phone numbers of `regions` and international ones.

    Leaves out toll-free numbers, allowed numbers, and numbers that the text says are an office's.

    >>> [clean[d.start : d.end] for clean in ["Call 98765 43210 or 1800-11-4000 in 2014-2019"]
    ...  for d in find(clean, ["IN"], [])]
    ['98765 43210']
    """
    yield from in_links(clean, regions, allowed)
    yield from _in_odd_spelling(clean, regions, allowed)
    if len(_DIGIT.findall(clean)) < _SHORTEST:
        return
    for match in islice(_ROW.finditer(clean), MOST):
        row, start = match[0], match.start()
        if sum(map(str.isdigit, row)) > _MOST_DIGITS or _IP_ADDRESS.fullmatch(row):
            continue
        around = Surroundings(clean, start, match.end())
        mentioned = around.says_phone
        round_sum = row.endswith("0000") and not mentioned and row[0] != "+"
        if round_sum or around.says_reference or around.says_amount:
            continue
        detail = _in_row(row, start, around, regions, allowed)
        if detail:
            yield detail


def _in_row(
    row: str, start: int, around: Surroundings, regions: Sequence[str], allowed: Collection[str]
) -> Detail | None:
    if _SPREAD.fullmatch(row):
        digits = re.sub(r"\D", "", row)
        if digits == _COUNTDOWN and not around.says_phone:
            return None
        place, _ = _valid(digits, False, regions, allowed)
        if place and not around.says_office(place.is_mobile):
            return Detail(start, start + len(row), "phone number", 0.9)
        return None
    place, public = _valid(row, around.says_phone, regions, allowed)
    if place:
        if around.says_office(place.is_mobile):
            return None
        return Detail(start + place.start, start + place.end, "phone number", 0.9)
    is_vague = around.says_phone and not public and 7 <= sum(map(str.isdigit, row)) <= 13
    if is_vague and not _YEARS_OR_DATE.match(row) and not around.says_office(False):
        return Detail(start, start + len(row), "phone number", 0.7)
    return None


def in_links(clean: str, regions: Sequence[str], allowed: Collection[str]) -> Iterator[Detail]:
    """Yield the links that call or message a private number, such as 'wa.me/…'."""
    if not _LINK_SIGN.search(clean):
        return
    for match in islice(_LINK.finditer(clean), MOST):
        digits = re.sub(r"\D", "", match["number"].replace("%2B", "+").replace("%2b", "+"))
        place, public = _valid(f"+{digits}", True, regions, allowed)
        if not place and not public:
            place, public = _valid(digits, True, regions, allowed)
        if place:
            yield Detail(*match.span(), "phone number", 0.9)


def _in_odd_spelling(
    clean: str, regions: Sequence[str], allowed: Collection[str]
) -> Iterator[Detail]:
    """Yield phone numbers in words, with letters for digits or with unusual separators."""
    plain = clean if clean.isascii() else clean.translate(_ENCLOSED)
    digits_in_all = len(_DIGIT.findall(plain))
    lower = plain.lower()
    words = sum(word in lower for word in _FREQUENT_WORDS)
    has_words = words >= _FEWEST or (words > 0 and digits_in_all >= _FEWEST)
    if not has_words and digits_in_all < _FEWEST_DIGITS:
        return
    for start, end, digits, sure in _odd_rows(clean, plain, has_words):
        around = Surroundings(clean, start, end)
        if around.says_reference or around.says_amount or not (sure or around.says_phone):
            continue
        place, public = _valid(digits, around.says_phone, regions, allowed)
        if around.says_office(place is not None and place.is_mobile):
            continue
        if place:
            yield Detail(start, end, "phone number", 0.9)
        elif around.says_phone and sure and not public and 8 <= len(digits) <= 13:
            yield Detail(start, end, "phone number", 0.7)


def _odd_rows(clean: str, plain: str, words: bool) -> Iterator[tuple[int, int, str, bool]]:
    """Yield possible phone numbers in odd spelling: start, end, digits, and whether it is sure.

    It is sure if nothing but a phone number is spelled like that.
    """
    if words and _TWO_WORDS.search(plain):
        for match in islice(_IN_WORDS.finditer(plain), MOST):
            yield *match.span(), _digits(match[0]), True
    for match in islice(_WITH_LETTERS.finditer(plain), MOST):
        letters = set(re.sub(r"[\d +\-]", "", match[0]))
        if letters and sum(map(str.isdigit, match[0])) >= 6:
            row = re.sub(r"[ +\-]", "", match[0].translate(_LETTERS))
            yield *match.span(), row, letters <= _SURE_LETTERS
    for match in islice(_ODD_ROW.finditer(plain), MOST):
        row = match[0]
        is_enclosed = row != clean[match.start() : match.end()] or _KEYCAP in row
        if is_enclosed or not _USUAL.fullmatch(row):
            sure = is_enclosed or bool(_HALVES.fullmatch(row))
            end = match.end() + (plain[match.end() : match.end() + 1] == _KEYCAP)
            yield match.start(), end, re.sub(r"\D", "", row), sure


def _digits(row: str) -> str:
    """Return the digits of a number that is written in words.

    >>> _digits("nine double eight 7, six")
    '98876'
    """
    digits, times = "", 1
    for match in _UNITS.finditer(row):
        unit = match[0].lower()
        if unit in _TIMES:
            times = _TIMES[unit]
            continue
        digits += _DIGIT_WORDS.get(unit, unit) * times
        times = 1
    return digits


def _valid(
    row: str, mentioned: bool, regions: Sequence[str], allowed: Collection[str]
) -> tuple[_Place | None, bool]:
    """Return the place of a valid private number in `row`, and whether `row` has a public number.

    A public number is toll-free or allowed. `mentioned` means that the words around `row` call it a
    phone number; then it may be written in any form.
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
                is_mobile = kind == PhoneNumberType.MOBILE
                return _Place(match.start, match.end, is_mobile), False
    return None, public


def _written_as_phone(raw: str) -> bool:
    """Whether a valid number is written like a phone number: '+44 …', '(0)…', '212-555-0123'."""
    groups = len(re.findall(r"[ .\-]+", raw))
    return raw[0] in "+(" or (raw[0] == "0" and len(raw) > 9) or (groups == 2 and raw[-5] in ".-")
