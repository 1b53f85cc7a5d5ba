"""Perspective's attributes, calculated from our scores and rules, and a list of those not offered.

Most attributes are a model's score. `INCOHERENT` and `UNSUBSTANTIAL` come from the length of the
comment and the score for full sentences. `LIKELY_TO_REJECT` and `HOUSE_RULES` come from the
policy's decision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from moderation.policy import Policy

SUBSTANTIAL = 20  # words in full sentences from which a comment is substantial
LET_BE = 0.5  # the highest INCOHERENT if the rule full_sentences has no objection
# The scores of each action. Clients compare with `>`, as Coral does, or with `>=`. So no score is
# equal to a threshold that clients use: 0.5 and 0.8 for LIKELY_TO_REJECT, 0.8 for HOUSE_RULES.
_BANDS = {
    "LIKELY_TO_REJECT": {"approve": (0, 0.499), "review": (0.501, 0.799), "reject": (0.801, 1)},
    "HOUSE_RULES": {"approve": (0, 0.799), "review": (0.801, 0.899), "reject": (0.901, 1)},
}
_VERSIONED = re.compile(r"([A-Z_]+)(?:@\d+)?", re.ASCII)


class MissingScoreError(LookupError):
    """No model gave a score that an attribute needs."""


@dataclass(frozen=True)
class Scored:
    """What an attribute is calculated from: a decision, the text's number of words, the policy.

    The decision is in the format of our API.
    """

    decision: Mapping[str, Any]
    words: int
    policy: Policy

    def score(self, *heads: str) -> float:
        """Return the highest of the scores with these names.

        Raises `MissingScoreError` if the decision lacks one of them.
        """
        scores = self.decision["scores"]
        missing = [head for head in heads if head not in scores]
        if missing:
            raise MissingScoreError(missing[0])
        return float(max(scores[head] for head in heads))

    def reasons(self) -> Iterator[Mapping[str, Any]]:
        """Yield the decision's reasons, and then its observed findings, which did not change it."""
        yield from self.decision["reasons"]
        yield from self.decision["observed"]


class Attribute(NamedTuple):
    """How one of Perspective's attributes is calculated. `description` is for the docs.

    If `capped`, no sentence gets a higher score than the whole comment. A sentence that is abusive
    when read alone may be harmless in its comment, and the comment's score takes that into account.
    """

    description: str
    score: Callable[[Scored], float]
    english: bool = True  # whether it is defined for English only
    capped: bool = True


def _heads(*heads: str) -> Attribute:
    """Return an attribute whose score is the highest of the models' scores with these names."""
    names = [f"`{head}`" for head in heads]
    description = names[0] if len(names) == 1 else f"the higher of {' and '.join(names)}"
    return Attribute(description, lambda scored: scored.score(*heads))


def _incoherent(scored: Scored) -> float:
    fragments = 1 - scored.score("full_sentences")
    scores = [reason["score"] for reason in scored.reasons() if reason["rule"] == "full_sentences"]
    return round(max(fragments, *scores) if scores else min(fragments, LET_BE), 4)


def _unsubstantial(scored: Scored) -> float:
    full = scored.words * scored.score("full_sentences")
    return round(max(0.0, 1 - full / SUBSTANTIAL), 4)


def _verdict(name: str) -> Callable[[Scored], float]:
    def score(scored: Scored) -> float:
        positions = (
            _position(_BANDS[name], reason, scored.policy)
            for reason in scored.reasons()
            if _acts(reason, scored.policy)
        )
        return round(max(positions, default=0.0), 4)

    return score


def _acts(reason: Mapping[str, Any], policy: Policy) -> bool:
    """Return whether a reason can change the decision.

    A reason cannot if its rule is in shadow, which means that the policy only observes the rule.
    """
    rule = policy.rules.get(reason["rule"])
    return reason["action"] != "approve" or bool(rule and not rule.thresholds.shadow)


def _position(
    bands: Mapping[str, tuple[float, float]], reason: Mapping[str, Any], policy: Policy
) -> float:
    """Return an attribute's score for a reason.

    `bands` has a range of scores for each action. Within the range of the reason's action, the
    result is higher if the reason's score is nearer to the next threshold.
    """
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
        capped=False,
    ),
    "UNSUBSTANTIAL": Attribute(
        "1 without a word in a full sentence, and in a straight line to 0 at "
        f"{SUBSTANTIAL} such words",
        _unsubstantial,
        capped=False,
    ),
    "LIKELY_TO_REJECT": Attribute(
        "the policy's own verdict: under 0.5 approve, over 0.5 review, over 0.8 reject",
        _verdict("LIKELY_TO_REJECT"),
        english=False,
    ),
    "HOUSE_RULES": Attribute(
        "our own: over 0.8 if a rule acts (over 0.9 if it rejects), under 0.8 if none does",
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
"""Perspective's other attributes, which none of our models scores."""


def attribute(name: str) -> Attribute | None:
    """Return the attribute with this name, which may end in a version such as `@6`.

    Returns None if there is no such attribute.

    >>> attribute("TOXICITY@6").description
    '`toxicity`'
    >>> attribute("AFFINITY_EXPERIMENTAL") is None
    True
    """
    match = _VERSIONED.fullmatch(name)
    return OFFERED.get(match[1]) if match else None
