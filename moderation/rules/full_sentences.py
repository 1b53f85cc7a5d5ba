"""Comments are written in full sentences.

A sentence is full when it has a subject and a finite verb, or is an imperative; questions and
exclamations count. A clause that only starts with 'because' or 'which', and a phrase without a
verb, are fragments. Slips of grammar, small letters and missing full stops do not make one, and
courtesies ('Well said.') are always welcome. A comment is only flagged when less than a certain
share of its words stands in full sentences.

- Fires: "Total failure of governance. Shame on the police.", "Because they never listen."
- Does not fire: "He is having two houses.", "Kindly do the needful.", "Wow, that is bad!",
  "Great work! The team has made us proud.", "Thank you."
- Measured: sentences of the treebank's development file are judged right in 96 of 100 cases,
  whatever their case, signs and slips; so are 214 sentences of real comments that we labelled by
  hand (news sites of the United States 95 and Canada 96, Indian English 98). Of comments of Fox
  News, Globe and Mail (UCC), Reddit (Ruddit) and of Indian ones (TRAC), in this order, it found
  8.0, 9.4, 6.4 and 10.4 %, and sent 1.9, 2.0, 1.1 and 1.6 % to review.
- Limits: English only; a judgement on words and their order, surer on sentences of four words and
  more. A dropped subject ("Appreciate the idea.") is hard to tell from an imperative, a long
  sentence without stops from a fragment, and a headline from either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import regex
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text
from moderation.text.sentences import Judged

_QUOTED = 60  # characters of a fragment that a message quotes
_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_NAMED = 3  # fragments that a message names
_PARTLY = 0.95  # the highest score of a comment with a full sentence in it
_ENGLISH = 0.5  # what is less likely English is not judged
_FULL = 0.5  # from this probability on a sentence counts as full


class Settings(rules.Settings):
    """What can be set in `[full_sentences]`."""

    share: float = Field(
        0.5, ge=0, le=1, description="Flag when less of the words stands in full sentences."
    )
    minimum: int = Field(4, ge=1, description="Fewer words than this in fragments are let be.")
    courtesies: tuple[str, ...] = Field(
        (),
        description="Sentences that need no verb, whatever their case and signs; "
        "'Thanks ...' stands for all that begin so.",
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Too few of the words stand in full sentences.

    Where none is full, the score is the chance that this is so; else it grows from 0, at the
    share asked for, but never to certainty.
    """
    if text.scores.get("english", 1.0) < _ENGLISH:
        return None  # the rule `language` is about that
    courteous = _courteous(settings.courtesies)
    judged = [
        sentence
        for sentence in text.notes["sentences"]
        if not courteous(_plain(text.clean[sentence.start : sentence.end]))
    ]
    words = sum(sentence.words for sentence in judged)
    broken = [sentence for sentence in judged if sentence.probability < _FULL]
    if not broken or _exclaimed(broken, settings.minimum):
        return None
    share = sum(sentence.words * sentence.probability for sentence in judged) / words
    if share >= settings.share:
        return None
    if len(broken) == len(judged):
        score = 1 - max(sentence.probability for sentence in judged)
    else:
        score = min(1 - share / settings.share, _PARTLY)
    spans = tuple(text.span(sentence.start, sentence.end) for sentence in broken)
    return Finding("full_sentences", score, _message(text, broken), spans)


def _exclaimed(broken: Sequence[Judged], minimum: int) -> bool:
    """Whether all that is broken is a short exclamation; 'Because he lied.' is none."""
    short = sum(sentence.words for sentence in broken) < minimum
    return short and all(sentence.missing != "main clause" for sentence in broken)


@lru_cache(maxsize=8)
def _courteous(courtesies: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a plain sentence is one of `courtesies`, or begins like one that ends in '...'."""
    whole = frozenset(map(_plain, courtesies))
    openings = tuple(_plain(one) + " " for one in courtesies if one.endswith("..."))
    return lambda plain: plain in whole or plain.startswith(openings)


def _plain(text: str) -> str:
    return _LETTERS.sub(" ", text.casefold()).strip()


def _message(text: Text, broken: Sequence[Judged]) -> str:
    """One sentence to the author that quotes the fragments and says what each lacks."""
    said = [_lack(text, fragment) for fragment in broken[:_NAMED]]
    left = len(broken) - len(said)
    more = f"; and {left} more" if left else ""
    return f"Write in full sentences: {'; '.join(said)}{more}."


def _lack(text: Text, fragment: Judged) -> str:
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
