"""A comment is written in English.

The language model estimates the probability that the comment is English, and the score is one
minus that. Names, titles, dishes and slogans of any language do not make a comment foreign, nor
does a quoted phrase. One English word among ten foreign ones does not make it English. The finding
marks the foreign words and names the language where the model knows it, also in Latin letters.

- Fires: "ye sarkar kisi kaam ki nahi hai", "Das ist doch alles gelogen.", "यह सच नहीं है भाई",
  "Sarkar ne kuch nahi kiya. But I will vote again, for there is no choice." (one clause)
- Does not fire: "Modi ji, please meet the kisan leaders at Jantar Mantar.", "He said “sab chalta
  hai” and left.", "Jai Hind" (too short to tell), "🙏🙏" and bare links (not a language; other
  rules deal with them), "Mamata Banerjee deserves better.", "Ha ha ha ha, good one, bro",
  "BHARAT MATA KI JAI", "Tum hi ho is a lovely song.", "The babu wants chai for every sarkari job."
- Observed only: comments in Latin letters with fewer than five words that are no names, unless
  frequent words of another language prove it; slogans, schemes, and what a comment calls a song
  or a film. What has fewer than five words that are no names is hardly ever rejected.
- Measured on texts held back from training, of four words or more: of English comments, 0.03 % are
  rejected and 0.2 % go to a person. Of ten Indian languages in Latin letters 99 % are found, of
  Hindi requests full of English nouns 97 %; what passes has few words without names, or is more
  than half English. Of 4,221 newspaper comments (UCC) two went to a person, of 1,418 of Fox News
  none. Of 55 foreign clauses that it found in 23,600 English comments, 54 are foreign. Of
  299 comments that we wrote as people type them (`data/typed_comments.csv`, part `test`), all 84
  English ones passed and 207 of 211 others were found, in capitals and with typos too. Of English
  comments with eight names that are not in the training data, 99 % pass (86 % in small letters),
  and none (0.8 %) is rejected.
- Limits: comments with fewer than `fewest_words` words are too short to tell. Comments that are
  half English may pass or go to a person, and so may English around a long foreign title without
  quotation marks. A foreign clause counts if a comma, a full stop or a line end separates it.
  Comments of five words and more with unusual names in small letters may go to a person. The model
  confuses Hindi, Urdu and Punjabi in Latin letters, mostly in favour of Hindi, and takes Malayalam
  for Tamil. It calls a language that it does not know by the name of a related one.
"""

from __future__ import annotations

from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.scoring.languages import language_name
from moderation.text.reading import Text

_LEAST = 0.285  # lower scores are not reported, not even as observed


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[language]`."""

    fewest_words: int = Field(4, ge=1, description="The rule skips comments with fewer words.")
    allowed: tuple[str, ...] = Field(
        (), description='Codes of languages to allow besides English: "hi", "hi-Latn".'
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find comments that are not in English, and mark the foreign words."""
    if len(text.words) < settings.fewest_words:
        return None
    score = 1 - text.scores["english"]
    code = text.notes.get("language", "und")
    if score < _LEAST or code in settings.allowed:
        return None
    name = language_name(code)
    message = "Write in English, please."
    if name:
        message += f" This looks like {name}."
    spans = tuple(text.span(start, end) for start, end in text.notes.get("foreign", ()))
    return Finding("language", score, message, spans or (text.span(0, len(text.clean)),))
