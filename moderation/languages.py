"""The languages that a comment may turn out to be in: their codes and what they are called."""

from __future__ import annotations

NAMES = dict(
    pair.split(":")
    for pair in """
    af:Afrikaans am:Amharic ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali
    bs:Bosnian ca:Catalan cs:Czech cy:Welsh da:Danish de:German el:Greek eo:Esperanto es:Spanish
    et:Estonian eu:Basque fa:Persian fi:Finnish fr:French ga:Irish gu:Gujarati he:Hebrew
    hi:Hindi hr:Croatian hu:Hungarian hy:Armenian id:Indonesian is:Icelandic it:Italian
    ja:Japanese ka:Georgian kk:Kazakh km:Khmer kn:Kannada ko:Korean la:Latin lg:Ganda lo:Lao
    lt:Lithuanian lv:Latvian mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay
    my:Burmese nb:Norwegian ne:Nepali nl:Dutch no:Norwegian or:Odia pa:Punjabi pl:Polish
    pt:Portuguese ro:Romanian ru:Russian si:Sinhala sk:Slovak sl:Slovene so:Somali sq:Albanian
    sr:Serbian sv:Swedish sw:Swahili ta:Tamil te:Telugu th:Thai tl:Tagalog tr:Turkish
    uk:Ukrainian ur:Urdu vi:Vietnamese xh:Xhosa yo:Yoruba zh:Chinese zu:Zulu mi:Maori
    nn:Norwegian sn:Shona st:Sotho tn:Tswana ts:Tsonga
    """.split()
)
"""Names in English by ISO 639-1 code."""

# Scripts that one language of today is written in, nearly alone: no guessing is needed.
SCRIPTS = {
    "Bengali": "bn",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Oriya": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Thai": "th",
    "Lao": "lo",
    "Myanmar": "my",
    "Khmer": "km",
    "Ethiopic": "am",
    "Georgian": "ka",
    "Armenian": "hy",
    "Greek": "el",
    "Hebrew": "he",
    "Hangul": "ko",
    "Hiragana": "ja",
    "Katakana": "ja",
}
"""The code of the language by the Unicode name of its script."""


def called(code: str) -> str | None:
    """What a language code is called in a sentence; None where nobody can tell.

    >>> called("hi-Latn"), called("und")
    ('Hindi written in Latin letters', None)
    """
    language, _, script = code.partition("-")
    name = NAMES.get(language)
    return f"{name} written in Latin letters" if name and script == "Latn" else name
