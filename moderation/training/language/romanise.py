"""Romanise: write texts in Indian scripts in the Latin letters that people type.

Romanised text under a free licence is scarce; text in the original scripts is not. The Unicode
blocks of the Brahmic scripts have the same layout (that of ISCII), so one table covers them all.
`phonemes` transcribes a word. A `Writer` stands for a person with habits of spelling ('aa' or 'a',
'ee' or 'i', 'w' or 'v'), and spells the phonemes. Urdu does not write its short vowels, so the
short vowels are guessed.
"""

from __future__ import annotations

import random

import regex

# By offset in a Brahmic block. Long vowels have a macron until a writer spells them.
_VOWELS = dict(enumerate("a ā i ī u ū ri li e e e ai o o o au".split(), 0x05)) | {0x60: "ri"}
_VOWEL_SIGNS = dict(enumerate("ā i ī u ū ri ri e e e ai o o o au".split(), 0x3E))
_CONSONANTS = (
    dict(enumerate("k kh g gh ng ch chh j jh ny t th d dh n t th d dh n n".split(), 0x15))
    | dict(enumerate("p ph b bh m y r r l l zh v sh sh s h".split(), 0x2A))
    | dict(enumerate("q kh gh z r rh f y".split(), 0x58))
)
_ENDINGS = {0x01: "n", 0x02: "n", 0x03: "h", 0x70: "n", 0x4E: "t"}
_CHILLU = dict(zip(range(0x7A, 0x80), "n n r l l k".split(), strict=True))
_VIRAMA, _NUKTA = 0x4D, 0x3C
_WITH_NUKTA = {"j": "z", "ph": "f", "k": "q", "d": "r", "dh": "rh"}  # consonants with a nukta below
_BLOCKS = {"hi": 0x900, "mr": 0x900, "bn": 0x980, "pa": 0xA00, "gu": 0xA80}
_BLOCKS |= {"ta": 0xB80, "te": 0xC00, "kn": 0xC80, "ml": 0xD00}
_SCHWA_DELETION = {"hi", "mr", "bn", "pa", "gu"}  # languages that do not speak every schwa

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


def phonemes(word: str, language: str, rng: random.Random) -> str:
    """Return the phonemes of a word that is written in its original script.

    ə is the schwa, a vowel that the script does not write.

    >>> phonemes("नमक", "hi", random.Random(0)), phonemes("தமிழ்", "ta", random.Random(0))
    ('nəmək', 'təmizh')
    """
    if language == "ur":
        return _urdu_phonemes(word, rng)
    sounds = _brahmic_phonemes(word, _BLOCKS[language])
    if language in _SCHWA_DELETION:
        sounds = _delete_schwas(sounds)
    if language == "ta":  # Tamil k, t, p and ch are spoken g, d, b and s between vowels
        sounds = regex.sub(rf"(?<=[{_VOWEL}n])(th?|ch|p|k)(?=[{_VOWEL}])", _voice, sounds)
    return regex.sub(r"n(?=[pbm])", "m", sounds)


def _voice(match: regex.Match[str]) -> str:
    return {"t": "d", "th": "dh", "ch": "s", "p": "b", "k": "g"}[match[0]]


def _brahmic_phonemes(word: str, block: int) -> str:
    sounds: list[str] = []
    for char in word:
        offset = ord(char) - block
        if offset in _CONSONANTS:
            sounds += [_CONSONANTS[offset], "ə"]
        elif offset in _VOWEL_SIGNS or offset == _VIRAMA:
            if sounds and sounds[-1] == "ə":
                sounds.pop()
            sounds.append(_VOWEL_SIGNS.get(offset, ""))
        elif offset == _NUKTA and len(sounds) > 1:
            sounds[-2] = _WITH_NUKTA.get(sounds[-2], sounds[-2])
        else:
            sounds.append(_VOWELS.get(offset) or _ENDINGS.get(offset) or _CHILLU.get(offset) or "")
    return "".join(sounds)


def _delete_schwas(sounds: str) -> str:
    """Remove the short vowels ə that speakers of Hindi and related languages do not pronounce."""
    if regex.search(rf"[{_VOWEL}].*ə$", sounds):
        sounds = sounds[:-1]
    consonant = rf"[^{_VOWEL}]h?"
    return regex.sub(rf"(?<=[{_VOWEL}]{consonant})ə(?={consonant}[{_VOWEL[:-1]}])", "", sounds)


def _urdu_phonemes(word: str, rng: random.Random) -> str:
    sounds = ""
    for place, char in enumerate(word):
        sound = _URDU.get(char, "").replace("_", "")
        if char in "وی" and (place == 0 or word[place - 1] == "ا"):
            sound = {"و": "v", "ی": "y"}[char]
        elif char == "و":
            sound = rng.choice("oūo")
        elif char == "ی" and place < len(word) - 1:
            sound = rng.choice(["ī", "e"])
        vowel_missing = sounds and sounds[-1] not in _VOWEL and sound and sound[0] not in _VOWEL
        if vowel_missing and char != "ھ" and place < len(word) - (rng.random() < 0.5):
            sounds += rng.choice("aaaaaiu")
        sounds += sound
    return sounds


# How people spell a phoneme, the most frequent spellings more than once.
_SPELLINGS: dict[str, tuple[str, ...]] = {
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
_PHONEME = regex.compile("|".join(sorted(_SPELLINGS, key=len, reverse=True)))


class Writer:
    """A person who types in Latin letters, with habits of spelling that are not always kept."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self.language = language
        self.rng = rng
        self.habits = {sound: rng.choice(spellings) for sound, spellings in _SPELLINGS.items()}
        if language in {"ta", "te", "kn", "ml"} and rng.random() < 0.6:
            self.habits |= {"th": "th", "dh": "dh"}
        self.schwa = rng.choice(["o", "o", "a"]) if language == "bn" else "a"
        self.drops_vowels = rng.random() < 0.15

    def word(self, native: str) -> str:
        """Return the spelling in Latin letters of a word that is written in its original script."""
        sounds = phonemes(native, self.language, self.rng)
        if self.language in {"bn", "ta"} and self.rng.random() < 0.5:
            sounds = sounds.replace("v", "b" if self.language == "bn" else "v")
        if sounds.endswith(("ā", "ī", "ū")) and self.rng.random() < 0.85:
            sounds = sounds[:-1] + {"ā": "a", "ī": "i", "ū": "u"}[sounds[-1]]
        return self.spell(sounds.replace("ə", self.schwa))

    def spell(self, sounds: str) -> str:
        """Return the spelling of phonemes in Latin letters, with this person's habits."""
        spelt = _PHONEME.sub(self._spell_phoneme, sounds)
        if self.drops_vowels and len(spelt) > 3 and self.rng.random() < 0.4:
            spelt = regex.sub(r"(?<=[^aeiou])[ae](?=[^aeiou])", "", spelt, count=1)  # 'kr', 'nhi'
        return spelt

    def _spell_phoneme(self, match: regex.Match[str]) -> str:
        if self.rng.random() < 0.1:
            return self.rng.choice(_SPELLINGS[match[0]])
        return self.habits[match[0]]


def romanise(text: str, language: str, rng: random.Random) -> str:
    """Write a text of an Indian script in Latin letters, as one person would.

    `language` is a two-letter code.

    >>> romanise("यह देश हमारा है", "hi", random.Random(4))
    'yah desh hamara hai'
    """
    writer = Writer(language, rng)
    return _WORD.sub(lambda match: writer.word(match[0]), text).replace("।", ".").replace("۔", ".")
