"""Decide recorded comments again by two policies with the same models, and tell what differs."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderation.comment import Comment, CommentError, validate
from moderation.decision import Action, Decision
from moderation.moderator import Moderator
from moderation.scoring.models import Models
from moderation.text.reading import Text

QUOTED = 70  # characters of a comment that are shown: enough to know it again

_Acted = dict[str, tuple[Action, float]]


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Which of the record's comments: decided in that time, and of these the latest so many."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A comment as it was decided about, what was decided by what, and a moderator's last word."""

    id: str
    comment: Comment
    action: str
    policy: str
    models: Mapping[str, str]
    at: dt.datetime
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A comment that the new policy decides otherwise, and the rules that did it.

    `turned` are those that act both ways, but with another action; `score` is the highest.
    """

    id: str
    comment: str | None
    before: Action
    after: Action
    score: float
    come: tuple[str, ...]
    gone: tuple[str, ...]
    turned: tuple[str, ...]
    verdict: str | None
    quote: str

    def to_dict(self) -> dict[str, Any]:
        """The change as it stands in JSON and, column by column, in CSV."""
        return {
            "id": self.id,
            "comment_id": self.comment,
            "from": str(self.before),
            "to": str(self.after),
            "score": self.score,
            "come": " ".join(self.come),
            "gone": " ".join(self.gone),
            "turned": " ".join(self.turned),
            "verdict": self.verdict,
            "quote": self.quote,
        }


@dataclass
class Rule:
    """How often a rule acts by the policy in use and by the new one; what comes, goes and turns."""

    now: int = 0
    then: int = 0
    come: int = 0
    gone: int = 0
    turned: int = 0


@dataclass
class Replayed:
    """What two policies make of the same comments. Only what changes is held, and only in short."""

    policies: tuple[str, str]
    models: Mapping[str, str]
    comments: int = 0
    unjudged: int = 0  # no longer fit to be judged: too long for one of the policies
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    other_policy: int = 0
    other_models: int = 0
    otherwise: dict[str, int] = field(default_factory=lambda: {"same": 0, "other": 0})
    actions: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    rules: dict[str, Rule] = field(default_factory=dict)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: list[ChangedDecision] = field(default_factory=list)

    def add(self, one: Recorded, before: Decision, after: Decision) -> None:
        """Count a comment."""
        self.comments += 1
        self.first, self.last = min(self.first or one.at, one.at), max(self.last or one.at, one.at)
        self._recorded(one, before)
        self.actions[before.action, after.action] += 1
        for side, decision in (("now", before), ("then", after)):
            if one.verdict in ("approve", "reject"):
                self.verdicts[side, _agreement(one.verdict, decision.action)] += 1
        was, is_ = _acted(before), _acted(after)
        self._rules(was, is_)
        if before.action != after.action:
            self.changed.append(_changed(one, before, after, was, is_))

    def _rules(self, was: _Acted, is_: _Acted) -> None:
        for name in was.keys() | is_.keys():
            rule = self.rules.setdefault(name, Rule())
            rule.now += name in was
            rule.then += name in is_
            rule.come += name not in was
            rule.gone += name not in is_
            rule.turned += _turned(name, was, is_)

    def _recorded(self, one: Recorded, before: Decision) -> None:
        policy, models = one.policy != before.policy, dict(one.models) != before.models
        self.other_policy += policy
        self.other_models += models
        if one.action != str(before.action):
            self.otherwise["other" if policy or models else "same"] += 1

    def summary(self) -> dict[str, Any]:
        """All counts, as they stand in JSON."""
        return {
            "policies": {"now": self.policies[0], "then": self.policies[1]},
            "models": dict(self.models),
            "comments": self.comments,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "unjudged": self.unjudged,
            "recorded": {
                "by_another_policy": self.other_policy,
                "by_other_models": self.other_models,
                "decided_otherwise_now": dict(self.otherwise),
            },
            "actions": {
                str(one): {str(other): self.actions[one, other] for other in Action}
                for one in Action
            },
            "rules": {name: vars(self.rules[name]) for name in sorted(self.rules)},
            "verdicts": {
                side: {how: self.verdicts[side, how] for how in AGREEMENTS}
                for side in ("now", "then")
            },
            "changed": len(self.changed),
        }


AGREEMENTS = ("agrees", "asks", "contrary")


def replay(recorded: Iterable[Recorded], now: Moderator, then: Moderator) -> Replayed:
    """What changes for these comments, those first that change most.

    The two moderators differ in their policy alone. Memory stays flat but for what changes.
    """
    found = Replayed((now.policy.hash, then.policy.hash), now.models.versions)
    limit = min(now.policy.publication.max_bytes, then.policy.publication.max_bytes)
    ones, *sides = itertools.tee(_judgeable(recorded, limit, found), 3)
    before, after = (
        moderator.moderate_many(one.comment for one in side)
        for moderator, side in zip(_reading_once(now, then), sides, strict=True)
    )
    for triple in zip(ones, before, after, strict=True):
        found.add(*triple)
    found.changed.sort(key=lambda it: (-abs(it.after - it.before), -it.score))
    return found


class _Once(Models):
    """Models that two moderators ask in turn about the same texts, and that read them once."""

    def __init__(self, models: Models) -> None:
        super().__init__(models.scorers, models.versions)
        self._before: Sequence[Text] = ()

    def score(self, texts: Sequence[Text]) -> None:
        """Read for the first who asks, and tell the second the same."""
        if not self._before:
            super().score(texts)
            self._before = texts
            return
        for text, same in zip(texts, self._before, strict=True):
            text.scores, text.explain, text.notes = same.scores, same.explain, dict(same.notes)
        self._before = ()


def _reading_once(now: Moderator, then: Moderator) -> tuple[Moderator, Moderator]:
    """Both, with each text read for both; where another reader is wanted, each reads for itself."""
    if now.models.versions != then.models.versions:
        return now, then
    now, then = copy.copy(now), copy.copy(then)
    now.models = then.models = _Once(now.models)
    return now, then


def _judgeable(recorded: Iterable[Recorded], limit: int, found: Replayed) -> Iterator[Recorded]:
    for one in recorded:
        try:
            validate(one.comment.text, limit)
        except CommentError:
            found.unjudged += 1
        else:
            yield one


def _acted(decision: Decision) -> _Acted:
    """Each rule that acted: what it did, and its score."""
    return {
        reason.rule: (reason.action, round(reason.finding.score, 4)) for reason in decision.reasons
    }


def _changed(
    one: Recorded, before: Decision, after: Decision, was: _Acted, is_: _Acted
) -> ChangedDecision:
    differing = was.items() ^ is_.items()
    return ChangedDecision(
        id=one.id,
        comment=one.comment.id,
        before=before.action,
        after=after.action,
        score=max(score for _, (_, score) in differing),
        come=tuple(sorted(is_.keys() - was.keys())),
        gone=tuple(sorted(was.keys() - is_.keys())),
        turned=tuple(sorted(name for name in was if _turned(name, was, is_))),
        verdict=one.verdict,
        quote=quote(one.comment.text),
    )


def _turned(name: str, was: _Acted, is_: _Acted) -> bool:
    """Whether a rule acts both ways, but with another action."""
    return name in was and name in is_ and was[name][0] != is_[name][0]


def _agreement(verdict: str, action: Action) -> str:
    if action == Action.REVIEW:
        return "asks"
    return "agrees" if verdict == str(action) else "contrary"


def quote(text: str) -> str:
    """The beginning of a comment on one line.

    >>> quote("Well\\n\\n  said.")
    'Well said.'
    """
    line = " ".join(text[: QUOTED * 4].split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"
