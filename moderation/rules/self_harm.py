"""A reader in despair hears from a person, and where to find help at once.

The rule finds an author who writes of wanting to die, of planning it, or of harming himself or
herself. The comment goes to a person, first in the queue. Where the rule acts, no other rule
rejects the comment, except for a threat against somebody else. The message blames nobody. It names
a helpline: that of `country`, or the first of `helplines`.

The score is 0.9 for a plan, a means or a farewell, 0.7 for a wish to die or for self-harm, and 0.5
for a life that has lost its worth. A condition ("If …, I will …") lowers a plan to 0.5. Figures of
speech, titles, the past and the debate about assisted dying get 0.3, which is only observed.

No model scores this. Patterns over the words find the first person, in plain English, text speak
and Indian and British English, with disguised spellings undone. Words in quotation marks are not
the author's own. Who urges others to die is a matter for `abuse` and `word_list`.

- Fires: "I want to end it all.", "I have taken all my tablets.", "im gonna kms", "i w4nt to d1e",
  "I am fed up of my life.", "Nobody would miss me if I was gone.", "I will consume poison."
- Does not fire: "I nearly died laughing.", "This traffic makes me want to die.", "Farmers commit
  suicide.", "My brother took his life.", "I do not want to die.", "I would rather die than vote for
  them.", "I used to want to die, but therapy helped.", "He wrote “I want to die” and was saved."
- Measured: blind recall on our own sentences depends on how common their words are. The first
  version acted on 167 of 180 sentences in three styles that were written before it; later versions
  on 112 of 222 less usual ones that were written after them (40 of 89, 35 of 60, 37 of 73), and on
  13 of 273 that must not fire. The rule was extended on all of these by kind, so expect to miss
  every other unusual wording. Of 254,000 public comments it acts on 64; in about 54 of them the
  author speaks of his or her own death or self-harm, in earnest or not. It acts on none of 33,600
  comments of Fox News, Globe and Mail (UCC), Civil Comments and Indian readers (TRAC).
- Limits: the rule knows English, not Hindi or Tamil. It misses allusions ("The river looks kind
  tonight.") and despair in another's words. It cannot tell a hyperbole without a sign of it ("Bread
  machine broke, I want to die.") from despair. Both go to a person.

What the rule finds is about an author's health. Webhooks and statements for the DSA leave it out,
keys without the scope `verdict` do not see it in the record, and
`MODERATION_SELF_HARM_RETENTION_DAYS` says when such comments are erased.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from moderation import rules
from moderation.decision import Action, Finding
from moderation.text import despair
from moderation.text.reading import Text

MOST = Action.REVIEW
URGENT = True
SENSITIVE = True

INTENT = despair.PLAN
"""From this score on, the author speaks of a plan, a means or a farewell."""

_MESSAGE = (
    "If life feels too heavy just now, please talk to someone at once, at any hour: {}. "
    "A person will read your comment."
)


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[self_harm]`."""

    country: str = Field(
        "", description="The country whose helpline to name, such as IN. Empty: the first one's."
    )
    helplines: dict[str, str] = Field(
        {"IN": "Tele-MANAS, 14416"},
        min_length=1,
        description="The helpline of each country, in words for readers.",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.country and self.country not in self.helplines:
            known = ", ".join(self.helplines)
            raise ValueError(f"country: {self.country} has no entry in helplines, only {known}")
        return self

    @property
    def helpline(self) -> str:
        """The helpline that the message names."""
        return self.helplines[self.country or next(iter(self.helplines))]


def check(text: Text, settings: Settings) -> Finding | None:
    """Find the signs of despair, and mark the words of those signs that determine the score."""
    signs = despair.signs(text)
    if not signs:
        return None
    places = [sign for sign in signs if sign.score == signs[0].score]
    spans = tuple(text.span(sign.start, sign.end) for sign in places)
    return Finding("self_harm", despair.score(signs), _MESSAGE.format(settings.helpline), spans)
