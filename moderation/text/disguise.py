"""Undo disguised spellings, and map each place back to the normalised text.

'1d10t', 'a$$', 'f*ck', 'i.d.i.o.t', 'stuuupid', 'іdiоt' with Cyrillic letters and 🖕 all mean a
word. `deobfuscate` writes that word in their place. It reads words in three ways:

- by the list of words that people disguise (`words.toml`): whatever sign hides such a word;
- by the list of misspellings and words run together (`misspellings`): 'idoit', 'youareanidiot';
- by shape, for all other words: digits and signs *between* letters ('m0b', 'l0s3rs'), runs of
  three equal letters or more, single letters separated by one sign ('q-u-i-s-l-i-n-g'), and
  look-alikes of other alphabets within a Latin word.

Names and ordinary words that look similar stay as they are: '2nd', 'H1N1', 'Rs500', 'COVID-19',
'U.P.', 'I.N.D.I.A.', 'A. B. Vajpayee', 'e-mail', '4x4', a word wholly in Cyrillic.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

from moderation.text import lookalikes
from moderation.text.misspellings import corrections
from moderation.text.spelling import BEGINNINGS, DISGUISED, decode, skeleton


class Edit(NamedTuple):
    """One replacement: `text[at:end]` is written for `clean[start:stop]`.

    `clean` is the original text, `text` the one with disguised spellings undone.
    """

    at: int
    end: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Deobfuscated:
    """A text with disguised spellings undone, and the edits that lead back to the original."""

    text: str
    edits: tuple[Edit, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end in the original text of `text[start:end]`.

        >>> deobfuscated = deobfuscate("What an 1d10t he is")
        >>> deobfuscated.text[8:13], deobfuscated.span(8, 13), deobfuscated.span(14, 16)
        ('idiot', (8, 13), (14, 16))
        """
        return self._origin(start)[0], self._origin(max(end - 1, start))[1]

    def expand(self, start: int, end: int) -> tuple[int, int]:
        """Widen the place `clean[start:end]` of the original to whole disguised words.

        >>> deobfuscate("What a stup*d idea").expand(12, 13)
        (7, 13)
        """
        first = bisect_right(self.edits, start, key=lambda edit: edit.stop)
        for edit in islice(self.edits, first, None):
            if edit.start >= end:
                break
            start, end = min(start, edit.start), max(end, edit.stop)
        return start, end

    def index(self) -> list[tuple[int, int]]:
        """Return for each character of `text` its start and end in the original text."""
        places: list[tuple[int, int]] = []
        done = 0  # offset in the clean text
        for edit in (*self.edits, Edit(len(self.text), len(self.text), -1, -1)):
            copied = edit.at - len(places)
            places += pairwise(range(done, done + copied + 1))
            places += [(edit.start, edit.stop)] * (edit.end - edit.at)
            done = edit.stop
        return places

    def _origin(self, index: int) -> tuple[int, int]:
        """Return the start and end in the original text of the character `text[index]`."""
        before = bisect_right(self.edits, index, key=lambda edit: edit.at) - 1
        if before < 0:
            return index, index + 1
        edit = self.edits[before]
        if index < edit.end:
            return edit.start, edit.stop
        start = index - edit.end + edit.stop
        return start, start + 1


# --- Candidates. An ordinary comment costs only these searches. Each begins with a class of rare
# characters, which `re` finds quickly.
_MARKS = "\u0300-\u036f\u20d0-\u20f0"
_ODD = re.compile(
    r"[0134579@$*#|+%._\-!](?:(?=[A-Za-z*])(?<=[\w@$*].)|(?=[A-Za-z])(?<=[0-9@$*#|+%])"
    r"|(?<=[A-Za-z][0134579@$*#|+%]))"
)
_LOOKALIKES = "".join(
    {**lookalikes.LATIN, **lookalikes.FOREIGN, **lookalikes.RARE, **lookalikes.EMOJI}
)
_SIGNS = "".join(sign for sign in lookalikes.RARE if not sign.isalnum())
_STRANGE = re.compile(f"[{_MARKS}{_LOOKALIKES}{lookalikes.UPSIDE_DOWN}À-ɏḀ-ỿ🇦-🇿]")
_LATIN = re.compile("[A-Za-z]")
_REGIONAL = re.compile("[🇦-🇿](?:[ .\\-]?[🇦-🇿]){3,}")
_BRACKETED = re.compile(r"(?:[(\[{<] ?[A-Za-z@$!013] ?[)\]}>][ .\-]?){4,}")
_RUNS = tuple(letter * 3 for letter in "eosaiulhnmrtyfpcdgkbzvwxjq")
_LETTER = r"[A-Za-z@$!0135]"
_JOINTS = " .-_*/|~·•,:;^=+👏"
_PLAIN_JOINTS = set(" .-_*/|~·•,")  # the others join the letters of a known word only
_JOINT = f"[{re.escape(_JOINTS)}]"
_IN_ROW = re.compile(rf"{_JOINT}{_LETTER}{_JOINT}{{1,4}}{_LETTER}(?![^\W_])")
_ROW = re.compile(rf"(?<![^\W_]){_LETTER}({_JOINT}{{1,4}}){_LETTER}(?:\1{_LETTER})+(?![^\W_])")
_CORE = re.compile(
    r"(?P<link>\b(?:https?://|www\.)\S+|[\w.+\-]{1,64}@[\w\-]{1,63}\.\w+)"
    rf"|(?P<emoji>[{''.join(lookalikes.EMOJI)}][🏻-🏿]?)"
    rf"|[\w{_MARKS}@$*#!|+.\-€%🅐-🅩🅰-🆉{re.escape(_SIGNS)}]+"
)
_EDGE = "._-#!%+|"
_SHORTEST, _LONGEST = 4, 14  # letters of a known word within a row of single letters
_MOST_PARTS = 20  # parts of one candidate that are looked up
_MOST = 500  # different candidates that are looked up in one text; a 20 kB text has fewer


def deobfuscate(clean: str) -> Deobfuscated:
    """Undo disguised spellings in a normalised text. If there are none, return the same string.

    >>> deobfuscate("You 1d10t, f*ck off with your stuuupid i.d.e.a, P.V. Rao of COVID-19").text
    'You idiot, fuck off with your stupid idea, P.V. Rao of COVID-19'
    """
    in_row = _IN_ROW.search(clean) or _BRACKETED.search(clean)
    stretched = _has_run(clean)
    strange = not clean.isascii() and _STRANGE.search(clean)
    corrected = corrections(clean)
    if not (in_row or stretched or strange or _ODD.search(clean)):
        return _rewritten(clean, corrected) if corrected else Deobfuscated(clean)
    rows = [*_rows(clean)] if in_row else []
    if strange:
        rows = sorted([*rows, *_regional(clean)])
    mixed = bool(strange) and len(_LATIN.findall(clean)) * 4 > sum(map(str.isalpha, clean))
    stops = [stop for _, stop, _ in rows]
    words: dict[str, tuple[tuple[int, int, str], ...]] = {}
    replacements = [*rows, *corrected]
    for match in _CORE.finditer(clean):
        core, offset = match[0], match.start()
        if match.lastgroup == "link" or (not stretched and _is_plain(core)):
            continue
        if rows and _overlaps(offset, match.end(), rows, stops):
            continue
        if core not in words:
            words[core] = tuple(_words(core, mixed)) if len(words) < _MOST else ()
        replacements += [(offset + start, offset + stop, word) for start, stop, word in words[core]]
    return _rewritten(clean, sorted(replacements)) if replacements else Deobfuscated(clean)


def _is_plain(core: str) -> bool:
    """Whether `core` without the signs at its edges has only letters or only digits."""
    body = core.strip(_EDGE)
    return body.isascii() and (body.isalpha() or body.isdigit())


def _has_run(clean: str) -> bool:
    """Whether any letter occurs three times in a row, found faster than by a regular expression."""
    lower = clean.lower()
    for run in _RUNS:  # noqa: SIM110 - any() over a generator takes twice as long
        if run in lower:
            return True
    return False


def _overlaps(start: int, stop: int, rows: list[tuple[int, int, str]], stops: list[int]) -> bool:
    """Whether `start`..`stop` overlaps any of `rows`. `stops` has the end of each row."""
    after = bisect_right(stops, start)
    return after < len(stops) and rows[after][0] < stop


def _rewritten(clean: str, replacements: list[tuple[int, int, str]]) -> Deobfuscated:
    """Apply the sorted replacements (start, stop, word). Skip one that overlaps an earlier one."""
    parts: list[str] = []
    edits: list[Edit] = []
    done = length = 0
    for start, stop, word in replacements:
        if start < done:
            continue
        parts += (clean[done:start], word)
        length += start - done
        edits.append(Edit(length, length + len(word), start, stop))
        length += len(word)
        done = stop
    return Deobfuscated("".join([*parts, clean[done:]]), tuple(edits))


# --- Single letters in a row: 'i d i o t', 'f-u-c-k', '(f)(u)(c)(k)', '🇫 🇺 🇨 🇰'.


def _regional(clean: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and word where flag letters (regional indicators) spell a known word."""
    for match in _REGIONAL.finditer(clean):
        letters = "".join(chr(ord(sign) - 0x1F1E6 + 97) for sign in match[0] if sign > "🇥")
        if skeleton(letters) in DISGUISED:
            yield *match.span(), DISGUISED[skeleton(letters)]


def _rows(clean: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and word where separated single letters ('i.d.i.o.t') spell a word."""
    for match in _BRACKETED.finditer(clean):
        letters = "".join(sign for sign in match[0] if sign.isalnum() or sign in "@$!")
        if skeleton(letters) in DISGUISED:
            yield match.start(), match.end() - (match[0][-1] in " .-"), DISGUISED[skeleton(letters)]
    for match in _ROW.finditer(clean):
        row = match[0]
        places = [match.start() + index for index, sign in enumerate(row) if sign not in _JOINTS]
        letters = "".join(clean[place] for place in places)
        if sum(map(str.isalpha, letters)) * 3 < len(letters) * 2:
            continue  # 'a 5.5'
        signs = set(row.translate(str.maketrans("", "", letters)))
        if letters.isupper() and len(letters) <= 3:
            continue  # U.P.A., A P J, but not F.U.C.K.
        words = [*_known_in(letters, within=" " in signs)]
        if words:
            for first, last, word in words:
                yield places[first], places[last - 1] + 1, word
        elif (
            len(signs) == 1
            and signs <= _PLAIN_JOINTS
            and _pronounceable(letters, 5 if " " in signs else 4)
        ):
            yield match.start(), match.end(), letters


def _known_in(letters: str, within: bool) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and word of the often disguised words that a row of letters spells.

    The whole row counts first. If it is no such word, and `within` is true, the longest words
    within it count. `within` is true only if blanks separate the letters, because blanks hide where
    a word ends: 'A.S.S.O.C.H.A.M.' is one name.
    """
    look = skeleton(letters)
    if look in DISGUISED:
        yield 0, len(letters), DISGUISED[look]
        return
    start = 0 if within else len(look)
    while start < len(look):
        lengths = range(min(_LONGEST, len(look) - start), _SHORTEST - 1, -1)
        for length in lengths if look[start : start + 3] in BEGINNINGS else ():
            word = DISGUISED.get(look[start : start + length])
            if word:
                yield start, start + length, word
                start += length - 1
                break
        start += 1


def _pronounceable(letters: str, least: int) -> bool:
    """Whether at least `least` letters can be a word, and are not initials or the alphabet."""
    lower = letters.lower()
    return (
        len(letters) >= least
        and letters.isalpha()
        and letters[1:].islower()
        and bool(set(lower) & set("aeiou"))
        and bool(set(lower) - set("aeiou"))
        and lower not in "abcdefghijklmnopqrstuvwxyz"
    )


# --- One stretch without spaces.


def _words(core: str, mixed: bool) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop and word of each disguised word in `core`, a stretch without spaces.

    The whole stretch is decoded first. If that fails, the parts between its signs are decoded.
    """
    if core[0] in lookalikes.EMOJI:
        yield 0, len(core), f" {lookalikes.EMOJI[core[0]]} "
        return
    if core[0] in "!|" and skeleton(core.rstrip(_EDGE)) in DISGUISED:  # '!d!ot'
        yield 0, len(core.rstrip(_EDGE)), DISGUISED[skeleton(core.rstrip(_EDGE))]
        return
    body = core.lstrip(_EDGE)
    start = len(core) - len(body)
    body = body.rstrip(_EDGE)
    if body.startswith("*"):  # *emphasis*
        stripped = body.lstrip("*")
        if not stripped or body.endswith("*"):
            return
        start, body = start + len(body) - len(stripped), stripped
    word = decode(body, mixed)
    if word is not None:
        yield start, start + len(body), word
        return
    for part in islice(_PART.finditer(body), _MOST_PARTS):
        word = decode(part[0], mixed) if part[0] != body else None
        if word is not None:
            yield start + part.start(), start + part.end(), word


_PART = re.compile(r"[^._\-+|#!%]{2,}")
