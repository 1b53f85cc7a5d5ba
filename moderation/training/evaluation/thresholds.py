"""Fit a policy's thresholds to an error budget, which limits the shares of mistakes.

The thresholds of a rule are fitted to the rule's scores on labelled comments. A `Moderator`
computes these scores, as in the service. So what a rule does with a model's score (such as a limit
or a minimum) is measured too. `error_budget.py` has the statistics.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from moderation.comment import Comment, CommentError, validate
from moderation.moderator import Moderator
from moderation.policy import Policy
from moderation.scoring.models import Models
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import Row
from moderation.training.evaluation.error_budget import (
    CONFIDENCE,
    GRID,
    Bools,
    Budget,
    Curve,
    Fit,
    Floats,
    error_curve,
    fit,
)

# The labels of the public sets for each rule. A comment is abusive if one of its labels is
# positive, and fine if it is a natural comment and none is.
RULES: Mapping[str, Sequence[str]] = {
    "abuse": ("jigsaw.toxic", "jigsaw_binary.toxic"),
    "personal_attack": ("jigsaw.insult",),
    "incendiary": ("jigsaw.identity", "jigsaw.threat"),
    "spam": ("sms_spam.spam", "youtube_spam.spam"),
}
MOST = 2_500  # fine and abusive comments each to measure a rule on


class Labelled(NamedTuple):
    """A comment, and whether it breaks the rule whose thresholds are fitted (`abusive`)."""

    text: str
    abusive: bool


@dataclass(frozen=True)
class RuleFit:
    """A rule's thresholds, and the curve they were chosen from: the mistakes at each threshold."""

    rule: str
    curve: Curve
    thresholds: Fit

    def table(self) -> dict[str, Any]:
        """Return the thresholds as a dict, in the form of the rule's table in a policy file."""
        return {"review": self.thresholds.review, "reject": self.thresholds.reject}

    def effect(self) -> list[str]:
        """Describe, in lines of text, what the thresholds do to comments.

        The lines give the shares of comments that are approved or held, and the shares of mistakes
        with their upper bounds.
        """
        index = int(np.flatnonzero(self.thresholds.review == GRID)[0])
        abusive, held = self.curve.approved_abusive[index], self.curve.held_fine[index]
        lines = [
            f"approved: {self.curve.approved[index]:.1%} of all, "
            f"of them abusive {abusive.observed:.2%} (at most {abusive.bound:.2%})",
            f"held: {held.observed:.2%} of the fine (at most {held.bound:.2%})",
        ]
        if self.thresholds.reject != "never":
            index = int(np.flatnonzero(self.thresholds.reject == GRID)[0])
            fine = self.curve.rejected_fine[index]
            lines.append(f"rejected: of them fine {fine.observed:.2%} (at most {fine.bound:.2%})")
        return lines


def load_public(data: Path, rule: str, seed: int = 0) -> tuple[list[Labelled], float]:
    """Return labelled comments from the public data sets for a rule, and the natural base rate.

    The base rate is the share of comments that break the rule among comments that were sampled at
    random. Only the validation split is used. Raises `CorpusError` if the folder does not match
    `data/sources.toml`.
    """
    labels = RULES[rule]
    rows = [
        row
        for row in catalogue.rows(data, "train")
        if row.part == "validation" and any(label in row.labels for label in labels)
    ]
    natural = [row for row in rows if row.natural] or rows
    rate = sum(_is_positive(row, labels) for row in natural) / max(len(natural), 1)
    abusive = [row for row in rows if _is_positive(row, labels)]
    fine = [row for row in natural if not _is_positive(row, labels)]
    rng = np.random.default_rng(seed)
    return [
        Labelled(side[index].text, label)
        for side, label in ((abusive, True), (fine, False))
        for index in rng.permutation(len(side))[:MOST]
    ], rate


def _is_positive(row: Row, labels: Sequence[str]) -> bool:
    return any(row.labels.get(label, 0.0) >= 0.5 for label in labels)


class LabelledError(ValueError):
    """A file of labelled comments is invalid. The message names the line and what is wrong."""


_POSITIVE, _NEGATIVE = ("1", "1.0", "true", "yes", "reject"), ("0", "0.0", "false", "no", "approve")


def load_labelled(path: Path) -> list[Labelled]:
    """Load a newsroom's labelled comments: CSV or JSON lines with `text` and `label`.

    `label` says whether the comment breaks the rule: 1 or 0, yes or no, true or false, reject or
    approve. Raises `LabelledError`.
    """
    comments = []
    for line, record in _records(path):
        label = str(record.get("label")).strip().lower()
        if label not in (*_POSITIVE, *_NEGATIVE):
            raise LabelledError(f"{path}, line {line}: 'label' must be 1 or 0, not '{label}'")
        text = record.get("text")
        try:
            if not isinstance(text, str):
                raise LabelledError(f"{path}, line {line}: 'text' is missing")
            validate(text, Policy.load().publication.max_bytes)
        except CommentError as error:
            raise LabelledError(f"{path}, line {line}: {error}") from None
        comments.append(Labelled(text, label in _POSITIVE))
    return comments


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".csv":
            reader = csv.DictReader(file)
            missing = {"text", "label"} - set(reader.fieldnames or ())
            if missing:
                raise LabelledError(f"{path}: there is no column '{min(missing)}'")
            for record in reader:
                yield reader.line_num, record
            return
        for line, content in enumerate(file, 1):
            yield line, _object(content, f"{path}, line {line}")


def _object(content: str, place: str) -> Mapping[str, Any]:
    try:
        record = json.loads(content)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise LabelledError(f"{place}: is not a JSON object")
    return record


def single_rule(policy: Policy, models: Models, rule: str) -> Moderator:
    """Return a moderator with this policy and these models that applies only the rule `rule`."""
    disabled = {
        name: {**policy.tables[name], "enabled": False} for name in policy.rules if name != rule
    }
    return Moderator(Policy.load({**policy.tables, **disabled}), models, explains=False)


def rule_scores(moderator: Moderator, texts: Iterable[str], rule: str) -> Floats:
    """Return the score of the rule's finding for each text; 0 if the rule finds nothing."""
    scores = []
    for decision in moderator.moderate_many(Comment(text) for text in texts):
        reasons = (*decision.reasons, *decision.observed)
        score = next((reason.finding.score for reason in reasons if reason.rule == rule), 0.0)
        scores.append(score)
    return np.array(scores)


def fit_rule(
    moderator: Moderator,
    rule: str,
    labelled: Sequence[Labelled],
    budget: Budget,
    base_rate: float,
    confidence: float = CONFIDENCE,
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> RuleFit:
    """Fit the thresholds of one rule to an error budget, which limits the shares of mistakes.

    Mistakes are counted on the comments `labelled`. `base_rate` is the share of abuse that a
    newspaper expects. Raises `BudgetError` if the budget cannot be fitted.
    """
    abusive: Bools = np.array([comment.abusive for comment in labelled], bool)
    scores = rule_scores(moderator, progress([comment.text for comment in labelled]), rule)
    curve = error_curve(scores, abusive, base_rate, confidence)
    return RuleFit(rule, curve, fit(curve, budget))
