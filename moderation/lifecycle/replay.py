"""Decide recorded comments again with two policies, and compare the decisions.

Both policies use the same models. In names, `now` means the policy in use and `then` the new
policy.
"""

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
from moderation.guard import Guards
from moderation.moderator import Moderator
from moderation.scoring.models import Models
from moderation.text.reading import Text

MAX_QUOTE = 70  # characters of a comment that are shown: enough to recognise it

_Acts = dict[str, tuple[Action, float]]  # by rule: what it did, and its score


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Which recorded decisions to replay: the latest `most` of those from `since` to `until`."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded comment, with its decision at the time.

    `policy` and `models` name what made the decision. `verdict` is the last verdict that a
    moderator gave on the decision, if any.
    """

    id: str
    comment: Comment
    action: str
    policy: str
    models: Mapping[str, str]
    at: dt.datetime
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A comment that the new policy decides differently, and the rules that are the cause.

    A rule acts if it leads to review or rejection. `come` names the rules that act only with the
    new policy, and `gone` those that act only with the policy in use. `turned` names the rules that
    act with both policies, but with different actions. `score` is the highest score of the rules
    whose result differs.
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
        """Return the change as a dict of JSON values. Its keys also name the CSV file's columns."""
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
    """How many comments a rule acts on with each policy, and on how many the policies differ.

    `come`, `gone` and `turned` count comments. Their names have the meanings that `ChangedDecision`
    explains.
    """

    now: int = 0
    then: int = 0
    come: int = 0
    gone: int = 0
    turned: int = 0


@dataclass
class Replayed:
    """The result of a replay: counts, and the decisions that differ between the two policies.

    `recorded_differently` counts comments whose recorded action differs from the action of the
    policy in use. A comment counts under `same` if the same policy and models made the recorded
    decision, otherwise under `other`.
    """

    policies: tuple[str, str]
    models: Mapping[str, str]
    comments: int = 0
    unjudged: int = 0  # too long for one of the policies
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    other_policy: int = 0
    other_models: int = 0
    recorded_differently: dict[str, int] = field(default_factory=lambda: {"same": 0, "other": 0})
    actions: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    rules: dict[str, Rule] = field(default_factory=dict)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: list[ChangedDecision] = field(default_factory=list)

    def add(self, recorded: Recorded, now: Decision, then: Decision) -> None:
        """Count a comment: `now` is the decision by the policy in use, `then` by the new policy."""
        self.comments += 1
        self.first = min(self.first or recorded.at, recorded.at)
        self.last = max(self.last or recorded.at, recorded.at)
        self._count_record(recorded, now)
        self.actions[now.action, then.action] += 1
        for side, decision in (("now", now), ("then", then)):
            if recorded.verdict in ("approve", "reject"):
                self.verdicts[side, _agreement(recorded.verdict, decision.action)] += 1
        acts_now, acts_then = _acts(now), _acts(then)
        self._count_rules(acts_now, acts_then)
        if now.action != then.action:
            self.changed.append(_changed(recorded, now, then, acts_now, acts_then))

    def _count_rules(self, now: _Acts, then: _Acts) -> None:
        for name in now.keys() | then.keys():
            rule = self.rules.setdefault(name, Rule())
            rule.now += name in now
            rule.then += name in then
            rule.come += name not in now
            rule.gone += name not in then
            rule.turned += _turned(name, now, then)

    def _count_record(self, recorded: Recorded, now: Decision) -> None:
        policy, models = recorded.policy != now.policy, dict(recorded.models) != now.models
        self.other_policy += policy
        self.other_models += models
        if recorded.action != str(now.action):
            self.recorded_differently["other" if policy or models else "same"] += 1

    def summary(self) -> dict[str, Any]:
        """Return all counts as a dict of JSON values."""
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
                "decided_otherwise_now": dict(self.recorded_differently),
            },
            "actions": {
                str(now): {str(then): self.actions[now, then] for then in Action} for now in Action
            },
            "rules": {name: vars(self.rules[name]) for name in sorted(self.rules)},
            "verdicts": {
                side: {agreement: self.verdicts[side, agreement] for agreement in AGREEMENTS}
                for side in ("now", "then")
            },
            "changed": len(self.changed),
        }


AGREEMENTS = ("agrees", "asks", "contrary")


def replay(recorded: Iterable[Recorded], now: Moderator, then: Moderator) -> Replayed:
    """Decide these comments with two moderators, which differ only in their policy.

    The decisions that differ are sorted, largest difference first. Only these decisions are held in
    memory.
    """
    replayed = Replayed((now.policy.hash, then.policy.hash), now.models.versions)
    limit = min(now.policy.publication.max_bytes, then.policy.publication.max_bytes)
    rows, *sides = itertools.tee(_valid(recorded, limit, replayed), 3)
    decisions_now, decisions_then = (
        moderator.moderate_many(row.comment for row in side)
        for moderator, side in zip(_scoring_once(now, then), sides, strict=True)
    )
    for triple in zip(rows, decisions_now, decisions_then, strict=True):
        replayed.add(*triple)
    replayed.changed.sort(key=lambda change: (-abs(change.after - change.before), -change.score))
    return replayed


class _CachedModels(Models):
    """Models that two moderators share. Each batch of comments is scored only once.

    The moderators must take turns: when one has scored a batch, the other must score the same batch
    next.
    """

    def __init__(self, models: Models) -> None:
        super().__init__(models.scorers, models.versions)
        self._scored: Sequence[Text] = ()

    def score(self, texts: Sequence[Text], guards: Guards | None = None) -> None:
        """Score the texts for the first moderator. Copy the scores for the second moderator."""
        if not self._scored:
            super().score(texts, guards)
            self._scored = texts
            return
        for text, same in zip(texts, self._scored, strict=True):
            text.scores, text.explain, text.notes = same.scores, same.explain, dict(same.notes)
        self._scored = ()


def _scoring_once(now: Moderator, then: Moderator) -> tuple[Moderator, Moderator]:
    """Return copies of both moderators that share the scores of each batch of comments.

    If the moderators' policies choose different models, the moderators are returned unchanged.
    """
    if now.models.versions != then.models.versions:
        return now, then
    now, then = copy.copy(now), copy.copy(then)
    now.models = then.models = _CachedModels(now.models)
    return now, then


def _valid(recorded: Iterable[Recorded], limit: int, replayed: Replayed) -> Iterator[Recorded]:
    """Yield the comments that are valid for both policies. Count the others in `replayed`.

    A comment is invalid if it is longer than `limit` bytes.
    """
    for row in recorded:
        try:
            validate(row.comment.text, limit)
        except CommentError:
            replayed.unjudged += 1
        else:
            yield row


def _acts(decision: Decision) -> _Acts:
    return {
        reason.rule: (reason.action, round(reason.finding.score, 4)) for reason in decision.reasons
    }


def _changed(
    recorded: Recorded, now: Decision, then: Decision, acts_now: _Acts, acts_then: _Acts
) -> ChangedDecision:
    differing = acts_now.items() ^ acts_then.items()
    return ChangedDecision(
        id=recorded.id,
        comment=recorded.comment.id,
        before=now.action,
        after=then.action,
        score=max(score for _, (_, score) in differing),
        come=tuple(sorted(acts_then.keys() - acts_now.keys())),
        gone=tuple(sorted(acts_now.keys() - acts_then.keys())),
        turned=tuple(sorted(name for name in acts_now if _turned(name, acts_now, acts_then))),
        verdict=recorded.verdict,
        quote=quote(recorded.comment.text),
    )


def _turned(name: str, now: _Acts, then: _Acts) -> bool:
    """Return whether the rule `name` acts with both policies, but with different actions."""
    return name in now and name in then and now[name][0] != then[name][0]


def _agreement(verdict: str, action: Action) -> str:
    if action == Action.REVIEW:
        return "asks"
    return "agrees" if verdict == str(action) else "contrary"


def quote(text: str) -> str:
    """Return the beginning of a comment on one line, for a table.

    >>> quote("Well\\n\\n  said.")
    'Well said.'
    """
    line = " ".join(text[: MAX_QUOTE * 4].split())
    return line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1] + "…"
