"""A comment is written in English.

The language model gives the probability that it is; the finding's score is what is missing to
one. Names, titles, dishes and slogans of any language do not make a comment foreign, nor does a
quoted phrase; one English word among ten foreign ones does not make it English. The foreign
words are marked, and the language is named where it can be told, also when it is written in
Latin letters.

- Fires: "ye sarkar kisi kaam ki nahi hai", "Das ist doch alles gelogen.", "यह सच नहीं है भाई".
- Does not fire: "Modi ji, please meet the kisan leaders.", "He said \"sab chalta hai\" and left.",
  "Jai Hind" (too short to tell), "🙏🙏" and bare links (no language: other rules are about them).
- Measured on texts held back from training (the model's card has all figures with intervals): of
  English with four words or more 0.04 % is rejected and 1.3 % sent to a person, most of it full of
  names; of ten Indian languages in Latin letters 95 to 98 % is caught, where the rest is more than
  half English; of 1,520 and 4,394 real news comments none and two, in French, were rejected,
  none and three sent to a person. Of 299 comments that we wrote as people type them
  (`data/typed_comments.csv`, part `test`) 82 of 84 English ones were kept and all 215 others
  caught, in capitals and with typos too. English with eight names that no training saw is kept in
  93 %, in small letters in 85 %, and rejected in 0.2 and 0.8 %.
- Limits: under `fewest_words` words nobody can tell. Comments that are half English may pass or go
  to a person, and so does English around a long foreign title without quotation marks. Unusual
  names in small letters in a very short comment ("u cant compare kohli wid babar") may go to a
  person. The naming takes Hindi, Urdu and Punjabi in Latin letters for one another, Hindi first,
  and Malayalam for Tamil; languages it does not know get the name of a neighbour.
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.scoring.languages import called
from moderation.text.reading import Text

_LEAST = 0.3  # below this there is nothing to report, not even to observe


class Settings(rules.Settings):
    """What can be set in `[language]`."""

    fewest_words: int = Field(4, ge=1, description="Shorter comments are not judged by language.")
    allowed: tuple[str, ...] = Field(
        (), description='Languages that may be used beside English, as codes: "hi", "hi-Latn".'
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Not in English."""
    if len(text.words) < settings.fewest_words:
        return None
    score = 1 - text.scores["english"]
    code = text.notes.get("language", "und")
    if score < _LEAST or code in settings.allowed:
        return None
    name = called(code)
    message = "Write in English, please."
    if name:
        message += f" This looks like {name}."
    spans = tuple(text.span(start, end) for start, end in text.notes.get("foreign", ()))
    return Finding("language", score, message, spans or (text.span(0, len(text.clean)),))
