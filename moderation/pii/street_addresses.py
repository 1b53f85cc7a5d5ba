"""Street addresses of India, Britain and America: a number with a street, a flat, or a code.

No library finds them, so these are careful patterns. A PIN, ZIP or post code after the address
raises the score, and so does 'lives at' before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice

from moderation.pii import MOST, Detail

_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Boulevard|Blvd|Drive|Dr|Court|Ct|Crescent|Terrace"
    r"|Place|Parkway|Pkwy|Highway|Hwy|Marg|Nagar|Colony|Gali|Galli|Vihar|Enclave|Chowk|Salai|Puram"
    r"|Layout|Bagh|Ganj|Path|Extension|Extn|Cross|Apartments?|Apts?|Society|Residency|Towers?|Main)"
)
_NUMBER = r"(?<![\w.,/:$£€₹\-])(?:[A-Z]-?)?\d{1,5}(?:[-/]\d{1,4}){0,3}[A-Za-z]?"
# '14 Park Lane', 'B-45, Lajpat Nagar'; but not 'In 2005, Supreme Court …'.
_NAMED_STREET = re.compile(
    rf"{_NUMBER}(?:(?<!\d\d\d\d),)? (?:(?:[NSEW]|North|South|East|West)\.? )?"
    rf"(?!(?:[A-Z]\w+ )?(?:Supreme|High|District|Sessions) Court)"
    rf"(?:[A-Z][\w'.]{{1,20}} ){{1,3}}{_STREET}\b\.?"
)
_NO_NUMBER = re.compile(r"(?:War|Chapter|Part|Phase|Class|Season|Day|Top|Article|Section) $")
_DATE = re.compile(
    r"(?:1[89]|20)\d\d |\d{1,2} (?:Jan|Feb|Mar|Apr|May|June|July|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
)
# '#12, 3rd Cross, Indiranagar, Bangalore 560038'
_WITH_PIN = re.compile(
    rf"{_NUMBER},? [^.!?\n]{{2,60}}?, ?(?:[A-Z]\w+ ){{0,2}}[A-Z]\w+[ \-]{{1,3}}"
    r"[1-9]\d\d ?\d{3}(?!\w)"
)
# 'lives at 12/3 Sukh Niwas', 'my address is 450 …'
_GIVEN = re.compile(
    r"\b(?:(?:[Ll]iv(?:es?|ing)|[Ss]tay(?:s|ing)?|[Rr]esid(?:es?|ing)|[Ll]ocated) at"
    rf"|[Aa]ddress(?: is|:| -)) ({_NUMBER},? [A-Z]\w+[^.!?\n]{{0,40}})"
)
# 'Flat No. 302, …', 'H.No. 5-9-22/B, …' with a place soon after
_UNIT = re.compile(
    r"(?<!\w)(?:flat|house|h|plot|apt|apartment|door|d|qtr|quarter|villa|shop|suite)\b\.? ?"
    r"(?:no\b\.?|number|num|\#)? ?[:.\-]? ?[A-Za-z]?[-/]?\d{1,5}(?:[-/ ]?\w{1,5}){0,3}?[,\s]",
    re.IGNORECASE,
)
_PLACE = re.compile(
    rf"\b(?:{_STREET}|sector|phase|block|floor|near|opp|behind)\b"
    r"|(?<!\w)(?:\d{3} ?\d{3}|\d{5})(?!\w)",
    re.IGNORECASE,
)
_NEAR = 60  # the most characters between the parts of an address
_CODE = re.compile(  # PIN, ZIP with its state, British post code
    rf"[^.!?]{{0,{_NEAR}}}?(?<![\w.,])(?:[1-9]\d\d ?\d{{3}}|[A-Z]{{2}},? \d{{5}}(?:-\d{{4}})?"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?!\w)"
)
_LIVES = re.compile(
    r"\b(?:liv(?:e|es|ed|ing)|stay(?:s|ing)?|resid(?:e|es|ing|ence|ent)|address|home|house)\b"
    r"[^.!?\n]{0,30}$",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")


def find(clean: str, allowed: Collection[str]) -> Iterator[Detail]:
    """Yield street addresses, except those that contain an allowed one.

    >>> [*find("Come to 14 Park Lane, London SW1A 2AA!", [])]
    [Detail(start=8, end=37, kind='address', score=0.75)]
    """
    if not _DIGIT.search(clean):
        return
    for start, end, score in _places(clean):
        code = _CODE.match(clean, end)
        lives = _LIVES.search(clean[max(0, start - 50) : start])
        stop = code.end() if code else end
        place = clean[start:stop].lower()
        if not any(address.lower() in place for address in allowed):
            score = min(score + 0.15 * bool(code) + 0.15 * bool(lives), 0.9)
            yield Detail(start, stop, "address", round(score, 2))


def _places(clean: str) -> Iterator[tuple[int, int, float]]:
    for match in islice(_UNIT.finditer(clean), MOST):
        place = _PLACE.search(clean, match.end(), match.end() + _NEAR)
        if place:
            yield match.start(), place.end(), 0.75
    for match in islice(_WITH_PIN.finditer(clean), MOST):
        yield *match.span(), 0.75
    for match in islice(_NAMED_STREET.finditer(clean), MOST):
        before = clean[max(0, match.start() - 10) : match.start()]
        if not (_NO_NUMBER.search(before) or _DATE.match(match[0])):
            yield *match.span(), 0.6
    for match in islice(_GIVEN.finditer(clean), MOST):
        yield *match.span(1), 0.6
