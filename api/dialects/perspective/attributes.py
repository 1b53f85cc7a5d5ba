"""Perspective's attributes out of our scores and rules, and those that we cannot give.

Most are a model's own score. `INCOHERENT` and `UNSUBSTANTIAL` come from the rules of sentences
and length, `LIKELY_TO_REJECT` and `HOUSE_RULES` from what the policy drew from all rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from moderation.policy import Policy

SUBSTANTIAL = 20  # words in full sentences; a comment of so many is taken to say something
LET_BE = 0.5  # the highest INCOHERENT of what the rule of sentences lets be ('Well said.')
REFUSED_FROM = 0.8
"""LIKELY_TO_REJECT of what the policy refuses; of what waits for a person it is from 0.5 on.

HOUSE_RULES reaches it with both: a client's usual threshold of 0.8 needs no change."""

_BANDS = {
    "LIKELY_TO_REJECT": {"approve": (0.0, 0.5), "review": (0.5, 0.8), "reject": (0.8, 1.0)},
    "HOUSE_RULES": {"approve": (0.0, 0.8), "review": (0.8, 0.9), "reject": (0.9, 1.0)},
}
_VERSIONED = re.compile(r"([A-Z_]+)(?:@\d+)?", re.ASCII)


class MissingScoreError(LookupError):
    """No model gave a score that an attribute needs."""


@dataclass(frozen=True)
class Judged:
    """A decision as the record tells it, and how many words it was about."""

    decision: Mapping[str, Any]
    words: int
    policy: Policy

    def score(self, *heads: str) -> float:
        """The highest of some models' scores. Raises `MissingScoreError`."""
        scores = self.decision["scores"]
        missing = [head for head in heads if head not in scores]
        if missing:
            raise MissingScoreError(missing[0])
        return float(max(scores[head] for head in heads))

    def reasons(self) -> Iterator[Mapping[str, Any]]:
        """What acted, and what was only observed."""
        yield from self.decision["reasons"]
        yield from self.decision["observed"]


class Attribute(NamedTuple):
    """What an attribute is made of, in words for the docs, and how."""

    told: str
    score: Callable[[Judged], float]
    english: bool = True  # whether it means anything of other languages


def _heads(*heads: str) -> Attribute:
    """An attribute that is the highest of some models' scores."""
    names = [f"`{head}`" for head in heads]
    told = names[0] if len(names) == 1 else f"the higher of {' and '.join(names)}"
    return Attribute(told, lambda judged: judged.score(*heads))


def _incoherent(judged: Judged) -> float:
    outside = 1 - judged.score("full_sentences")
    found = [it["score"] for it in judged.reasons() if it["rule"] == "full_sentences"]
    return round(max(outside, *found) if found else min(outside, LET_BE), 4)


def _unsubstantial(judged: Judged) -> float:
    full = judged.words * judged.score("full_sentences")
    return round(max(0.0, 1 - full / SUBSTANTIAL), 4)


def _verdict(name: str) -> Callable[[Judged], float]:
    def score(judged: Judged) -> float:
        found = (
            _within(_BANDS[name], reason, judged.policy)
            for reason in judged.reasons()
            if _acts(reason, judged.policy)
        )
        return round(max(found, default=0.0), 4)

    return score


def _acts(reason: Mapping[str, Any], policy: Policy) -> bool:
    """Whether a reason can lead to anything: rules in shadow only watch."""
    rule = policy.rules.get(reason["rule"])
    return reason["action"] != "approve" or bool(rule and not rule.thresholds.shadow)


def _within(
    bands: Mapping[str, tuple[float, float]], reason: Mapping[str, Any], policy: Policy
) -> float:
    """Where in its action's band a reason stands: the nearer to the next threshold, the higher."""
    rule = policy.rules.get(reason["rule"])
    levels = (rule.thresholds.review, rule.thresholds.reject) if rule else ("never", "never")
    review, reject = (1.0 if level == "never" else float(level) for level in levels)
    low, high = {
        "approve": (0.0, min(review, reject)),
        "review": (review, reject),
        "reject": (reject, 1.0),
    }[reason["action"]]
    share = (reason["score"] - low) / (high - low) if high > low else 1.0
    bottom, top = bands[reason["action"]]
    if reason["action"] != "reject":
        top -= 0.0001  # the next band begins there
    return bottom + (top - bottom) * min(max(share, 0.0), 1.0)


_PRODUCTION = {
    name: _heads(head)
    for name, head in {
        "TOXICITY": "toxicity",
        "SEVERE_TOXICITY": "severe_toxicity",
        "IDENTITY_ATTACK": "identity_attack",
        "INSULT": "insult",
        "PROFANITY": "profanity",
        "THREAT": "threat",
    }.items()
}

OFFERED: dict[str, Attribute] = {
    **_PRODUCTION,
    **{f"{name}_EXPERIMENTAL": attribute for name, attribute in _PRODUCTION.items()},
    "TOXICITY_FAST": _heads("toxicity"),
    "SEXUALLY_EXPLICIT": _heads("sexually_explicit"),
    "OBSCENE": _heads("profanity", "sexually_explicit"),
    "INFLAMMATORY": _heads("identity_attack", "threat"),
    "ATTACK_ON_AUTHOR": _heads("personal_attack"),
    "ATTACK_ON_COMMENTER": _heads("personal_attack"),
    "SPAM": _heads("spam"),
    "INCOHERENT": Attribute(
        "the share of words outside full sentences, or the rule `full_sentences`' score where it "
        f"is higher; at most {LET_BE} where that rule lets the comment be",
        _incoherent,
    ),
    "UNSUBSTANTIAL": Attribute(
        "1 without a word in a full sentence, and in a straight line to 0 at "
        f"{SUBSTANTIAL} such words",
        _unsubstantial,
    ),
    "LIKELY_TO_REJECT": Attribute(
        "the policy's own verdict: under 0.5 approve, from 0.5 review, from 0.8 reject",
        _verdict("LIKELY_TO_REJECT"),
        english=False,
    ),
    "HOUSE_RULES": Attribute(
        "our own: from 0.8 where any rule acts (0.9: refuses), under it where none does",
        _verdict("HOUSE_RULES"),
        english=False,
    ),
}

NOT_OFFERED: tuple[str, ...] = (
    "FLIRTATION",
    "ATTACK_ON_PUBLISHER",
    "OFF_TOPIC",
    *(
        f"{name}_EXPERIMENTAL"
        for name in (
            "AFFINITY COMPASSION CONSTRUCTIVE CURIOSITY NUANCE PERSONAL_STORY REASONING RESPECT "
            "ALIENATION FEARMONGERING GENERALIZATION MORAL_OUTRAGE POWER_APPEAL SCAPEGOATING"
        ).split()
    ),
)
"""Perspective's other attributes: no model of ours knows anything of them."""


def attribute(name: str) -> Attribute | None:
    """What is offered under a name, with or without a version.

    >>> attribute("TOXICITY@6").told
    '`toxicity`'
    >>> attribute("AFFINITY_EXPERIMENTAL") is None
    True
    """
    match = _VERSIONED.fullmatch(name)
    return OFFERED.get(match[1]) if match else None
