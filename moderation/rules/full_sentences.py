"""Comments are written in full sentences.

A sentence is full if it has a subject and a finite verb, or is an imperative. Questions and
exclamations count as full. A clause that only starts with 'because' or 'which', and a phrase
without a verb, are fragments. Grammar mistakes, small letters and missing full stops do not make a
fragment, and courtesies ('Well said.') are always welcome. The rule finds a comment only if full
sentences hold less than a certain share of its words.

- Fires: "Total failure of governance. Shame on the police.", "Because they never listen."
- Does not fire: "He is having two houses.", "Kindly do the needful.", "Wow, that is bad!",
  "Great work! The team has made us proud.", "Thank you."
- Measured: the model is right about 96 of 100 sentences of the treebank's development file,
  whatever their case, punctuation and mistakes. It is as good on 214 sentences of real comments
  that we labelled by hand (news sites of the United States 95 and Canada 96, Indian English 98).
  Of comments of Fox News, Globe and Mail (UCC), Reddit (Ruddit) and of Indian ones (TRAC), in this
  order, the rule found 8.0, 9.4, 6.4 and 10.4 %, and sent 1.9, 2.0, 1.1 and 1.6 % to review.
- Limits: the rule knows English only. It judges words and their order, and is surer about sentences
  of four words and more. It can hardly tell a dropped subject ("Appreciate the idea.") from an
  imperative, a long sentence without full stops from a fragment, or a headline from either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text
from moderation.text.sentences import SentenceScore

_QUOTED = 60  # characters of a fragment that a message quotes
_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_NAMED = 3  # fragments that a message names
_PARTLY = 0.95  # the highest score of a comment that has a full sentence
_ENGLISH = 0.5  # the rule skips comments that are less likely to be English
_FULL = 0.5  # from this probability on, a sentence counts as full


class Settings(rules.Settings):
    """The settings in `[full_sentences]`."""

    share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Find comments with a smaller share of words in full sentences.",
    )
    minimum: int = Field(4, ge=1, description="Ignore fragments with fewer words in all.")
    courtesies: tuple[str, ...] = Field(
        (),
        description="Sentences that need no verb, whatever their case and punctuation; "
        "'Thanks ...' means all that begin with 'Thanks'.",
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find comments with too few words in full sentences.

    If no sentence is full, the score is the probability of that. Else it is 0 at the share of
    the settings, and grows to `_PARTLY` as the share falls.
    """
    if text.scores.get("english", 1.0) < _ENGLISH:
        return None  # left to the rule `language`
    is_courtesy = _courtesy_test(settings.courtesies)
    sentences = [
        sentence
        for sentence in text.notes["sentences"]
        if not is_courtesy(_plain(text.clean[sentence.start : sentence.end]))
    ]
    words = sum(sentence.words for sentence in sentences)
    fragments = [sentence for sentence in sentences if sentence.probability < _FULL]
    if not fragments or _is_exclamation(fragments, settings.minimum):
        return None
    share = sum(sentence.words * sentence.probability for sentence in sentences) / words
    if share >= settings.share:
        return None
    if len(fragments) == len(sentences):
        score = 1 - max(sentence.probability for sentence in sentences)
    else:
        score = min(1 - share / settings.share, _PARTLY)
    spans = tuple(text.span(sentence.start, sentence.end) for sentence in fragments)
    return Finding("full_sentences", score, _message(text, fragments), spans)


def _is_exclamation(fragments: Sequence[SentenceScore], minimum: int) -> bool:
    """Whether the fragments are only a short exclamation. 'Because he lied.' is not one."""
    short = sum(sentence.words for sentence in fragments) < minimum
    return short and all(sentence.missing != "main clause" for sentence in fragments)


@lru_cache(maxsize=8)
def _courtesy_test(courtesies: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a test of whether a plain sentence is a courtesy; '...' matches any ending."""
    exact = frozenset(map(_plain, courtesies))
    prefixes = tuple(_plain(entry) + " " for entry in courtesies if entry.endswith("..."))
    return lambda plain: plain in exact or plain.startswith(prefixes)


def _plain(text: str) -> str:
    return _LETTERS.sub(" ", text.casefold()).strip()


def _message(text: Text, fragments: Sequence[SentenceScore]) -> str:
    """Return one sentence to the author that quotes the fragments and says what each lacks."""
    parts = [_lack(text, fragment) for fragment in fragments[:_NAMED]]
    left = len(fragments) - len(parts)
    more = f"; and {left} more" if left else ""
    return f"Write in full sentences: {'; '.join(parts)}{more}."


def _lack(text: Text, fragment: SentenceScore) -> str:
    words = " ".join(text.clean[fragment.start : fragment.end].strip(" .!?,;:-\n").split())
    quoted = words if len(words) <= _QUOTED else words[:_QUOTED].rsplit(" ", 1)[0] + " …"
    match fragment.missing:
        case "verb":
            return f"“{quoted}” has no main verb"
        case "subject":
            return f"“{quoted}” does not say who or what"
        case "main clause":
            opening = words.split(" ", 1)[0].lower()
            return f"“{quoted}” starts with “{opening}” and does not say what follows"
