"""Turn a comment into a decision: read its text, score it, check every rule, decide."""

from __future__ import annotations

import copy
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from moderation.comment import Comment, validate
from moderation.decision import Action, Decision, Finding, Reason
from moderation.guard import Guards, InShadowError
from moderation.policy import Policy, RulePolicy
from moderation.scoring.models import Models
from moderation.scoring.store import AnyStore
from moderation.text.quotations import own_words
from moderation.text.reading import Text, Weight, read

BATCH = 256  # comments scored together: large enough for numpy, small enough for flat memory

_HINTING_RULE = "full_sentences"
_HINTING_SCORES = frozenset(("english", "full_sentences"))
QUOTED = "own words"  # in a text's notes: the text without its quotations, or None
_BELOW_REJECT = 0.01  # how far below the threshold such a score is put

log = logging.getLogger(__name__)

OnCheck = Callable[[str, float], None]
"""Receives the name of a rule and how many seconds its check took."""


class Moderator:
    """Decides about comments by a policy and the scores of models.

    With `explains=False` the decisions are the same, but findings from models do not mark the words
    that caused them. That is faster: to explain a score, the careful model (a transformer) takes
    longer than to compute it.

    `scorer` overrides the policy's choice between the careful and the fast model, which score
    abuse. It is for callers with a deadline. Each decision names the versions of the models that
    were used.

    With `guards`, as in the service, a plug-in that is slow or fails often goes into shadow for a
    while. Without, the same comments always get the same decisions.
    """

    def __init__(
        self,
        policy: Policy,
        models: Models,
        *,
        explains: bool = True,
        scorer: Literal["careful", "fast"] | None = None,
        guards: Guards | None = None,
    ) -> None:
        self.policy = policy
        self.guards = guards
        self.explains = explains
        self.models = models.with_reader(scorer or policy.publication.reader)
        self.on_check: OnCheck | None = None

    @classmethod
    def load(
        cls,
        policy: Policy | Path | str | Mapping[str, Any] | None = None,
        models: Models | AnyStore | str | None = None,
    ) -> Moderator:
        """Load a policy and models, by default the shipped policy and the models in use.

        Raises `PolicyError` or `ModelError`, which say what is wrong.

        >>> Moderator.load().moderate("You are an idiot.").action > Action.APPROVE
        True
        """
        return cls(
            policy if isinstance(policy, Policy) else Policy.load(policy),
            models if isinstance(models, Models) else Models.load(models),
        )

    def guarded(self) -> Moderator:
        """Return a copy of this moderator that puts plug-ins into shadow while they fail."""
        guarded = copy.copy(self)
        guarded.guards = Guards()
        return guarded

    @property
    def plugins(self) -> dict[str, str]:
        """The package and version of each rule and model that comes from a plug-in."""
        rules = {rule.name: rule.plugin for rule in self.policy.rules.values() if rule.plugin}
        return rules | self.models.plugins

    def guard_states(self) -> dict[str, str]:
        """Return why plug-ins are in shadow; an empty text for those that act."""
        return self.guards.states() if self.guards else {}

    def in_shadow(self) -> dict[str, str]:
        """Return why plug-ins are in shadow, without those that act."""
        return {label: trouble for label, trouble in self.guard_states().items() if trouble}

    def expected_scores(self) -> frozenset[str]:
        """Return the names of the scores of all models, without plug-ins that are in shadow."""
        resting = {
            head
            for name, plugin in self.models.plugins.items()
            if self.guards and self.guards.of("model", name, plugin).trouble
            for head in self.models.scorers[name].heads
        }
        return self.models.heads - resting

    def observed(self, on_check: OnCheck | None) -> Moderator:
        """Return a copy of this moderator that reports how long each rule's check takes.

        The copy calls `on_check` with the name of the rule and the seconds.
        """
        observed = copy.copy(self)
        observed.on_check = on_check
        return observed

    def moderate(self, comment: Comment | str) -> Decision:
        """Decide about one comment. Raises `CommentError` if its text is invalid."""
        return next(self.moderate_many([comment]))

    def moderate_many(self, comments: Iterable[Comment | str]) -> Iterator[Decision]:
        """Yield the decisions about many comments, in order.

        Comments are decided in batches, so memory use does not grow with their number. Raises
        `CommentError` at the first batch with an invalid text.
        """
        stream = iter(comments)
        while batch := list(islice(stream, BATCH)):
            started = time.perf_counter()
            texts = [self._read(comment) for comment in batch]
            self.models.score(texts, self.guards)
            if not self.explains:
                for text in texts:
                    text.explain = _unexplained
            reasons = [list(self._reasons(text)) for text in texts]
            took_ms = (time.perf_counter() - started) * 1000 / len(batch)
            for text, text_reasons in zip(texts, reasons, strict=True):
                yield self._decision(text, text_reasons, took_ms)

    def hints(self, comment: Comment | str) -> tuple[Finding, ...]:
        """Return what the rule `full_sentences` finds, so that the author can correct it first.

        The findings do not depend on the rule's thresholds. Only the models that the rule needs are
        run. If the policy switches the rule off, or if the rule's check fails, there are no
        findings. Raises `CommentError` if the text is invalid.

        >>> [hint.message for hint in Moderator.load().hints("Pathetic service.")]
        ['Write in full sentences: “Pathetic service” has no main verb.']
        """
        text = self._read(comment)
        rule = self.policy.rules.get(_HINTING_RULE)
        if rule is None:
            return ()
        try:
            text.scores = {
                head: float(values[0])
                for scorer in self.models.scorers.values()
                if not _HINTING_SCORES.isdisjoint(scorer.heads)
                for head, values in scorer.score([text]).items()
            }
            finding = rule.check(text)
        except Exception as error:  # noqa: BLE001 - an author can do without hints
            log.error("hints of %s failed: %s", rule.name, type(error).__name__)
            return ()
        return (finding,) if finding else ()

    def _read(self, comment: Comment | str) -> Text:
        comment = Comment(comment) if isinstance(comment, str) else comment
        validate(comment.text, self.policy.publication.max_bytes)
        return read(comment)

    def _reasons(self, text: Text) -> Iterator[Reason]:
        if self.policy.publication.test_sentence in text.clean:
            yield self._test_reason(text)
        for rule in self.policy.rules.values():
            started = time.perf_counter()
            reason = self._reason(rule, text)
            if self.on_check:
                self.on_check(rule.name, time.perf_counter() - started)
            if reason and reason.action == Action.REJECT and rule.rule.spares_quotations:
                reason = self._unless_quoted(rule, text, reason)
            if reason:
                yield reason

    def _unless_quoted(self, rule: RulePolicy, text: Text, reason: Reason) -> Reason:
        """Change a rejection to review if the rule objects only to quotations in the comment.

        `reason` is the rule's reason for rejection. It is returned unchanged if the rule also
        objects to the author's own words.
        """
        if QUOTED not in text.notes:
            remainder = own_words(text.comment)
            text.notes[QUOTED] = remainder and read(remainder)
            if remainder:
                self.models.score([text.notes[QUOTED]], self.guards)
        own = text.notes[QUOTED]
        own_reason = self._reason(rule, own) if own else reason
        threshold = rule.thresholds.reject
        if threshold == "never" or (own_reason and own_reason.action > Action.APPROVE):
            return reason
        score = min(reason.finding.score, threshold - _BELOW_REJECT)
        finding = replace(reason.finding, score=score)
        return replace(reason, finding=finding, action=Action.REVIEW)

    def _test_reason(self, text: Text) -> Reason:
        """Return the reason that rejects a comment with the operator's test sentence.

        No policy can switch this reason off.
        """
        sentence = self.policy.publication.test_sentence
        start = text.clean.index(sentence)
        spans = (text.span(start, start + len(sentence)),)
        message = "This is the test sentence, which is always rejected."
        guideline = "An operator can try a live system with the test sentence."
        finding = Finding("word_list", 1.0, message, spans, unlimited=True)
        return Reason(finding, guideline, Action.REJECT)

    def _decision(self, text: Text, reasons: list[Reason], took_ms: float) -> Decision:
        reasons = Policy.limited(reasons)
        acted = [reason for reason in reasons if reason.action > Action.APPROVE]
        # A reason that limits the others comes first among its equals: its message matters most.
        acted.sort(key=lambda reason: (-reason.action, reason.most, -reason.finding.score))
        observed = [reason for reason in reasons if reason.action == Action.APPROVE]
        scores = dict(text.scores)
        language = {"english": round(scores["english"], 4)} if "english" in scores else {}
        return Decision(
            id=uuid.uuid4().hex,
            action=Policy.verdict(reasons),
            reasons=tuple(acted),
            observed=tuple(observed),
            scores=scores,
            language={**language, "code": text.notes.get("language", "und")},
            policy=self.policy.hash,
            models=self.models.versions,
            took_ms=took_ms,
            plugins=self.plugins,
        )

    def _reason(self, rule: RulePolicy, text: Text) -> Reason | None:
        """Check the text by one rule. Return the rule's reason, or None if it has no finding.

        If the check raises an exception, the returned reason sends the comment to a moderator. A
        plug-in in shadow has no effect.
        """
        guard = None
        if self.guards and rule.plugin:
            guard = self.guards.of("rule", rule.name, rule.plugin)
        acts = not (guard and guard.trouble)
        check = partial(rule.check, text)
        try:
            finding = guard.run(check) if guard else check()
        except InShadowError:
            return rule.failed(acts=acts)
        except Exception as error:  # noqa: BLE001 - whatever fails, a person decides
            # Log only the type: an exception's message may contain the comment's text.
            log.error("check %s failed: %s", rule.name, type(error).__name__)
            return rule.failed(acts=acts)
        if finding is None:
            return None
        reason = rule.reason(finding)
        return reason if acts else replace(reason, action=Action.APPROVE)


def _unexplained(_: str) -> list[Weight]:
    return []
