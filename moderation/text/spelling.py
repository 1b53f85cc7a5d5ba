"""Decode one disguised word: '1d10t', 'f*ck', 'stu.pid', 'іdiоt' and 'goooood'.

The words that people often disguise (`words.toml`) are tried first. If none fits, only the shape of
the spelling decides.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from pathlib import Path

from moderation.text import lookalikes
from moderation.text.inflections import inflections

WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))

Shapes = dict[tuple[int, str], list[str]]

_MARKS = re.compile(r"[\u0300-\u036f]|(?<=[^\W\d])[\u20d0-\u20f0]")
_LONGEST = 40  # characters of a disguised word
_WRITTEN = 5  # shorter ones may be a number with a unit, or a road
_TO_SKELETON = str.maketrans(lookalikes.SKELETON)
_TO_LETTERS = str.maketrans(lookalikes.LEET)
_LOOKALIKES = str.maketrans({**lookalikes.LATIN, **lookalikes.FOREIGN})
_ALL_LOOKALIKES = str.maketrans({**lookalikes.RARE, **lookalikes.LATIN, **lookalikes.FOREIGN})
_FLIPPED = str.maketrans(lookalikes.FLIPPED)
_UPSIDE_DOWN = re.compile(f"[{lookalikes.UPSIDE_DOWN}]")
_SMALL = str.maketrans(lookalikes.LATIN)
_INNER_JOINTS = str.maketrans("", "", "._-*|+")


def skeleton(word: str) -> str:
    """Return a key that is equal for words that look alike, such as 'kill' and 'k1!l'."""
    return word.lower().translate(_TO_SKELETON)


def _forms(words: str) -> dict[str, str]:
    """Return the words and their inflected forms by `skeleton`, their key for similar looks.

    If two share a key, the earlier word wins.
    """
    forms = [form for word in words.split() for form in [word, *sorted(inflections(word))]]
    return {skeleton(form): form for form in reversed(forms)} | {
        skeleton(word): word for word in reversed(words.split())
    }


def _by_first(words: str) -> dict[str, list[tuple[str, str]]]:
    """Return pairs of skeleton and word by their first letter, likelier words first.

    `skeleton` gives words that look alike the same key. The words include their inflected forms.
    Forms of equal length are in reverse order: '-er' is likelier than '-ed', '-ing' than '-ers'.
    """
    by_first: dict[str, list[tuple[str, str]]] = {}
    for word in words.split():
        forms = sorted(sorted(inflections(word), reverse=True), key=len)
        for form in dict.fromkeys([word, *forms]):
            by_first.setdefault(skeleton(form)[0], []).append((skeleton(form), form))
    return by_first


def by_shape(words: Iterable[str]) -> Shapes:
    """Return a dict from length and first letter to words, as `behind_stars` needs it."""
    shapes: Shapes = {}
    for word in words:
        shapes.setdefault((len(word), word[0]), []).append(word)
    return shapes


def behind_stars(shown: str, shapes: Shapes) -> Iterator[str]:
    """Yield the words of `shapes` that `shown`, a word with stars, may mean.

    All words are in small letters.

    >>> [*behind_stars("f*ol", by_shape(["foul", "fool", "food"]))]
    ['fool']
    """
    for word in shapes.get((len(shown), shown[0]), ()):
        if all(sign in ("*", letter) for sign, letter in zip(shown, word, strict=True)):
            yield word


_CENSORED = _by_first(WORDS["censored"])
_OTHERS = _by_first(WORDS["disguised"])
DISGUISED = _forms(f"{WORDS['censored']} {WORDS['disguised']}")
_EVERYDAY = {skeleton(word): word for word in WORDS["everyday"].split()}
_BY_SHAPE = by_shape(_EVERYDAY.values())
BEGINNINGS = frozenset(look[:3] for look in DISGUISED)
EVERYDAY = frozenset(_EVERYDAY.values())
_DISGUISED_WORDS = frozenset(DISGUISED.values())
_ACCENTED = frozenset(WORDS["accented"].split())  # words that only look like a disguise
_SHORT = 3  # letters of a word that is too short to tell a look-alike from a sign
_DOUBLED = frozenset(WORDS["double"].split()) | frozenset(DISGUISED.values())


def decode(body: str, mixed: bool = False) -> str | None:
    """Return the word behind a disguised spelling, or None if `body` is not one.

    `mixed` says that the surrounding text is in Latin letters, even if `body` is not.
    """
    if not 1 < len(body) <= _LONGEST:
        return None
    plain = _latin(body, mixed)
    if plain.isdigit() or not any(map(str.isalpha, plain)):
        return None
    if plain.isascii() and plain.isalpha():
        word = _squeezed(plain) or plain
    else:
        word = (
            _known(plain)
            or _everyday(plain)
            or _blanked(plain)
            or _squeezed(plain)
            or _between(plain)
            or plain
        )
    return None if word == body else cased(word, plain)


def cased(word: str, model: str) -> str:
    """Return `word`, capitalised like `model`, another word."""
    letters = [letter for letter in model if letter.isalpha()]
    if len(letters) > 1 and all(map(str.isupper, letters)):
        return word.upper()
    return word.capitalize() if letters and model[0].isupper() else word


def _latin(body: str, mixed: bool) -> str:
    """Replace a word's look-alikes by Latin letters and drop accents that only disguise.

    A word of another alphabet stays as it is. A word without any Latin letter is changed only if
    `mixed` is true, or if the word mixes alphabets itself.
    """
    if body.isascii():
        return body
    if _UPSIDE_DOWN.search(body):
        flipped = body.lower().translate(_FLIPPED)[::-1]
        if _is_word(flipped):
            return flipped
    plain = _MARKS.sub("", body).translate(_SMALL)
    if len(plain) <= _SHORT:
        return plain
    has_latin = re.search("[A-Za-z]", plain) is not None
    if mixed or has_latin or _alphabets(plain) > 1:
        mapped = plain.translate(_ALL_LOOKALIKES)
        parts = unicodedata.normalize("NFKD", mapped).translate(_ALL_LOOKALIKES)
        bare = parts.encode("ascii", "ignore").decode()
        if len(bare) == len(mapped) and _is_disguised(bare, body):
            return bare if bare.isupper() or bare.istitle() else bare.lower()
    if has_latin:
        mapped = plain.translate(_LOOKALIKES)
        if all(unicodedata.name(sign, "LATIN")[:5] == "LATIN" for sign in mapped if sign.isalpha()):
            return mapped
    return plain


def _alphabets(word: str) -> int:
    """Return the number of alphabets that a word mixes."""
    return len({unicodedata.name(sign, "").partition(" ")[0] for sign in word if sign.isalpha()})


def _is_word(word: str) -> bool:
    """Whether people disguise the word, or it is an everyday word of three letters or more."""
    return word in _DISGUISED_WORDS or (len(word) > 2 and word in EVERYDAY)


def _is_disguised(bare: str, body: str) -> bool:
    """Whether `bare` is an often disguised word, and `body`, its original, is no foreign word."""
    return skeleton(bare) in DISGUISED and body.lower() not in _ACCENTED


def _known(body: str) -> str | None:
    """Return the often disguised word of `words.toml` that `body` means, or None."""
    letters = sum(map(str.isalpha, body))
    if body[-1].isdigit() and letters < 2 and len(body) < _WRITTEN:
        return None  # the A55 road
    if body.isupper() and letters < 3 and "$" not in body:
        return None  # an H1B visa
    look = skeleton(body)
    if look in DISGUISED:
        return DISGUISED[look]
    joined = skeleton(body.translate(_INNER_JOINTS))
    if joined in DISGUISED and not (body.isupper() and letters <= 3) and len(joined) > 2:
        return DISGUISED[joined]
    if letters < 3 and not body[0].isalpha():
        return None
    blanked = look[0] + _BLANK.sub("*", body.lower()[1:]).translate(_TO_SKELETON)
    return _starred(blanked) if "*" in blanked and not _PERCENT.search(body) else None


_UNIT, _MODEL = re.compile(r"\d+[A-Za-z]+"), re.compile(r"[A-Za-z]+\d+")


def _everyday(body: str) -> str | None:
    """Return an everyday word with digits for letters: 'y0ur', 'wh47', but not '7in' or 'cat5'."""
    if not body.isalnum() or (body.isupper() and sum(map(str.isalpha, body)) < 3):
        return None
    if len(body) < _WRITTEN and _UNIT.fullmatch(body):
        return None
    if _MODEL.fullmatch(body) and (len(body) < 4 or sum(map(str.isdigit, body)) < 2):
        return None
    return _EVERYDAY.get(skeleton(body))


_ONE_BLANK = re.compile(r"[A-Za-z]+\*[A-Za-z]+")


def _blanked(body: str) -> str | None:
    """Return the everyday word that `body` means with one star for a letter: 'pe*ple'.

    If no word fits, or more than one, return None.
    """
    if not _ONE_BLANK.fullmatch(body):
        return None
    fits = [*islice(behind_stars(body.lower(), _BY_SHAPE), 2)]
    return fits[0] if len(fits) == 1 else None


_BLANK = re.compile(r"[*#%@$]")
_PERCENT = re.compile(r"\d%|#\d")


def _starred(pattern: str) -> str | None:
    """Return the likeliest word behind a pattern with stars: 'f*ck', 's***', 'a**hole', 'f*ing'."""
    shown = len(pattern) - pattern.count("*")
    if shown < 3 and pattern.find("*") == len(pattern) - 1:
        return None  # a footnote: 'as*'
    if pattern[0] == "*" or (len(pattern) > 5 and shown * 3 < len(pattern)):
        return None  # too many words fit
    shape = re.compile(re.escape(pattern).replace(r"\*", "."))
    words = _CENSORED.get(pattern[0], [])
    if shown >= 3 and pattern.count("*") == 1:
        words = words + _OTHERS.get(pattern[0], [])
    exact = next((word for look, word in words if shape.fullmatch(look)), None)
    before, _, after = pattern.partition("*")
    after = after.lstrip("*")
    if exact or not after or "*" in after:
        return exact
    shortest = len(before) + len(after)
    return next(
        (
            word
            for look, word in _CENSORED.get(pattern[0], [])
            if len(look) > shortest and look.startswith(before) and look.endswith(after)
        ),
        None,
    )


_ACRONYMS = frozenset("viii xiii xviii xxiii iiit iiith iiits iiitb iiitd ieee aaai aaas".split())

_RUN = re.compile(r"([a-z])\1{2,}")


def _squeezed(word: str) -> str | None:
    """Return a stretched word ('goooood') with one or two letters for each run, or None."""
    lower = word.lower()
    if (
        not _RUN.search(lower)
        or lower in _ACRONYMS
        or len(set(lower)) == 1
        or (word.isupper() and len(word) <= 5)
    ):
        return None
    if word.isupper() and set(word) <= set("IVXLCDM"):
        return None  # XVIII
    if not word.isalpha():
        shorter = re.sub(r"([A-Za-z0-9@$!])\1{2,}", r"\1", word)
        return _known(shorter) or _known(re.sub(r"([A-Za-z])\1{2,}", r"\1\1", word))
    # `split` returns text, letter, text, letter, …, text.
    pieces = _RUN.split(lower)
    texts, letters = pieces[::2], pieces[1::2]
    usual = [_usual(run[0]) for run in _RUN.finditer(lower)]
    if usual and lower.endswith(letters[-1]):
        usual[-1] = 1
    choices = product((1, 2), repeat=len(letters)) if len(letters) <= 4 else ()
    tries = [_joined(texts, letters, lengths) for lengths in choices]
    return next((word for word in tries if word in _DOUBLED), _joined(texts, letters, usual))


def _usual(run: str) -> int:
    """Return how many letters a run of one letter means. Three may mean two ('neeeded')."""
    return 2 if len(run) == 3 and run[0] in "bcdefglmnprstz" else 1


def _joined(texts: Sequence[str], letters: Sequence[str], lengths: Sequence[int]) -> str:
    runs = [letter * length for letter, length in zip(letters, lengths, strict=True)]
    return texts[0] + "".join(run + text for run, text in zip(runs, texts[1:], strict=True))


_INSIDE = re.compile(r"[A-Za-z]+(?:(?:[013@$57]|00|33|55|\$\$|@@)[A-Za-z]+)+")


def _between(body: str) -> str | None:
    """Decode a word with digits or signs between letters: 'l0s3r', but not 'H1B' or 'c3po'."""
    letters = [sign for sign in body if sign.isalpha()]
    mixed = not all(map(str.islower, letters[1:])) and not all(map(str.isupper, letters))
    if len(letters) < 3 or mixed or not _INSIDE.fullmatch(body):
        return None
    if body[:2].lower() in ("rs", "no") or (all(map(str.isupper, letters)) and len(letters) < 4):
        return None  # Rs5lakh, no1fan, H1BS
    if re.search(r"[57@][A-Za-z]$|^[A-Za-z]\d[A-Za-z]{2}$", body) and not re.search(
        r"\d.*\d", body
    ):
        return None  # iphone5s, c3po
    return body.lower().translate(_TO_LETTERS)
