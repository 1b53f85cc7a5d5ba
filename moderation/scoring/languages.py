"""Name the language of a comment that is not in English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

_LANGDETECT_CODES = "ar fa ur hi mr ne ru uk bg mk zh-cn zh-tw".split()  # langdetect's profiles
_MAX_CHARACTERS = 1000  # characters for langdetect, which is slow
_MAX_NGRAMS = 800  # sampled from the whole comment; more do not improve accuracy
_PRIORS = dict.fromkeys("bn gu kn ml mr pa ta te ur".split(), 2.0) | {"hi": 4.0}  # log-odds
LATIN = 0.7  # below this share of Latin letters only the script decides

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
    as:Assamese nn:Norwegian sn:Shona st:Sotho tn:Tswana ts:Tsonga
    """.split()
)
"""Names in English by ISO 639-1 code."""

# Scripts that are used for one language almost exclusively.
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


def language_name(code: str) -> str | None:
    """Return the English name of a language code, or None if there is none.

    >>> language_name("hi-Latn"), language_name("und")
    ('Hindi written in Latin letters', None)
    """
    language, _, script = code.partition("-")
    name = NAMES.get(language)
    return f"{name} written in Latin letters" if name and script == "Latn" else name


_LATIN = regex.compile(r"\p{Latin}+")
_SCRIPT = regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}}+)" for name in SCRIPTS))


def latin_share(words: Sequence[str]) -> float:
    """Return the share of Latin letters among all letters of some words.

    >>> latin_share(["नमक", "mag"])
    0.5
    """
    joined = "".join(words)
    if joined.isascii():
        return 1.0
    return sum(len(match) for match in _LATIN.findall(joined)) / len(joined)


def prior_log_odds(languages: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return, for each language, how much its frequency in comments adds to its log-odds.

    The model was trained on equal amounts of text. But readers of Indian newspapers type Indian
    languages in Latin letters, and Hindi much more often than the similar Urdu, Punjabi or Nepali.

    >>> prior_log_odds(["hi-Latn", "hi", "ta-Latn", "ne-Latn", "fr"]).tolist()
    [4.0, 0.0, 2.0, 0.0, 0.0]
    """
    typed = {f"{code}-Latn": odds for code, odds in _PRIORS.items()}
    return np.array([typed.get(code, 0.0) for code in languages], np.float32)


@dataclass(frozen=True)
class Naming:
    """Names a text's language by its script, by the library langdetect, or by a linear model.

    The linear model reads hashed n-grams. Its `weights` (2**bits x languages) are multiplied by
    `scales` (one per language).
    """

    bits: int
    languages: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    scales: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]

    def by_script(self, clean: str, letters: int) -> str:
        """Return the code of the language whose script has more than a third of all letters.

        If there is none, ask the library langdetect.
        """
        counts = dict.fromkeys(SCRIPTS.values(), 0)
        for match in _SCRIPT.finditer(clean):
            counts[SCRIPTS[match.lastgroup or ""]] += len(match[0])
        code, count = max(counts.items(), key=lambda item: item[1])
        return code if count > letters / 3 else detect(clean)

    def by_ngrams(self, buckets: npt.NDArray[np.int64], bits: int) -> str:
        """Return the code of the language of a text in Latin letters.

        `buckets` has the hash bucket of each of its n-grams, out of 2**`bits`.
        """
        sample = buckets[:: 1 + len(buckets) // _MAX_NGRAMS] >> (bits - self.bits)
        sums = np.ones(len(sample), np.float32) @ self.weights.take(sample, axis=0)
        logits = sums / len(sample) * self.scales + self.intercepts
        return self.languages[int(logits.argmax())]


def detect(clean: str) -> str:
    """Return the library langdetect's code for a text, or 'und' if it recognises no language.

    A text always gets the same code.
    """
    from langdetect import LangDetectException

    detector = _langdetect().create()
    detector.n_trial = 1  # the default of 7 takes four times as long and is no more accurate
    detector.append(clean[:_MAX_CHARACTERS])
    try:
        candidates = detector.get_probabilities()
    except LangDetectException:  # it knows none of the letters
        return "und"
    return str(candidates[0].lang).partition("-")[0] if candidates else "und"


@cache
def _langdetect() -> Any:
    """Load the library langdetect, only with languages whose script other languages use too.

    Loading its profiles of all languages would take five times as long.
    """
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_json_profile(
        [(Path(PROFILES_DIRECTORY) / code).read_text("utf-8") for code in _LANGDETECT_CODES]
    )
    factory.set_seed(0)  # without a seed the result changes from call to call
    return factory
