"""Hostile comments of 20 kB each, which are hard to process, for the tests and benchmarks.

Each shape has one difficulty: signs that start many tokens and end none, long words, stacked
marks, letters with signs between them, scripts without spaces, endless addresses.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

from moderation.comment import MAX_BYTES

_UNITS = {
    # One letter, many times, and words.
    "one letter": "a",
    "capital": "A",
    "words": "word ",
    "capital words": "SHOUTED ",
    "mixed case": "sPoNgE ",
    "stretched words": "sooooo ",
    "letters and blanks": "a ",
    "letter u": "u ",
    "letters and lines": "u\n",
    "spaced disguise": "f u c k ",
    "hyphenated disguise": "f-u-c-k ",
    "text speak": "plz gr8 thx ur ",
    "the same sentence": "This is the same sentence. ",
    "one-letter sentences": "I. ",
    "questions": "Why? ",
    "lines": "line\n",
    "empty lines": "\n.",
    "bullets": "• ",
    "capital sentences": "You ARE an IDIOT. ",
    # Initials, apostrophes, hyphens, stops.
    "initials": "A.B.",
    "spaced initials": "A. B. ",
    "abbreviations": "U.P. govt. ",
    "apostrophes": "a'",
    "hyphens": "a-",
    "stops": "a.",
    "missing spaces": "said.He ",
    "dots": "wait... ",
    "underscores": "_a",
    "slashes": "a/b ",
    "quotes": '"a" ',
    "quotation marks": '"a ',
    "brackets": "(a[",
    # Disguises.
    "leet": "sh1t ",
    "leet in one": "1d10t",
    "stars": "f*ck ",
    "stars in one": "a*",
    "dollars": "a$$ ",
    "joined": "i.d.i.o.t ",
    "cyrillic look-alikes": "іdiоt ",
    "full-width": "ＩＤＩＯＴ ",
    "mathematical letters": "𝐢𝐝𝐢𝐨𝐭 ",
    "circled letters": "🅸🅳🅸🅾🆃",
    # Links, addresses, numbers.
    "links": "http://a.b/c ",
    "links in one": "http://a.b/",
    "www": "www.",
    "bare domains": "a.com ",
    "domains in one": "a.com.",
    "e-mails": "a.b@example.com ",
    "at signs": "a@",
    "mentions": "@a ",
    "hashtags": "#a",
    "digits": "1",
    "numbers": "1,5 ",
    "digits and stops": "1.",
    "phones": "98765 43210 ",
    "international phones": "+91-98765-43210 ",
    "cards": "4111 1111 1111 1111 ",
    "identity numbers": "2345 6789 0124 ",
    "bank accounts": "GB82WEST12345698765432 ",
    "streets": "12/3 MG Road, Pune 411001 ",
    "dates": "12/3/2024 ",
    # Marks, invisible characters and directions.
    "zalgo": "e" + "\u0301" * 50,
    "a mark each": "e\u0301",
    "marks alone": "\u0301",
    "zero width": "a\u200b",
    "soft hyphens": "a\u00ad",
    "right-to-left marks": "a\u202e",
    "directions alone": "\u202e",
    "control characters": "a\x01",
    "non-breaking blanks": "a\u00a0",
    "variation selectors": "❤\ufe0f",
    "tabs": "a" + "\t" * 400,
    "blanks": "a" + " " * 400,
    # Emoji and characters beyond the first plane, at the surrogates' edges and at the end.
    "emoji": "🙏",
    "emoji words": "wow 🙏 ",
    "skin tones": "👍🏽",
    "families": "👨\u200d👩\u200d👧",
    "flags": "🇮🇳",
    "keycaps": "1\ufe0f\u20e3",
    "beyond the surrogates": "\ud7ff\ue000\U00010000",
    "last code point": "\U0010ffff",
    "unassigned": "\u0378\uffff",
    # Other scripts.
    "devanagari": "न",
    "devanagari words": "नमस्ते दुनिया ",
    "tamil": "வணக்கம் ",
    "chinese": "中",
    "chinese sentences": "你是白痴。",
    "japanese": "ばか",
    "hangul parts": "\u1100\u1161",
    "arabic": "سلام ",
    "arabic in one": "س",
    "hebrew": "שלום ",
    "thai": "สวัสดี",
    "cyrillic": "дурак ",
    "greek": "βλάκας ",
    "script changes": "aдन中س",
    "ligature": "\ufdfa",
    "ligatures": "ﬁ",
    "dotted i": "İ",
    "sharp s": "ß",
    # HTML and similar text.
    "tags": "<b>a</b>",
    "opening signs": "<",
    "open tags": "<a ",
    "open comments": "<!--",
    "closing tags": "</p>",
    "attributes": '<a href="x">',
    "entities": "&amp;",
    "double entities": "&amp;amp;",
    "broken entities": "&#",
    "numeric entities": "&#65;",
    "long entities": "&CounterClockwiseContourIntegral;",
    "zero entities": "&#0;",
    # Repeats and templates.
    "laughter": "ha",
    "quoted lines": "> a\n",
    "marks of all kinds": "!?",
    "commas": ",a",
    "bad words": "fuck you idiot ",
    "attack": "You are an idiot. ",
    "threat": "I will kill you, Ravi. ",
}
_SEED = 20  # for the random shapes


def shapes(size: int = MAX_BYTES) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each shape. A text has at most `size` bytes in UTF-8.

    >>> dict(shapes(size=6))["words"]
    'word w'
    """
    for name, unit in _UNITS.items():
        yield name, _cut(unit * (size // len(unit.encode()) + 1), size)
    for sign in string.punctuation:
        yield f"only {sign}", sign * size
    for sign in string.punctuation:
        yield f"a word and {sign}", _cut(f"word{sign}" * size, size)
    yield "a word, then marks", _cut("e" + "\u0301" * size, size)
    yield "blanks, then a word", " " * (size - 1) + "a"
    yield "every character", _cut("".join(map(chr, range(0x21, 0xD800))), size)
    yield "astral characters", _cut("".join(map(chr, range(0x1F000, 0x1F000 + size))), size)
    generator = random.Random(_SEED)  # noqa: S311 - not a secret
    yield "random words", _words(generator, string.ascii_lowercase, size)
    yield "random disguises", _words(generator, "aeiou015@$*.", size)
    yield "random signs", _cut("".join(generator.choices(string.printable, k=size)), size)
    yield "random letters", _cut("".join(generator.choices(string.ascii_letters, k=size)), size)


def _words(generator: random.Random, letters: str, size: int) -> str:
    words = (
        "".join(generator.choices(letters, k=generator.randint(2, 9))) for _ in range(size // 3)
    )
    return _cut(" ".join(words), size)


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")
