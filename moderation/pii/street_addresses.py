"""Find street addresses of India, Britain and America: a number with a street, a flat, or a code.

No library finds them, so these are careful patterns for the form of an address: a house or flat
number and then names with capitals between commas. An address ends with its sentence. A PIN (Indian
post code), ZIP or post code raises the score, and so does 'lives at' before the address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice

from moderation.pii import MOST, Detail

_PLAIN_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Boulevard|Blvd|Drive|Crescent|Terrace|Parkway|Pkwy|Marg"
    r"|Nagar|Colony|Gali|Galli|Vihar|Enclave|Chowk|Salai|Puram|Layout|Bagh|Ganj|Extension|Extn"
    r"|Apartments?|Apts?|Residency|Residences)"
)
# Streets and houses, but often something else: 'Red Cross', 'Civil Society', 'Twin Towers'.
_DOUBTFUL_STREET = (
    r"(?:Court|Ct|Cross|Society|Towers?|Main|Path|Place|Highway|Hwy|Dr|Square|Gardens)"
)
_BUILDING = (
    r"(?:Villas?|Niwas|Nivas|Bhav?wan|Bhavan|Heights|House|Mansions?|Kunj|Nilayam?|Sadan|Kutir"
    r"|Gardens?|Complex|Chambers|Plaza|Arcade|Estate|Township|Manor|Cottage|Lodge|Park|Sector|Phase"
    r"|Block|Floor|(?:West|East|North|South)(?=\s*(?:,|\.|$))|Bldg|Building|Wing|Mohalla|Basti|Pally|Para|Peth?|Wadi)"
)
_PLACE = re.compile(
    rf"\b(?:{_PLAIN_STREET}|{_DOUBTFUL_STREET}|{_BUILDING})\b|\b\w+(?:nagar|puram|pura|guda|palli)\b",
    re.IGNORECASE,
)
_HAS_STREET = re.compile(rf"\b(?:{_PLAIN_STREET}|{_DOUBTFUL_STREET})\b|\b\w+nagar\b", re.IGNORECASE)
_COURT = re.compile(
    r"\b(?:Supreme|High|District|Sessions|Apex|Trial|Track|Family|Session|Magistrate) Court"
    r"|\bCourts? \d"
)

_PIN = r"[1-9]\d\d ?\d{3}"
_POST_CODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_NEAR = 60  # the most characters between a flat and its code
_CODE = rf"(?:{_PIN}|\d{{5}}(?:-\d{{4}})?|{_POST_CODE})(?!\w)"

_NUMBER = (
    r"(?<![\w.,/:$£€₹\-])(?:#\s?)?(?:[A-Z]-?)?\d{1,5}(?:[-/](?:\d{1,4}|[A-Z](?=[-/])))"
    r"{0,3}(?:[-/]?[A-Za-z])?(?![\w%])"
)
# What follows a number that counts or measures something.
_UNITS = (
    r"(?:per|percent|km|kms|kilomet\w+|met(?:er|re)s?|mtrs?|miles?(?! End)|feet|foot|ft"
    r"|inch(?:es)?|acres?|hectares?|sq|square|gaj|yards?|lanes?|way|bhk|rk(?! [A-Z])|stars?"
    r"|storey(?:ed)?|stor(?:y|ies)|crores?|cr|lakhs?|lacs?|thousand|hundred|million|billion"
    r"|rupees?|rs|dollars?|pounds?|am|pm|hours?|hrs?"
    r"|min(?:ute)?s?|seconds?|days?|weeks?|months?|years?|yrs?|times?|point|iu|kg|degrees?|ton\w*"
    r"|mlas?|mps|tier|seater|bed(?:room)?s?|men|women|people|persons?|others|more|or|out|of)\b"
)
_CAPITAL = r"[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f]"
_NAME = (
    rf"(?!{_POST_CODE}\b)(?:(?:St|Rd|Ave|Ln|Opp|Nr|Apts?|Bldg|Soc|Sec|Extn|[A-Z])\.(?=[ ,])"
    rf"|{_CAPITAL}[\w'&]{{0,20}}|\d{{1,3}}(?:st|nd|rd|th)\b)"
)
_PART = (
    r"(?:(?i:near|opp\.?|opposite|behind|off|next to|above|c/o) (?:the )?)?"
    rf"{_NAME}(?:[ \-](?:(?:(?:de|do|da|du|des|del|di|la|le|van|der|den|of) )?{_NAME}"
    rf"|(?!{_POST_CODE})[A-Z]?-?\d{{1,4}}[A-Z]?\b(?! ?\d))){{0,6}}"
)
_SMALL_WORDS = (
    r"(?:is|was|are|were|has|had|have|will|and|or|but|in|on|at|near|opposite|behind|next|with|to|for"
    r"|from|since|when|where|which|who|that|if|because|so|as|by|till|until|before|after|every|now"
    r"|today|tomorrow|yesterday|come|go|please|pls|alone|again|too|yet|these|this|she|he|they|we|I"
    r"|you|belongs|during|while|all|also|just|only|daily|west|east|north|south)\b"
)
_ENDS = rf"(?=\s*(?:[,.;:!?)\]\"\n|]|$)|\s+-|\s+{_SMALL_WORDS}|'(?!\w))"
_COMMA = r"(?:\s*,\s*|[ \t]*\n[\s>?|]*(?:, ?)?)"
_TAIL = (  # ', Lajpat Nagar, New Delhi 110024'
    rf"(?P<tail>(?:{_COMMA}{_PART}(?={_COMMA}|{_ENDS}|[ \-]{{1,3}}{_CODE})){{0,6}})"
    rf"(?P<code>[ ,\-\n>?]{{0,4}}(?<=[ ,\-\n>?]){_CODE})?"
)
_ADDRESS_END = re.compile(_TAIL)

_LIVES = re.compile(
    r"\b(?:liv(?:e|es|ed|ing)|stay(?:s|ed|ing)?|resid(?:e|es|ed|ing|ence|ent)|address|addr|home|house"
    r"|apartment|flat)\b[^.!?\n]{0,30}$",
    re.IGNORECASE,
)
# Before '14 Park Lane'. After other words, the number counts: 'all 28 Bellandur Layout flats'.
_AT = re.compile(
    r"(?:^|(?<!\bno)\.|[!?;:,()\n\"'>*|\-]|\d|\b(?:at|in|to|from|near|of|on|opposite|opp|behind"
    r"|outside|is|and|or|address|visit(?:ed)?|home|house|bungalow|shop|office|raided|block|door"
    r"|residence)|(?:^|[.!?;:,(\n] ?|\b(?:at|is|in) )(?:no\.?|number))\s*$",
    re.IGNORECASE,
)
_DIRECTION = r"(?:(?:[NSEW]|North|South|East|West)\.? )?"
_NAMED_STREET = re.compile(
    rf"{_NUMBER}(?:(?<!\d\d\d\d),)? (?!{_UNITS}|(?i:{_UNITS})){_DIRECTION}"
    rf"(?:(?:[A-Z][\w'.]{{0,20}}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}"
    rf"(?P<street>{_PLAIN_STREET}|{_DOUBTFUL_STREET})\b"
    r"(?:\.(?=[ ,]))?(?P<more> (?:NW|NE|SW|SE|[NSEW])\b| (?:Apt|Suite|Flat)\b\.? ?\d+"
    rf"|[ \t]{{1,3}}{_PART}(?={_COMMA}|\s*[.:;)\n]|\s*$|[ \-]{{1,3}}{_CODE}))?"
)
_NO_NUMBER = re.compile(
    r"(?:War|Chapter|Part|Phase|Class|Season|Day|Top|Article|Section|Booth|Ward|Gate|Exit|Route|Bus"
    r"|Platform|Episode|Level|Unit|Line|Page|Group|Room|Pillar) $"
)
_DATE = re.compile(
    r"(?:1[89]|20)\d\d,? |\d{1,2} (?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May"
    r"|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b"
)
_ENDS_WELL = re.compile(_ENDS)
_PLURAL = re.compile(r"\d (?:[a-z]|\w+[a-rt-z]s\b(?! (?:[A-Z])))")

# '12, 3rd Cross, Indiranagar, Bangalore 560038'; without a number, four names are needed.
_WITH_CODE = re.compile(
    rf"{_NUMBER},? (?!(?i:{_UNITS})){_PART}(?:{_COMMA}{_PART}){{1,5}}[ ,\-]{{1,3}}"
    rf"(?:{_PIN}|{_POST_CODE})(?!\w)"
    rf"|(?<![\w.\-])(?!Sincerely|Regards|Thank|Yours|Dear)"
    rf"(?:{_PART}{_COMMA}){{2,5}}{_PART}[ ,\-]{{1,3}}(?!\d*000\b){_PIN}"
    rf"(?!\w)(?={_ENDS})"
)
_OFFICE = re.compile(
    r"\b(?:ministry|department|government|govt|court|university|college|school|hospital|commission"
    r"|secretariat|office|police|bank|corporation|institute|parliament|embassy|council|editor|temple"
    r"|bhav?wan|north block|south block|ltd|limited|pvt|inc|company)\b",
    re.IGNORECASE,
)
_HOUSE_CODE = r"(?:[A-Za-z]{1,2}[-/]?)?\d{1,5}(?:[-/]?[A-Za-z])?(?:[-/]\w{1,4}){0,3}(?![\w%])"
# 'Flat No. 302, …', 'H.No. 5-9-22/B …', '3rd floor, …'
_UNIT = re.compile(
    rf"(?<!\w)(?:(?P<clear>(?:[HD]\.? ?|flat |house |plot |door |apartment |apt\.? |shop |villa "
    rf"|qtr\.? |quarter |room |bungalow |unit )"
    rf"(?:nos?\b\.?|number|num|\#)[ :.\-]{{0,3}}{_HOUSE_CODE})"
    rf"|(?:flat|plot|apt\.?|apartment|suite|shop|villa|quarter|bungalow|house)"
    rf"[ \-]{_HOUSE_CODE}"
    rf"|(?!T-20|G-20|F-\d\d|B-52|C-\d{{3}}|A-\d{{3}})[A-Z][-/ ]\d{{1,4}}(?:[-/]?\w){{0,3}}(?=,)"
    r"|(?:\d{1,2}(?:st|nd|rd|th)|ground|first|second|third|fourth|fifth|top) floor(?=,))",
    re.IGNORECASE,
)
_SPACED_CODE = re.compile(r"[A-Z] \d")
# 'Aston Villa 3'
_NAMED = re.compile(r"\b(?!Address |From |Near |Visit |Her |His |The )[A-Z][a-z]{2,} $")
_TO_CODE = re.compile(  # 'Apt. 4, Gardur, 26783': whatever names are between
    rf"\s*[,\n](?P<between>[^.!?]{{2,{_NEAR}}}?)(?<![\w.,]){_CODE}"
)
_SMALL_WORD = re.compile(rf"\b{_SMALL_WORDS}")
_ROOM = re.compile(r"(?:apt|apartment|suite|flat)\b", re.IGNORECASE)
_HOMES = ("flat", "apartment", "apt", "door", "villa", "bungalow")
_AFTER_UNIT = re.compile(
    rf"(?P<first>(?:{_COMMA}| )(?!(?i:{_UNITS}))(?:\d{{1,5}}[A-Za-z]? (?!(?i:{_UNITS})))?"
    rf"{_PART}(?={_COMMA}|{_ENDS}|[ \-]{{1,3}}{_CODE})){_TAIL}"
)
_SMALL_LETTERS = (
    rf"(?:,? (?!(?i:{_SMALL_WORDS}|{_UNITS}|the\b|a\b|an\b|my\b|his\b|her\b))[A-Za-z][\w']{{0,20}})"
)
_AFTER_UNIT_SMALL = re.compile(
    rf"{_SMALL_LETTERS}{{0,4}}?,? (?i:{_PLAIN_STREET}(?: no\.? ?\d+)?|apartments?|society"
    rf"|sector \d+|phase \d+"
    rf"|block \w|villa|niwas|bhavan|towers?|complex)\b(?={_ENDS}|[ ,\-]{{1,3}}{_CODE})"
    rf"(?:, ?(?!(?i:{_SMALL_WORDS}))[A-Za-z]\w{{1,20}}(?: \w{{2,20}}){{0,2}}"
    rf"(?=\s*(?:,|\.|$)| {_CODE})){{0,4}}"
    rf"(?P<code>[ ,\-]{{1,3}}{_CODE})?"
)
# 'lives at 12/3 Sukh Niwas', 'my address is 450 …'
_GIVEN = re.compile(
    r"\b(?:(?:[Ll]iv(?:es?|ed|ing)|[Ss]tay(?:s|ed|ing)?|[Rr]esid(?:es?|ed|ing)) (?:at|in|on)"
    r"|[Ll]ocated at|(?:[Aa]ddress|[Hh]ome|[Hh]ouse|[Rr]esidence)(?: is(?: at)?|:| -))"
    rf" (?P<address>{_NUMBER},? (?!(?i:{_UNITS})|(?i:[a-z]+[a-rt-z]s) (?![A-Z])){_PART})"
    rf"(?={_ENDS}|{_COMMA}|[ \-]{{1,3}}{_CODE})"
)
_GIVEN_SMALL = re.compile(
    r"\b(?:(?:liv(?:es?|ing)|stay(?:s|ing)?|resid(?:es?|ing)) (?:at|in|on)|address(?: is|:| -)?)"
    rf" (?P<address>(?:house |flat |plot |door |h\.? ?)?(?:no\.? ?|number |\# ?)?\d{{1,5}}[a-z]?"
    rf"(?:[-/]\w{{1,4}}){{0,3}}(?![\w%.]){_SMALL_LETTERS}{{1,3}}? (?:{_PLAIN_STREET}|cross|main)\b)"
    rf"(?={_ENDS}|{_COMMA}| )",
    re.IGNORECASE,
)
_GIVEN_WITH_PIN = re.compile(
    r"\b(?:(?:liv(?:es?|ing)|stay(?:s|ing)?|resid(?:es?|ing)) (?:at|in)|address(?: is|:| -))"
    rf" (?P<address>[^.!?\n]{{0,50}}?\d[^.!?\n]{{3,60}}?[ ,\-]{{1,3}}{_PIN})(?!\w)"
    rf"(?! ?(?i:{_UNITS}))",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_HAS_PIN = re.compile(rf"(?:{_PIN}|\b{_POST_CODE})(?!\w)")

# Addresses of films and books, which are mentioned but not given away.
_FAMOUS = (
    "221B Baker Street",
    "21 Jump Street",
    "22 Jump Street",
    "10 Cloverfield Lane",
    "4 Privet Drive",
    "12 Grimmauld Place",
    "84 Charing Cross Road",
    "1313 Mockingbird Lane",
    "11 Downing Street",
    "12 Downing Street",
)
_SHORT = {
    "st": "street",
    "rd": "road",
    "ave": "avenue",
    "ln": "lane",
    "blvd": "boulevard",
    "dr": "drive",
    "ct": "court",
    "pkwy": "parkway",
    "hwy": "highway",
    "extn": "extension",
}
_NOT_PARTS = frozenset("no number house h bungalow the".split())
_STREET_WORD = re.compile(rf"(?:{_PLAIN_STREET}|{_DOUBTFUL_STREET})", re.IGNORECASE)


def find(clean: str, allowed: Collection[str]) -> Iterator[Detail]:
    """Yield street addresses, except allowed ones, even if those are abbreviated ('St.').

    >>> [*find("Come to 14 Park Lane, London SW1A 2AA!", [])]
    [Detail(start=8, end=37, kind='address', score=0.75)]
    """
    if not _DIGIT.search(clean):
        return
    for start, end, score, has_code in _merged(_places(clean)):
        if not _is_allowed(clean[start:end], (*_FAMOUS, *allowed)):
            lives = _LIVES.search(clean[max(0, start - 50) : start])
            score = min(score + 0.15 * has_code + 0.15 * bool(lives), 0.9)
            yield Detail(start, end, "address", round(score, 2))


def _merged(
    places: Iterable[tuple[int, int, float, bool]],
) -> Iterator[tuple[int, int, float, bool]]:
    """Yield the places sorted. Places that overlap are merged into one."""
    last: tuple[int, int, float, bool] | None = None
    for place in sorted(places):
        if last and place[0] < last[1]:
            end, score = max(last[1], place[1]), max(last[2], place[2])
            last = (last[0], end, score, last[3] or place[3])
            continue
        if last:
            yield last
        last = place
    if last:
        yield last


def _places(clean: str) -> Iterator[tuple[int, int, float, bool]]:
    """Yield start, end and score of each address, and whether it contains a post code."""
    yield from _units(clean)
    for match in islice(_WITH_CODE.finditer(clean) if _HAS_PIN.search(clean) else (), MOST):
        numbered = match[0][:1].isdigit() or bool(re.match(r"#|[A-Z]-?\d", match[0]))
        near = clean[max(0, match.start() - 40) : match.end()]
        if numbered or not _OFFICE.search(near):
            yield *match.span(), 0.6, True
    for match in islice(_NAMED_STREET.finditer(clean), MOST):
        place = _named_street(clean, match)
        if place:
            yield place
    for pattern in (_GIVEN, _GIVEN_SMALL):
        for match in islice(pattern.finditer(clean), MOST):
            if _DATE.match(match["address"]) or _COURT.search(match["address"]):
                continue
            end = _ADDRESS_END.match(clean, match.end("address"))
            stop = end.end() if end else match.end("address")
            yield match.start("address"), stop, 0.6, bool(end and end["code"])
    for match in islice(_GIVEN_WITH_PIN.finditer(clean), MOST):
        yield *match.span("address"), 0.6, True


def _units(clean: str) -> Iterator[tuple[int, int, float, bool]]:
    for match in islice(_UNIT.finditer(clean), MOST):
        after = _AFTER_UNIT.match(clean, match.end())
        if after and (match["clear"] or not _NAMED.search(clean[: match.start()][-30:])):
            parts = after["first"] + after["tail"]
            is_home = match["clear"] or match[0].lower().startswith(_HOMES)
            several = after["tail"] != "" and is_home
            before = clean[max(0, match.start() - 50) : match.start()]
            is_sure = after["code"] or _LIVES.search(before)
            is_place = _PLACE.search(parts) and not _SPACED_CODE.match(match[0])
            if (is_sure or is_place or several) and not _COURT.search(parts):
                yield match.start(), after.end(), 0.75, bool(after["code"])
                continue
        to_code = _TO_CODE.match(clean, match.end()) if _ROOM.match(match[0]) else None
        if to_code and not _SMALL_WORD.search(to_code["between"]):
            yield match.start(), to_code.end(), 0.75, True
            continue
        small = _AFTER_UNIT_SMALL.match(clean, match.end()) if match["clear"] else None
        if small:
            yield match.start(), small.end(), 0.75, bool(small["code"])


def _named_street(clean: str, match: re.Match[str]) -> tuple[int, int, float, bool] | None:
    """Return the place of an address like '14 Park Lane', or None if the number is a count."""
    before = clean[max(0, match.start() - 50) : match.start()]
    if _NO_NUMBER.search(before) or not _AT.search(before) or _COURT.search(match[0]):
        return None
    end = _ADDRESS_END.match(clean, match.end())
    stop = end.end() if end else match.end()
    code = bool(end and end["code"])
    lives = _LIVES.search(before)
    if _DATE.match(match[0]) and not (code and lives):
        return None
    if not (code or match["more"] or _ENDS_WELL.match(clean, stop)):
        return None
    is_doubtful = re.fullmatch(_DOUBTFUL_STREET, match["street"])
    is_at = re.search(r"\bat\s*$", before, re.IGNORECASE)
    if is_doubtful and not (code or lives or is_at or (end and end["tail"])):
        return None
    return match.start(), stop, 0.6, code


@lru_cache(maxsize=512)
def _parts(address: str) -> tuple[str, ...]:
    words = re.findall(r"[\w'/\-]+", address.lower().replace("'", ""))
    return tuple(_SHORT.get(word, word) for word in words if word not in _NOT_PARTS)


def _is_allowed(address: str, allowed: Collection[str]) -> bool:
    """Whether the address begins with the parts of an allowed one: number, name and street.

    >>> _is_allowed("No. 10, Downing St., London", ["10 Downing Street"])
    True
    >>> _is_allowed("110 Downing Street", ["10 Downing Street"])
    False
    """
    parts = _parts(address)
    for place in allowed:
        wanted = _parts(place)
        following = parts[len(wanted) :]
        is_longer = bool(following and _STREET_WORD.fullmatch(following[0]))
        if wanted and parts[: len(wanted)] == wanted and not is_longer:
            return True
    return False
