"""Abusive language: insults, swearing, contempt, obscenity.

The score is the highest of the scores for toxicity, severe toxicity, insult, profanity and
sexual explicitness: "0.8" means that about 8 in 10 readers would call the comment so. The finding
marks the words that weighed most. If a comment is aimed at no person ("This budget is stupid."),
its score is at most `most_unaimed`, so that a person decides.

One abusive sentence among civil ones counts nearly as much as alone. A comment that is too long for
the careful scorer to read in full (2,000 tokens, about 1,500 words) goes to a person.

Rude phrases without a rude word ("You have no brain.", "Nobody asked you.") score 0.75 at least, in
a comment of more than eight words only if the models score it 0.5 or more. They are patterns, in
`moderation/text/hostile.toml`.

- Fires: "You are an idiot.", "What a load of crap.", "an 1d10t and a f*cking liar", "Shut up."
- Does not fire: "I am a gay man.", "I disagree, the policy is wrong.", "Calling people vermin
  is wrong."
- Titles, set phrases ("the idiot box"), species and denials ("Nobody here is an idiot.") do not
  count: the models read the comment once more without them (`moderation/text/harmless.py`).
- Quotations: what the author only quotes, in quotation marks or a blockquote, goes to a person at
  most.
- Limits: the fast scorer misses contempt in polite words, irony and allusion. It cannot tell a
  short comment about a stupid thing from one about a stupid person.
- Measured: of 280 comments with one bad sentence of 14 kinds among 1 to 28 civil ones, 96 % are
  held (before sentences counted: 34 %); of harmless comments of 100 words and more, 2.6 % (1.1 %).
  Of our own third round of sentences (see `incendiary`), 40 of 69 rude ones were held at once, and
  169 of 182 titles, species and set phrases passed.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from moderation import rules
from moderation.decision import Action, Finding
from moderation.scoring import explain
from moderation.scoring.scorer import UNREAD
from moderation.text import hostile
from moderation.text.reading import Text

HEADS = ("toxicity", "severe_toxicity", "insult", "profanity", "sexually_explicit")
_MESSAGES = {
    "insult": "Leave out the insults and say what you disagree with.",
    "profanity": "Leave out the swear words; your point will be heard better without them.",
    "sexually_explicit": "Leave out the sexual remarks; many people read along.",
}
_MESSAGE = "Say it without contempt, so that others can answer you."
_UNREAD = "The comment is too long to be checked in full, so a person will read it."
_SHORT = 8  # words of a comment in which a rude phrase counts by itself
_AGREED = 0.5  # the models' score from which it counts in a longer one, too
_CLEAR = 0.5  # from this score on, the message names the kind of abuse

SPARES_QUOTATIONS = True


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[abuse]`."""

    aliases: ClassVar = {"report_from": "notice", "unaimed_cap": "most_unaimed"}

    notice: float = Field(
        0.3, ge=0, le=1, description="Scores below are not reported. Alias: `report_from`."
    )
    most_unaimed: float = Field(
        0.9,
        ge=0,
        le=1,
        description="The highest score of a comment without a target. Alias: `unaimed_cap`.",
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find the kind of abuse with the highest score, and the words that contributed most to it."""
    scores = {head: text.scores[head] for head in HEADS}
    highest = max(scores, key=lambda head: scores[head])
    rude = _rudeness(text, scores[highest])
    least = Action.REVIEW if text.notes.get(UNREAD) else Action.APPROVE
    score = max(scores[highest], rude.score)
    if score < settings.notice:
        return Finding("abuse", score, _UNREAD, least=least) if least else None
    kind = max(_MESSAGES, key=lambda head: scores[head])
    message = _MESSAGES[kind] if scores[kind] >= _CLEAR else _MESSAGE
    if not explain.means_person(text):
        score = min(score, settings.most_unaimed)
    message = f"{message} {_UNREAD}" if least else message
    if rude.score > scores[highest]:
        spans = tuple(text.span(*place) for place in rude.places)
    else:
        spans = explain.spans(text, highest)
    return Finding("abuse", score, message, spans, least=least)


def _rudeness(text: Text, score: float) -> hostile.Hostility:
    """Return the comment's rude phrases. In a longer comment they need a `score` from the models.

    There, such phrases are more often part of an argument.
    """
    if len(text.words) > _SHORT and score < _AGREED:
        return hostile.NONE
    return hostile.find(text, "rudeness")
