"""Find misspelt words ('idoit'), words run together ('Youareanidiot') and torn words ('idi ot').

The words that people disguise most are listed in `words.toml`, as `misspelt` and `doubled`. Each is
also known with two neighbouring letters swapped or one letter doubled. The words of `misspelt` are
long enough to be known with one letter left out or one vowel replaced as well. Real words and names
that look like a misspelling ('where', 'Shetty', 'Moran') are listed as `spared`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from moderation.text.inflections import inflections, plural
from moderation.text.spelling import DISGUISED, EVERYDAY, WORDS, cased

_VOWELS = "aeiou"


def _swapped_or_doubled(word: str) -> Iterator[str]:
    for at in range(len(word)):
        yield word[:at] + word[at] + word[at:]
        yield word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


def _left_out_or_replaced(word: str) -> Iterator[str]:
    for at, letter in enumerate(word):
        if at:
            yield word[:at] + word[at + 1 :]
        if letter in _VOWELS:
            yield from (word[:at] + vowel + word[at + 1 :] for vowel in _VOWELS)


def _table() -> dict[str, str]:
    """Return a dict from misspelling to word. If words share a misspelling, the earlier wins."""
    table: dict[str, str] = {}
    long, short = WORDS["misspelt"].split(), WORDS["doubled"].split()
    for word in (*short, *long):
        for form in (word, plural(word)):
            variants = [*_swapped_or_doubled(form)]
            if word in long:
                variants += _left_out_or_replaced(form)
            for variant in variants:
                table.setdefault(variant, form)
    right = {form for word in (*long, *short) for form in inflections(word)}
    right |= set(DISGUISED.values())
    for word in (*right, *WORDS["spared"].split()):
        table.pop(word, None)
    for line in WORDS["spellings"].strip().splitlines():
        spelling, _, meaning = line.partition(" ")
        table[spelling] = meaning
    return table


_MISSPELT = _table()
_WORD = re.compile(r"[a-z]+")
_PLACE = re.compile(r"(?<![\w@./&\-])(#?)([A-Za-z_]{3,})(?![\w@*]|[.\-]\w)")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_FEWEST, _MOST = 6, 40  # letters of words that were run together
_LONG_CAPITALS = 5  # letters and the blank of a torn word in capitals: 'CU NT' may be acronyms
_MOST_TRIES = 200  # long words that are split in one text
_LONGEST = 14  # letters of one of them
_ALWAYS_SMALL = 3  # letters of words that are acronyms or names in capitals: 'FCK', 'Fuk'
_NAMES = frozenset(["FCUK", "Foad", "Foads"])  # a brand and a first name

_ABUSE = frozenset(form for word in WORDS["run"].split() for form in (word, plural(word)))
_ROOT = re.compile("|".join(sorted({word[:4] for word in _ABUSE})))
# A word that is not known with abuse: 'raviisamoron', 'fuckravi'.
_NAMED = re.compile(
    rf"([a-z]{{3,15}}?)(is|are)(an?|all|so|such)({'|'.join(sorted(_ABUSE, key=len, reverse=True))})"
    rf"|(fucking)((?!g)[a-z]{{4,}})"
    rf"|(fuck)((?!ing|off|wit)(?!(?:{'|'.join(WORDS['after_fuck'].split())})s?$)[a-z]{{4,}})",
    re.IGNORECASE,
)
_BEFORE, _AFTER = frozenset(WORDS["before"].split()), frozenset(WORDS["after"].split())
_POINTING = _BEFORE | _AFTER
_PIECES = (
    _ABUSE
    | _POINTING
    | {word for word in EVERYDAY if len(word) > 2}
    | {*"a u an i am is it he we me my to of in on be as at by do no or so if us go up the".split()}
)
_ENDS = frozenset("a i".split())  # these do not begin or end words that were run together


def _torn() -> dict[str, tuple[str, str]]:
    """Return each listed word as it looks with a blank in it ('idi ot'), mapped to a pair.

    The pair has the word and its oddest part: the longest part that is no word itself. If one part
    is a word, the author may have meant two words ('sh it'), so the other part must be long and no
    word.
    """
    parts = _PIECES | set(WORDS["parts"].split())
    torn = {}
    for word in WORDS["torn"].split():
        for form in (word, plural(word)):
            for at in range(1, len(form)):
                odd = [part for part in (form[:at], form[at:]) if part not in parts]
                oddest = max(odd, key=len, default="")
                if len(odd) == 2 or len(oddest) >= _ALWAYS_SMALL:
                    torn[f"{form[:at]} {form[at:]}"] = (form, oddest)
    return torn


_TORN = _torn()
_ODDEST = frozenset(oddest for _, oddest in _TORN.values())
_TORN_PLACE = re.compile(
    rf"(?<![\w'@#.\-])(?:{'|'.join(sorted(_TORN))})(?![\w@'\-])", re.IGNORECASE
)


def corrections(clean: str) -> list[tuple[int, int, str]]:
    """Return start, end and meaning of each word that is misspelt, torn or run together.

    >>> corrections("You idoit! #YouAreAnIdiot")
    [(4, 9, 'idiot'), (11, 25, 'You Are An Idiot')]
    """
    words = set(_WORD.findall(clean.lower()))
    wrong = words & _MISSPELT.keys()
    fewest = 1 if "#" in clean else _FEWEST
    torn = [*_torn_places(clean)] if words & _ODDEST else []
    if not wrong and not any(len(word) >= fewest and _ROOT.search(word) for word in words):
        return torn
    places = torn
    tries = _MOST_TRIES
    for match in _PLACE.finditer(clean):
        hash_sign, word = match.groups()
        meaning = _meaning(word) if not hash_sign else None
        if meaning is None and tries:
            tries -= _may_be_run(word)
            meaning = _split(word, tagged=bool(hash_sign))
        if meaning:
            places.append((*match.span(), meaning))
    return sorted(places)


def _torn_places(clean: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, end and meaning of each word that is torn by a blank ('idi ot')."""
    for match in _TORN_PLACE.finditer(clean):
        first, last = match[0].split()
        if (first.islower() and last.islower()) or (first.istitle() and last.islower()):
            yield *match.span(), cased(_TORN[match[0].lower()][0], first + last)
        elif match[0].isupper() and len(match[0]) > _LONG_CAPITALS:
            yield *match.span(), _TORN[match[0].lower()][0].upper()


def _meaning(word: str) -> str | None:
    """Return the word that `word` is a misspelling of, or None."""
    meaning = _MISSPELT.get(word.lower())
    if meaning is None or word.islower():
        return meaning
    if len(word) <= _ALWAYS_SMALL or word in _NAMES:
        return None
    return cased(meaning, word)


def _may_be_run(word: str) -> bool:
    """Whether a long word may contain an insult run together with others. 'Therapist' does not."""
    lower = word.lower()
    return (
        _FEWEST <= len(word) <= _MOST
        and _ROOT.search(lower) is not None
        and not lower.endswith(("therapist", "therapists"))
    )


def _split(word: str, tagged: bool) -> str | None:
    """Return a word split into the words that were run together, or None.

    All of the words must be known, and one must be an insult. `tagged` means that it is a hashtag.
    """
    if not _may_be_run(word):
        return None
    parts = _CAMEL.findall(word)
    if tagged and len(parts) > 1 and any(part.lower() in _ABUSE for part in parts):
        return " ".join(parts)
    pieces = _pieces(word.lower())
    if not _is_run(pieces):
        match = _NAMED.fullmatch(word)
        if match is None:
            return None
        pieces = tuple(part for part in match.groups() if part)
    ends = [*accumulate(map(len, pieces))]
    parts = [word[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return " ".join(cased(_MISSPELT.get(part.lower(), part), part) for part in parts)


def _is_run(pieces: Sequence[str]) -> bool:
    """Whether the words in a run-together word are an insult with a word such as 'you'."""
    if len(pieces) < 2 or _ABUSE.isdisjoint(pieces):
        return False
    first, last = pieces[0], pieces[-1]
    if _ENDS & {first, last} or "u" in pieces[1:-1] or (last == "u" and first != "fuck"):
        return False
    if len(pieces) == 2:
        return (first in _BEFORE - {"the"} and last in _ABUSE) or (
            first in _ABUSE and last in _AFTER
        )
    return not _POINTING.isdisjoint(pieces)


@lru_cache(maxsize=256)
def _pieces(word: str) -> tuple[str, ...]:
    """Return the fewest known words that together spell `word`, or an empty tuple."""
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST), end):
            before, piece = best[start], word[start:end]
            if before is None or piece not in _PIECES:
                continue
            shortest = best[end]
            if shortest is None or len(before) + 1 < len(shortest):
                best[end] = (*before, piece)
    return best[-1] or ()
