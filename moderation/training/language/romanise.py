"""Native Indic script into the Latin letters that people really type.

Romanised text under a free licence is scarce; native-script text is not. The Brahmic blocks of
Unicode share one layout (that of ISCII), so one table serves them all: `letters` reads a word
into sounds, and a `Writer`, who has habits ('aa' or 'a', 'ee' or 'i', 'w' or 'v'), spells them.
Urdu does not write its short vowels, so they are guessed.
"""

from __future__ import annotations

import random

import regex

# By offset in a Brahmic block. Long vowels keep their macron until a writer spells them.
_VOWELS = dict(enumerate("a ā i ī u ū ri li e e e ai o o o au".split(), 0x05)) | {0x60: "ri"}
_SIGNS = dict(enumerate("ā i ī u ū ri ri e e e ai o o o au".split(), 0x3E))
_CONSONANTS = (
    dict(enumerate("k kh g gh ng ch chh j jh ny t th d dh n t th d dh n n".split(), 0x15))
    | dict(enumerate("p ph b bh m y r r l l zh v sh sh s h".split(), 0x2A))
    | dict(enumerate("q kh gh z r rh f y".split(), 0x58))
)
_ENDINGS = {0x01: "n", 0x02: "n", 0x03: "h", 0x70: "n", 0x4E: "t"}
_CHILLU = dict(zip(range(0x7A, 0x80), "n n r l l k".split(), strict=True))
_VIRAMA, _NUKTA, _ADDAK = 0x4D, 0x3C, 0x71
_SOFT = {"j": "z", "ph": "f", "k": "q", "d": "r", "dh": "rh"}  # what a nukta below makes of them
_BLOCKS = {"hi": 0x900, "mr": 0x900, "bn": 0x980, "pa": 0xA00, "gu": 0xA80}
_BLOCKS |= {"ta": 0xB80, "te": 0xC00, "kn": 0xC80, "ml": 0xD00}
_SILENT = {"hi", "mr", "bn", "pa", "gu"}  # languages that drop the unwritten vowel here and there

_URDU = dict(
    zip(
        "آابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھیےئؤءۂةكي",
        "ā ā b p t t s j ch h kh d d z r r z zh s sh s z t z a gh f q k g l m n n o h h ī e y o"
        " _ e h k ī".split(),
        strict=True,
    )
)

_WORD = regex.compile(r"[[\p{L}\p{M}\u200c\u200d]--\p{Latin}]+", regex.V1)
_VOWEL = "aāiīuūeoə"


def letters(word: str, language: str, rng: random.Random) -> str:
    """The sounds of one native-script word; ə is the vowel that the script leaves unwritten.

    >>> letters("नमक", "hi", random.Random(0)), letters("தமிழ்", "ta", random.Random(0))
    ('nəmək', 'təmizh')
    """
    if language == "ur":
        return _urdu(word, rng)
    sounds = _brahmic(word, _BLOCKS[language])
    if language in _SILENT:
        sounds = _silenced(sounds)
    if language == "ta":  # between vowels Tamil speaks k as g, t as d, p as b, ch as s
        sounds = regex.sub(rf"(?<=[{_VOWEL}n])(th?|ch|p|k)(?=[{_VOWEL}])", _voiced, sounds)
    return regex.sub(r"n(?=[pbm])", "m", sounds)


def _voiced(match: regex.Match[str]) -> str:
    return {"t": "d", "th": "dh", "ch": "s", "p": "b", "k": "g"}[match[0]]


def _brahmic(word: str, block: int) -> str:
    sounds: list[str] = []
    for char in word:
        at = ord(char) - block
        if at in _CONSONANTS:
            sounds += [_CONSONANTS[at], "ə"]
        elif at in _SIGNS or at == _VIRAMA:
            if sounds and sounds[-1] == "ə":
                sounds.pop()
            sounds.append(_SIGNS.get(at, ""))
        elif at == _NUKTA and len(sounds) > 1:
            sounds[-2] = _SOFT.get(sounds[-2], sounds[-2])
        else:
            sounds.append(_VOWELS.get(at) or _ENDINGS.get(at) or _CHILLU.get(at) or "")
    return "".join(sounds)


def _silenced(sounds: str) -> str:
    """Without the unwritten vowels that Hindi and its neighbours do not speak."""
    if regex.search(rf"[{_VOWEL}].*ə$", sounds):
        sounds = sounds[:-1]
    consonant = rf"[^{_VOWEL}]h?"
    return regex.sub(rf"(?<=[{_VOWEL}]{consonant})ə(?={consonant}[{_VOWEL[:-1]}])", "", sounds)


def _urdu(word: str, rng: random.Random) -> str:
    sounds = ""
    for place, char in enumerate(word):
        sound = _URDU.get(char, "").replace("_", "")
        if char in "وی" and (place == 0 or word[place - 1] == "ا"):
            sound = {"و": "v", "ی": "y"}[char]
        elif char == "و":
            sound = rng.choice("oūo")
        elif char == "ی" and place < len(word) - 1:
            sound = rng.choice(["ī", "e"])
        bare = sounds and sounds[-1] not in _VOWEL and sound and sound[0] not in _VOWEL
        if bare and char != "ھ" and place < len(word) - (rng.random() < 0.5):
            sounds += rng.choice("aaaaaiu")
        sounds += sound
    return sounds


_HABITS: dict[str, tuple[str, ...]] = {
    "ksh": ("ksh", "x", "ksh", "kch"),
    "chh": ("ch", "chh"),
    "ā": ("a", "a", "aa"),
    "ī": ("i", "ee", "i", "ii"),
    "ū": ("u", "oo", "u"),
    "ai": ("ai", "ai", "e", "ay"),
    "au": ("au", "o", "ou"),
    "sh": ("sh", "sh", "s"),
    "ph": ("ph", "f"),
    "v": ("v", "w", "v"),
    "z": ("z", "j"),
    "q": ("q", "k"),
    "zh": ("zh", "zh", "l"),
    "ny": ("ny", "gn", "n"),
    "th": ("th", "th", "t"),
    "dh": ("dh", "dh", "d"),
}
_SOUND = regex.compile("|".join(sorted(_HABITS, key=len, reverse=True)))


class Writer:
    """Someone who types: the same habits from word to word, with a slip now and then."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self.language = language
        self.rng = rng
        self.habits = {sound: rng.choice(ways) for sound, ways in _HABITS.items()}
        if language in {"ta", "te", "kn", "ml"} and rng.random() < 0.6:
            self.habits |= {"th": "th", "dh": "dh"}
        self.unwritten = rng.choice(["o", "o", "a"]) if language == "bn" else "a"
        self.hurried = rng.random() < 0.15

    def word(self, native: str) -> str:
        """One word in the writer's spelling."""
        sounds = letters(native, self.language, self.rng)
        if self.language in {"bn", "ta"} and self.rng.random() < 0.5:
            sounds = sounds.replace("v", "b" if self.language == "bn" else "v")
        if sounds.endswith(("ā", "ī", "ū")) and self.rng.random() < 0.85:
            sounds = sounds[:-1] + {"ā": "a", "ī": "i", "ū": "u"}[sounds[-1]]
        return self.spell(sounds.replace("ə", self.unwritten))

    def spell(self, sounds: str) -> str:
        """Sounds in the writer's letters."""
        spelt = _SOUND.sub(self._way, sounds)
        if self.hurried and len(spelt) > 3 and self.rng.random() < 0.4:
            spelt = regex.sub(r"(?<=[^aeiou])[ae](?=[^aeiou])", "", spelt, count=1)  # 'kr', 'nhi'
        return spelt

    def _way(self, match: regex.Match[str]) -> str:
        if self.rng.random() < 0.1:
            return self.rng.choice(_HABITS[match[0]])
        return self.habits[match[0]]


def romanise(text: str, language: str, rng: random.Random) -> str:
    """`text` as one writer would type it in Latin letters; `language` is a two-letter code.

    >>> romanise("यह देश हमारा है", "hi", random.Random(4))
    'yah desh hamara hai'
    """
    writer = Writer(language, rng)
    return _WORD.sub(lambda match: writer.word(match[0]), text).replace("।", ".").replace("۔", ".")
