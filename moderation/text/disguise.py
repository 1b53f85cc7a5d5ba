"""Disguised spellings read as what they stand for, with the way back to the clean text.

'1d10t', 'a$$', 'f*ck', 'i.d.i.o.t', 'stuuupid', 'іdiоt' with Cyrillic letters and 🖕 all mean a
word. `fold` writes that word in their place. Two kinds of reading are used:

- by the words people disguise (`words.toml`): whatever sign stands in such a word is undone;
- by shape, for all other words: digits and signs *between* letters ('m0b', 'l0s3rs'), runs of
  three equal letters or more, single letters in a row with a sign between ('q-u-i-s-l-i-n-g'),
  look-alikes of other alphabets within a Latin word.

What names and ordinary words look like stays as it is: '2nd', 'H1N1', 'Rs500', 'COVID-19',
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
from moderation.text.spelling import BEGINNINGS, DISGUISED, reading, skeleton


class Edit(NamedTuple):
    """`folded[at:end]` stands for `clean[start:stop]`."""

    at: int
    end: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Deobfuscated:
    """A text without disguises, and where each of its characters came from."""

    text: str
    edits: tuple[Edit, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the clean text behind `text[start:end]`.

        >>> folded = deobfuscate("What an 1d10t he is")
        >>> folded.text[8:13], folded.span(8, 13), folded.span(14, 16)
        ('idiot', (8, 13), (14, 16))
        """
        return self._back(start)[0], self._back(max(end - 1, start))[1]

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """`clean[start:end]`, widened to the whole of the disguised words it touches.

        >>> deobfuscate("What a stup*d idea").whole(12, 13)
        (7, 13)
        """
        first = bisect_right(self.edits, start, key=lambda edit: edit.stop)
        for edit in islice(self.edits, first, None):
            if edit.start >= end:
                break
            start, end = min(start, edit.start), max(end, edit.stop)
        return start, end

    def index(self) -> list[tuple[int, int]]:
        """The stretch of the clean text behind each character."""
        places: list[tuple[int, int]] = []
        done = 0  # characters of the clean text
        for edit in (*self.edits, Edit(len(self.text), len(self.text), -1, -1)):
            copied = edit.at - len(places)
            places += pairwise(range(done, done + copied + 1))
            places += [(edit.start, edit.stop)] * (edit.end - edit.at)
            done = edit.stop
        return places

    def _back(self, at: int) -> tuple[int, int]:
        before = bisect_right(self.edits, at, key=lambda edit: edit.at) - 1
        if before < 0:
            return at, at + 1
        edit = self.edits[before]
        if at < edit.end:
            return edit.start, edit.stop
        return at - edit.end + edit.stop, at - edit.end + edit.stop + 1


# --- What is worth a second look. These searches are all that an ordinary comment costs; each
# begins with a class of rare characters, which `re` skips to quickly.
_MARKS = "\u0300-\u036f"
_ODD = re.compile(
    r"[0134579@$*#|+%._\-!](?:(?=[A-Za-z*])(?<=[\w@$*].)|(?=[A-Za-z])(?<=[0-9@$*#|+%])"
    r"|(?<=[A-Za-z][0134579@$*#|+%]))"
)
_LOOKALIKES = "".join({**lookalikes.LATIN, **lookalikes.FOREIGN, **lookalikes.EMOJI})
_STRANGE = re.compile(f"[{_MARKS}{_LOOKALIKES}À-ɏḀ-ỿ]")
_RUNS = tuple(letter * 3 for letter in "eosaiulhnmrtyfpcdgkbzvwxjq")
_LETTER = r"[A-Za-z@$!0135]"
_JOINT = r"[ .\-_*/|~·•,]"
_IN_ROW = re.compile(rf"{_JOINT}{_LETTER}{_JOINT}{{1,2}}{_LETTER}(?![^\W_])")
_ROW = re.compile(rf"(?<![^\W_]){_LETTER}({_JOINT}{{1,2}}){_LETTER}(?:\1{_LETTER})+(?![^\W_])")
_CORE = re.compile(
    r"(?P<link>\b(?:https?://|www\.)\S+|[\w.+\-]{1,64}@[\w\-]{1,63}\.\w+)"
    rf"|(?P<emoji>[{''.join(lookalikes.EMOJI)}][🏻-🏿]?)"
    rf"|[\w{_MARKS}@$*#!|+.\-€%🅐-🅩🅰-🆉]+"
)
_EDGE = "._-#!%+|"
_SHORTEST, _LONGEST = 4, 14  # letters of a known word within a row of single letters
_MOST_PARTS = 20  # parts looked up of one odd stretch
_MOST = 500  # different odd stretches read in one text: nobody writes more in 20 kB


def deobfuscate(clean: str) -> Deobfuscated:
    """The clean text with its disguises undone; the same string where there are none.

    >>> deobfuscate("You 1d10t, f*ck off with your stuuupid i.d.e.a, P.V. Rao of COVID-19").text
    'You idiot, fuck off with your stupid idea, P.V. Rao of COVID-19'
    """
    in_row = _IN_ROW.search(clean)
    stretched = _has_run(clean)
    strange = not clean.isascii() and _STRANGE.search(clean)
    if not (in_row or stretched or strange or _ODD.search(clean)):
        return Deobfuscated(clean)
    rows = [*_rows(clean)] if in_row else []
    stops = [stop for _, stop, _ in rows]
    known: dict[str, tuple[tuple[int, int, str], ...]] = {}
    found = list(rows)
    for match in _CORE.finditer(clean):
        core, at = match[0], match.start()
        if match.lastgroup == "link" or (not stretched and _is_plain(core)):
            continue
        if rows and _within(at, match.end(), rows, stops):
            continue
        if core not in known:
            known[core] = tuple(_words(core)) if len(known) < _MOST else ()
        found += [(at + start, at + stop, word) for start, stop, word in known[core]]
    return _rewritten(clean, sorted(found)) if found else Deobfuscated(clean)


def _is_plain(core: str) -> bool:
    """Whether nothing but letters or nothing but digits stands there, but for signs around."""
    body = core.strip(_EDGE)
    return body.isascii() and (body.isalpha() or body.isdigit())


def _has_run(clean: str) -> bool:
    """Whether a letter stands three times in a row. (Faster than a pattern that looks back.)"""
    low = clean.lower()
    for run in _RUNS:  # noqa: SIM110 - any() over a generator takes twice as long
        if run in low:
            return True
    return False


def _within(start: int, stop: int, rows: list[tuple[int, int, str]], stops: list[int]) -> bool:
    """Whether a stretch overlaps a row of letters that was already read."""
    after = bisect_right(stops, start)
    return after < len(stops) and rows[after][0] < stop


def _rewritten(clean: str, found: list[tuple[int, int, str]]) -> Deobfuscated:
    parts: list[str] = []
    edits: list[Edit] = []
    done = length = 0
    for start, stop, word in found:
        parts += (clean[done:start], word)
        length += start - done
        edits.append(Edit(length, length + len(word), start, stop))
        length += len(word)
        done = stop
    return Deobfuscated("".join([*parts, clean[done:]]), tuple(edits))


# --- Single letters in a row: 'i d i o t', 'f-u-c-k'.


def _rows(clean: str) -> Iterator[tuple[int, int, str]]:
    for match in _ROW.finditer(clean):
        row = match[0]
        places = [match.start() + at for at, sign in enumerate(row) if sign not in " .-_*/|~·•,"]
        letters = "".join(clean[at] for at in places)
        if sum(map(str.isalpha, letters)) * 3 < len(letters) * 2:
            continue  # 'a 5.5'
        signs = set(row.translate(str.maketrans("", "", letters)))
        if letters.isupper() and len(letters) <= 3:
            continue  # U.P.A., A P J, but not F.U.C.K.
        words = [*_known_in(letters, within=" " in signs)]
        if words:
            for first, last, word in words:
                yield places[first], places[last - 1] + 1, word
        elif _pronounceable(letters, 5 if " " in signs else 4) and len(signs) == 1:
            yield match.start(), match.end(), letters


def _known_in(letters: str, within: bool) -> Iterator[tuple[int, int, str]]:
    """The word people disguise that the letters make, or else those `within` them, longest first.

    Only blanks between letters hide where words end: 'A.S.S.O.C.H.A.M.' is one name.
    """
    look = skeleton(letters)
    if look in DISGUISED:
        yield 0, len(letters), DISGUISED[look]
        return
    at = 0 if within else len(look)
    while at < len(look):
        lengths = range(min(_LONGEST, len(look) - at), _SHORTEST - 1, -1)
        for length in lengths if look[at : at + 3] in BEGINNINGS else ():
            word = DISGUISED.get(look[at : at + length])
            if word:
                yield at, at + length, word
                at += length - 1
                break
        at += 1


def _pronounceable(letters: str, least: int) -> bool:
    """Whether the letters can be a word, and not initials or the alphabet."""
    low = letters.lower()
    return (
        len(letters) >= least
        and letters.isalpha()
        and letters[1:].islower()
        and bool(set(low) & set("aeiou"))
        and bool(set(low) - set("aeiou"))
        and low not in "abcdefghijklmnopqrstuvwxyz"
    )


# --- One stretch without spaces.


def _words(core: str) -> Iterator[tuple[int, int, str]]:
    """The disguised words of a stretch: the whole of it, or else its parts."""
    if core[0] in lookalikes.EMOJI:
        yield 0, len(core), f" {lookalikes.EMOJI[core[0]]} "
        return
    body = core.lstrip(_EDGE)
    start = len(core) - len(body)
    body = body.rstrip(_EDGE)
    if body.startswith("*"):  # *emphasis*
        stripped = body.lstrip("*")
        if not stripped or body.endswith("*"):
            return
        start, body = start + len(body) - len(stripped), stripped
    word = reading(body)
    if word is not None:
        yield start, start + len(body), word
        return
    for part in islice(_PART.finditer(body), _MOST_PARTS):
        word = reading(part[0]) if part[0] != body else None
        if word is not None:
            yield start + part.start(), start + part.end(), word


_PART = re.compile(r"[^._\-+|#!%]{2,}")
