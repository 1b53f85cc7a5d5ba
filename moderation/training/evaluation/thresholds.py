"""Fit a policy's thresholds: what each rule says of labelled comments, held against a budget.

The rules are asked as in service, through a `Moderator`, so that what a check does with a model's
score (a cap, a floor) is part of what is measured.
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
    curve,
    fit,
)

# What tells of each rule on the public sets: a comment is abusive by the rule when one of the
# labels says so, and fine when it is a natural one of which none does.
RULES: Mapping[str, Sequence[str]] = {
    "abuse": ("jigsaw.toxic", "jigsaw_binary.toxic"),
    "personal_attack": ("jigsaw.insult",),
    "incendiary": ("jigsaw.identity", "jigsaw.threat"),
    "spam": ("sms_spam.spam", "youtube_spam.spam"),
}
MOST = 2_500  # fine and abusive comments each that a rule is measured on


class Labelled(NamedTuple):
    """A comment and whether it breaks the rule in question."""

    text: str
    abusive: bool


@dataclass(frozen=True)
class Fitted:
    """A rule's thresholds and the curve that they were read from."""

    rule: str
    curve: Curve
    thresholds: Fit

    def table(self) -> dict[str, Any]:
        """The rule's table for a policy file."""
        return {"review": self.thresholds.review, "reject": self.thresholds.reject}

    def effect(self) -> list[str]:
        """What the thresholds do, in words: shares as seen, and their bounds."""
        at = int(np.flatnonzero(self.thresholds.review == GRID)[0])
        let, held = self.curve.approved_abusive[at], self.curve.held_fine[at]
        said = [
            f"approved: {self.curve.approved[at]:.1%} of all, "
            f"of them abusive {let.seen:.2%} (at most {let.bound:.2%})",
            f"held: {held.seen:.2%} of the fine (at most {held.bound:.2%})",
        ]
        if self.thresholds.reject != "never":
            at = int(np.flatnonzero(self.thresholds.reject == GRID)[0])
            fine = self.curve.rejected_fine[at]
            said.append(f"rejected: of them fine {fine.seen:.2%} (at most {fine.bound:.2%})")
        return said


def public(data: Path, rule: str, seed: int = 0) -> tuple[list[Labelled], float]:
    """The validation rows of the public sets that tell of a rule, and its natural share of abuse.

    Raises `CorpusError` where the folder does not fit `data/sources.toml`.
    """
    labels = RULES[rule]
    rows = [
        row
        for row in catalogue.rows(data, "train")
        if row.part == "validation" and any(label in row.labels for label in labels)
    ]
    natural = [row for row in rows if row.natural] or rows
    rate = sum(_breaks(row, labels) for row in natural) / max(len(natural), 1)
    abusive = [row for row in rows if _breaks(row, labels)]
    fine = [row for row in natural if not _breaks(row, labels)]
    draw = np.random.default_rng(seed)
    return [
        Labelled(side[at].text, broken)
        for side, broken in ((abusive, True), (fine, False))
        for at in draw.permutation(len(side))[:MOST]
    ], rate


def _breaks(row: Row, labels: Sequence[str]) -> bool:
    return any(row.labels.get(label, 0.0) >= 0.5 for label in labels)


class LabelledError(ValueError):
    """A file of labelled comments that does not fit; the message names line and column."""


_YES, _NO = ("1", "1.0", "true", "yes", "reject"), ("0", "0.0", "false", "no", "approve")


def own(path: Path) -> list[Labelled]:
    """A newsroom's own comments: CSV or JSON lines with the columns `text` and `label`.

    `label` says whether the comment breaks the rule: 1 or 0, yes or no, reject or approve.
    Raises `LabelledError`.
    """
    found = []
    for line, record in _records(path):
        said = str(record.get("label")).strip().lower()
        if said not in (*_YES, *_NO):
            raise LabelledError(f"{path}, line {line}: 'label' is 1 or 0, not '{said}'")
        text = record.get("text")
        try:
            if not isinstance(text, str):
                raise LabelledError(f"{path}, line {line}: 'text' is missing")
            validate(text, Policy.load().publication.max_bytes)
        except CommentError as error:
            raise LabelledError(f"{path}, line {line}: {error}") from None
        found.append(Labelled(text, said in _YES))
    return found


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


def alone(policy: Policy, models: Models, rule: str) -> Moderator:
    """A moderator that looks at one rule only."""
    others = {
        name: {**policy.tables[name], "enabled": False} for name in policy.rules if name != rule
    }
    tables = {
        **policy.tables,
        **{name: {**policy.tables[name], **off} for name, off in others.items()},
    }
    return Moderator(Policy.load(tables), models, explains=False)


def scores(moderator: Moderator, texts: Iterable[str], rule: str) -> Floats:
    """The rule's score for each text, 0 where it has nothing to say."""
    found = []
    for decision in moderator.moderate_many(Comment(text) for text in texts):
        reasons = (*decision.reasons, *decision.observed)
        said = [reason.finding.score for reason in reasons if reason.rule == rule]
        found.append(said[0] if said else 0.0)
    return np.array(found)


def fitted(
    moderator: Moderator,
    rule: str,
    labelled: Sequence[Labelled],
    budget: Budget,
    base_rate: float,
    confidence: float = CONFIDENCE,
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Fitted:
    """The thresholds of one rule by these comments. Raises `BudgetError`."""
    said: Bools = np.array([one.abusive for one in labelled], bool)
    found = scores(moderator, progress([one.text for one in labelled]), rule)
    made = curve(found, said, base_rate, confidence)
    return Fitted(rule, made, fit(made, budget))
