"""Policy: which finding leads to which action, and the guideline it speaks for.

The shipped `policy.toml` stands beside this file; an operator's file is merged over it, table
by table. Every mistake in it is named by table and key before the program starts.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from moderation import rules
from moderation.comment import MAX_BYTES
from moderation.decision import Action, Finding, Reason
from moderation.text.reading import Text
from moderation.validation import describe

_Model = TypeVar("_Model", bound=BaseModel)

SHIPPED = Path(__file__).with_name("policy.toml")


def _threshold(value: object) -> object:
    if value == "never" or (type(value) in (int, float) and 0 <= value <= 1):  # type: ignore[operator]
        return value
    raise ValueError('must be a number from 0 to 1, or "never"')


Threshold = Annotated[float | Literal["never"], BeforeValidator(_threshold)]


class PolicyError(ValueError):
    """A policy that cannot be used; `problems` names the table and key of every mistake."""

    def __init__(self, source: str, problems: list[str]) -> None:
        super().__init__(f"{source}: " + "; ".join(problems))
        self.source = source
        self.problems = problems


class Publication(BaseModel):
    """The `[house]` table: what is about the newspaper and not about one rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The newspaper's name, for notices to authors.")
    guidelines_url: str = Field(description="Where readers find the community guidelines.")
    contact: str = Field(description="Whom an author can write to about a decision.")
    grievance_officer: str = Field(description="The officer of India's IT Rules, rule 3(2).")
    appeals_body: str = Field(description="Where an author can turn after the newspaper.")
    territory: str = Field(description="Where a refusal holds, as the notice says it.")
    acknowledge_hours: int = Field(24, ge=1, description="An appeal is acknowledged within.")
    decide_days: int = Field(7, ge=1, description="An appeal is decided within.")
    max_bytes: int = Field(MAX_BYTES, ge=1, le=1_000_000, description="Longest comment, UTF-8.")
    reader: Literal["careful", "fast"] = Field(
        "careful", description="Who judges abuse: the careful reader, or the fast one alone."
    )
    test_sentence: str = Field(
        min_length=16, description="A comment holding this is always rejected: try a live install."
    )


class Thresholds(BaseModel):
    """What every rule's table holds besides the check's own settings."""

    model_config = ConfigDict(frozen=True)

    guideline: str = Field(min_length=1, description="The guideline, in words for readers.")
    enabled: bool = Field(True, description="Whether the rule is looked at, at all.")
    review: Threshold = Field("never", description="From this score on a person decides.")
    reject: Threshold = Field("never", description="From this score on it is refused.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review != "never" and self.reject != "never" and self.reject < self.review:
            raise ValueError(f"reject ({self.reject}) must not be below review ({self.review})")
        return self

    @property
    def shadow(self) -> bool:
        """Whether the rule only watches: without thresholds it never acts."""
        return self.review == "never" and self.reject == "never"

    def action(self, score: float) -> Action:
        """What a finding of this score leads to."""
        if self.reject != "never" and score >= self.reject:
            return Action.REJECT
        if self.review != "never" and score >= self.review:
            return Action.REVIEW
        return Action.APPROVE


@dataclass(frozen=True)
class RulePolicy:
    """One rule as this newspaper wants it."""

    rule: rules.Rule
    thresholds: Thresholds
    settings: rules.Settings

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    def check(self, text: Text) -> Finding | None:
        """What the rule's check finds in a text."""
        return self.rule.check(text, self.settings)

    def reason(self, finding: Finding) -> Reason:
        """The finding, its guideline and what follows."""
        action = self.thresholds.action(finding.score)
        return Reason(finding, self.thresholds.guideline, action)

    def failed(self) -> Reason:
        """What stands in the decision when the check broke: a person looks, if it acts at all."""
        message = "This rule could not be checked just now, so a person will look at the comment."
        action = Action.APPROVE if self.thresholds.shadow else Action.REVIEW
        return Reason(Finding(self.name, 0.0, message), self.thresholds.guideline, action)


@dataclass(frozen=True)
class Policy:
    """The house and its rules; `hash` names this very policy in every decision.

    `tables` is what the files say, merged; files that they name are looked for in `folder`.
    """

    publication: Publication
    rules: Mapping[str, RulePolicy]
    hash: str
    tables: Mapping[str, Any]
    folder: Path = SHIPPED.parent

    @classmethod
    def load(cls, operator: Path | str | Mapping[str, Any] | None = None) -> Policy:
        """The shipped policy, with the operator's file (or table) merged over it.

        Raises `PolicyError` with every mistake, by table and key.

        >>> try:
        ...     Policy.load({"length": {"most_word": 3}})
        ... except PolicyError as error:
        ...     print(error.problems[0])
        [length] most_word: no such setting; did you mean 'most_words'?
        """
        shipped = tomllib.loads(SHIPPED.read_text("utf-8"))
        if operator is None:
            return cls._build(shipped, SHIPPED.name)
        if isinstance(operator, Mapping):
            source, own, folder = "policy", dict(operator), Path()
        else:
            source, own, folder = str(operator), _read(Path(operator)), Path(operator).parent
        return cls._build(_merge(shipped, own), source, folder)

    @classmethod
    def of(cls, tables: Mapping[str, Any], folder: Path = SHIPPED.parent) -> Policy:
        """The policy whose merged `tables` these are, with nothing laid under them.

        >>> Policy.of(Policy.load().tables).hash == Policy.load().hash
        True
        """
        return cls._build(dict(tables), "policy", folder)

    @classmethod
    def _build(cls, tables: dict[str, Any], source: str, folder: Path = SHIPPED.parent) -> Policy:
        known = rules.all_rules()
        problems = [
            f"[{name}]: no such rule{_suggestion(name, [*known, 'house'])}"
            for name in tables
            if name not in known and name != "house"
        ]
        publication = _validated(Publication, tables.get("house", {}), "house", problems)
        built = {
            name: _rule(rule, tables.get(name, {}), problems, folder)
            for name, rule in known.items()
        }
        if problems or publication is None:
            raise PolicyError(source, problems)
        # The settings as well as the tables: they hold what stands in the files a table names.
        settings = {name: rule.settings.model_dump() for name, rule in built.items() if rule}
        canonical = json.dumps(
            [tables, settings], sort_keys=True, ensure_ascii=False, default=_plain
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        kept = {name: rule for name, rule in built.items() if rule and rule.thresholds.enabled}
        return cls(publication, kept, f"sha256:{digest}", tables, folder)

    @staticmethod
    def verdict(reasons: Iterable[Reason]) -> Action:
        """The strictest action wins.

        >>> Policy.verdict([])
        <Action.APPROVE: 0>
        """
        return max((reason.action for reason in reasons), default=Action.APPROVE)


def _plain(value: object) -> object:
    """A setting that JSON does not know, always written alike (sets have no order)."""
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else str(value)


def _rule(rule: rules.Rule, table: object, problems: list[str], folder: Path) -> RulePolicy | None:
    """Build one rule from its table: the keys of every rule, and the check's own settings.

    Paths in the settings are relative to `folder`, the policy's own.
    """
    if not isinstance(table, Mapping):
        problems.append(f"[{rule.name}]: must be a table")
        return None
    shared = {key: value for key, value in table.items() if key in Thresholds.model_fields}
    own = {key: value for key, value in table.items() if key not in shared}
    thresholds = _validated(Thresholds, shared, rule.name, problems)
    settings = _validated(rule.settings, own, rule.name, problems, folder)
    return RulePolicy(rule, thresholds, settings) if thresholds and settings else None


def _validated(
    model: type[_Model], table: object, name: str, problems: list[str], folder: Path = Path()
) -> _Model | None:
    if not isinstance(table, Mapping):
        problems.append(f"[{name}]: must be a table")
        return None
    try:
        return model.model_validate(table, context={"folder": folder})
    except ValidationError as error:
        keys = [*model.model_fields, *Thresholds.model_fields]
        problems.extend(_problem(name, detail, keys) for detail in error.errors())
        return None


def _problem(table: str, detail: Mapping[str, Any], keys: list[str]) -> str:
    """Describe one mistake, with its table and key."""
    if not detail["loc"]:  # the keys do not fit together
        return f"[{table}] {describe(detail)}"
    key = ".".join(str(part) for part in detail["loc"])
    unknown = f"no such setting{_suggestion(key, keys)}"
    return f"[{table}] {key}: {describe(detail, unknown=unknown, quote_input=True)}"


def _suggestion(word: str, known: list[str]) -> str:
    """Return '; did you mean …?' if a known word is similar, else the empty string."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PolicyError(str(path), ["there is no such file"]) from None
    except (ValueError, RecursionError, OSError) as error:
        raise PolicyError(str(path), [f"cannot be read: {error}"]) from None


def _merge(shipped: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The operator's tables over the shipped ones, key by key.

    >>> _merge({"links": {"most": 2, "review": 0.5}}, {"links": {"most": 0}})
    {'links': {'most': 0, 'review': 0.5}}
    """
    merged = dict(shipped)
    for name, value in own.items():
        under = merged.get(name)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[name] = _merge(under, value)
        else:
            merged[name] = value
    return merged
