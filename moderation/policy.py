"""Define the policy: which guideline each rule enforces, and at which score it acts.

The operator's policy file is merged over the shipped `policy.toml`, key by key. If the result has
mistakes, loading raises an error that names each mistake by table and key.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
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
    """The policy cannot be used. `problems` has a message for each mistake.

    Each message names the table and the key in the policy file.
    """

    def __init__(self, source: str, problems: list[str]) -> None:
        super().__init__(f"{source}: " + "; ".join(problems))
        self.source = source
        self.problems = problems


class Publication(BaseModel):
    """The `[house]` table: the settings that concern the whole newspaper and no single rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The newspaper's name, for notices to authors.")
    guidelines_url: str = Field(description="Where readers find the community guidelines.")
    contact: str = Field(description="Where an author can write about a decision.")
    grievance_officer: str = Field(description="The officer of India's IT Rules, rule 3(2).")
    appeals_body: str = Field(description="Where an author can appeal after the newspaper.")
    territory: str = Field(description="Where a rejection applies, as the notice puts it.")
    acknowledge_hours: int = Field(24, ge=1, description="Hours to acknowledge an appeal.")
    decide_days: int = Field(7, ge=1, description="Days to decide an appeal.")
    keep_removed_days: int = Field(
        0, ge=0, le=3650, description="Days to keep a rejected comment, even if it is to be erased."
    )
    max_bytes: int = Field(
        MAX_BYTES, ge=1, le=1_000_000, description="Longest comment in bytes of UTF-8."
    )
    reader: Literal["careful", "fast"] = Field(
        "careful", description="The scorer of abuse: careful, or the fast one alone."
    )
    test_sentence: str = Field(
        min_length=16,
        description="A comment with this sentence is always rejected, to try an installation.",
    )


class Thresholds(BaseModel):
    """The keys that every rule's table may have, in addition to the rule's own settings."""

    model_config = ConfigDict(frozen=True)

    guideline: str = Field(min_length=1, description="The guideline, in words for readers.")
    enabled: bool = Field(True, description="Whether the rule runs.")
    review: Threshold = Field("never", description="From this score on, a person decides.")
    reject: Threshold = Field("never", description="From this score on, it is rejected.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review != "never" and self.reject != "never" and self.reject < self.review:
            raise ValueError(f"reject ({self.reject}) must not be below review ({self.review})")
        return self

    @property
    def shadow(self) -> bool:
        """Whether the rule has no thresholds, so it never acts."""
        return self.review == "never" and self.reject == "never"

    def action(self, score: float) -> Action:
        """Return the action for a finding with this score."""
        if self.reject != "never" and score >= self.reject:
            return Action.REJECT
        if self.review != "never" and score >= self.review:
            return Action.REVIEW
        return Action.APPROVE


@dataclass(frozen=True)
class RulePolicy:
    """A rule, with the thresholds and settings that the policy gives the rule."""

    rule: rules.Rule
    thresholds: Thresholds
    settings: rules.Settings

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def plugin(self) -> str:
        """The package and version of a rule that is a plug-in, or an empty text."""
        return self.rule.plugin

    def check(self, text: Text) -> Finding | None:
        """Run the rule on a text. Return its finding, or None if it has no objection."""
        return self.rule.check(text, self.settings)

    def reason(self, finding: Finding) -> Reason:
        """Turn a finding of this rule into a reason, with the rule's guideline and an action."""
        action = self.thresholds.action(finding.score)
        if not self.thresholds.shadow:
            action = max(action, finding.least)
        action = min(action, self.rule.most)
        return Reason(finding, self.thresholds.guideline, action, self.rule.most)

    def failed(self, *, acts: bool = True) -> Reason:
        """Return the reason for a check that failed: a moderator reviews the comment.

        If the rule has no thresholds, the reason does not lead to a review. Neither does it with
        `acts=False`, for a plug-in that is in shadow because it failed too often.
        """
        message = "This rule could not be checked just now, so a person will look at the comment."
        if not acts:
            message = "This rule could not be checked: it failed or was slow too often."
        action = Action.APPROVE if self.thresholds.shadow or not acts else Action.REVIEW
        return Reason(Finding(self.name, 0.0, message), self.thresholds.guideline, action)


@dataclass(frozen=True)
class Policy:
    """The newspaper's settings, and the rules with their thresholds and settings.

    `rules` holds the rules that are switched on, and `disabled` those that are switched off.
    `tables` are the merged tables of the policy files. Relative paths in these tables start from
    `folder`.
    """

    publication: Publication
    rules: Mapping[str, RulePolicy]
    tables: Mapping[str, Any]
    folder: Path = SHIPPED.parent
    disabled: Mapping[str, RulePolicy] = field(default_factory=dict)

    @cached_property
    def hash(self) -> str:
        """The SHA-256 hash of the policy's content. Every decision carries this hash.

        The content is the tables, the rules' settings, which include the entries of word list
        files, and the package and version of each rule that is a plug-in. If you copy a policy and
        change its publication or thresholds, the hash changes too.

        >>> from dataclasses import replace
        >>> policy = Policy.load()
        >>> replace(policy, rules={}).hash == policy.hash
        False
        """
        every_rule = {**self.disabled, **self.rules}
        settings = {name: rule.settings.model_dump() for name, rule in every_rule.items()}
        content: list[object] = [self.tables, settings]
        if packages := {name: rule.plugin for name, rule in every_rule.items() if rule.plugin}:
            content.append(packages)
        thresholds = {name: rule.thresholds.model_dump() for name, rule in self.rules.items()}
        if (self.publication.model_dump(), thresholds) != _declared(self.tables):
            content += [self.publication.model_dump(), thresholds]
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, default=_plain)
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"

    @classmethod
    def load(cls, operator: Path | str | Mapping[str, Any] | None = None) -> Policy:
        """Load the shipped policy, and merge the operator's file or tables over it.

        Raises `PolicyError`, which names every mistake by table and key.

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
            source, custom, folder = "policy", dict(operator), Path()
        else:
            source, custom, folder = str(operator), _read(Path(operator)), Path(operator).parent
        custom, problems = _unaliased(custom)
        return cls._build(_merge(shipped, custom), source, folder, problems)

    @classmethod
    def of(cls, tables: Mapping[str, Any], folder: Path = SHIPPED.parent) -> Policy:
        """Build a policy from complete tables, which are not merged with the shipped ones.

        >>> Policy.of(Policy.load().tables).hash == Policy.load().hash
        True
        """
        unaliased, problems = _unaliased(tables)
        return cls._build(unaliased, "policy", folder, problems)

    @classmethod
    def _build(
        cls,
        tables: dict[str, Any],
        source: str,
        folder: Path = SHIPPED.parent,
        problems: Iterable[str] = (),
    ) -> Policy:
        known = rules.all_rules()
        tables = _completed(tables, known)
        problems = [
            *problems,
            *(
                f"[{name}]: no such rule{_suggestion(name, [*known, 'house'])}"
                for name in tables
                if name not in known and name != "house"
            ),
        ]
        publication = _validated(Publication, tables.get("house", {}), "house", problems)
        built = {
            name: _rule(rule, tables.get(name, {}), problems, folder)
            for name, rule in known.items()
        }
        if problems or publication is None:
            raise PolicyError(source, problems)
        enabled = {name: rule for name, rule in built.items() if rule and rule.thresholds.enabled}
        disabled = {name: rule for name, rule in built.items() if rule and name not in enabled}
        return cls(publication, enabled, tables, folder, disabled)

    @staticmethod
    def limited(reasons: Iterable[Reason]) -> list[Reason]:
        """Lower the reasons' actions to the limits of the rules that act on the comment.

        A rule acts if its reason leads to review or rejection. It may then forbid stricter actions
        for the whole comment (`Reason.most`). Unlimited findings keep their action.

        >>> despair = Reason(Finding("self_harm", 0.9, "…"), "…", Action.REVIEW, Action.REVIEW)
        >>> insult = Reason(Finding("abuse", 1.0, "…"), "…", Action.REJECT)
        >>> [str(reason.action) for reason in Policy.limited([insult, despair])]
        ['review', 'review']
        """
        reasons = list(reasons)
        acting = [reason.most for reason in reasons if reason.action > Action.APPROVE]
        most = min(acting, default=Action.REJECT)
        return [
            reason if reason.finding.unlimited else replace(reason, action=min(reason.action, most))
            for reason in reasons
        ]

    @staticmethod
    def verdict(reasons: Iterable[Reason]) -> Action:
        """Return a decision's action: the strictest action of its reasons.

        Without reasons, the action is `Action.APPROVE`.

        >>> Policy.verdict([])
        <Action.APPROVE: 0>
        """
        return max((reason.action for reason in reasons), default=Action.APPROVE)


def _completed(tables: dict[str, Any], known: Mapping[str, rules.Rule]) -> dict[str, Any]:
    """Give each plug-in its table, and a guideline if the policy file has none.

    A plug-in without thresholds runs in shadow. The first line of its docstring is the guideline.
    """
    completed = dict(tables)
    for name, rule in known.items():
        table = completed.get(name, {})
        if rule.plugin and isinstance(table, Mapping):
            completed[name] = {"guideline": rule.summary, **table}
    return completed


def _declared(tables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the newspaper's settings and the enabled rules' thresholds from the tables.

    Returns None if the tables are invalid, because the policy was then not built from them.
    """
    try:
        publication = Publication.model_validate(tables.get("house"))
        thresholds = {
            name: Thresholds.model_validate(_shared(table))
            for name, table in tables.items()
            if name != "house"
        }
    except ValidationError:  # the policy was not built from these tables
        return None
    return publication.model_dump(), {
        name: rule.model_dump() for name, rule in thresholds.items() if rule.enabled
    }


def _shared(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a rule's table that all rules have, without the rule's own settings."""
    return {key: value for key, value in table.items() if key in Thresholds.model_fields}


def _plain(value: object) -> object:
    """Convert a value that JSON lacks: a set to a sorted list, any other value to text."""
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else str(value)


def _rule(rule: rules.Rule, table: object, problems: list[str], folder: Path) -> RulePolicy | None:
    """Build one rule from its table: the keys that every rule has, and this rule's own settings.

    Relative paths in the settings start from `folder`, the folder of the policy file. Mistakes are
    added to `problems`.
    """
    if not isinstance(table, Mapping):
        problems.append(f"[{rule.name}]: must be a table")
        return None
    shared = _shared(table)
    special = {key: value for key, value in table.items() if key not in shared}
    thresholds = _validated(Thresholds, shared, rule.name, problems)
    settings = _validated(rule.settings, special, rule.name, problems, folder)
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
        keys = [*model.model_fields, *getattr(model, "aliases", ()), *Thresholds.model_fields]
        problems.extend(_problem(name, detail, keys) for detail in error.errors())
        return None


def _problem(table: str, detail: Mapping[str, Any], keys: list[str]) -> str:
    """Describe one of pydantic's errors as a mistake in the policy, with its table and key."""
    if not detail["loc"]:  # the keys do not fit together
        return f"[{table}] {describe(detail)}"
    key = ".".join(str(part) for part in detail["loc"])
    unknown = f"no such setting{_suggestion(key, keys)}"
    return f"[{table}] {key}: {describe(detail, unknown=unknown, quote_input=True)}"


def _suggestion(word: str, known: list[str]) -> str:
    """Return '; did you mean …?' with the known word most similar to `word`.

    Returns the empty string if no known word is similar.
    """
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PolicyError(str(path), ["there is no such file"]) from None
    except (ValueError, RecursionError, OSError) as error:
        raise PolicyError(str(path), [f"cannot be read: {error}"]) from None


def _unaliased(tables: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Replace other names of settings by the settings' proper names. Return tables and problems.

    It is a problem if a table has both names of a setting. A policy has the same hash with either
    name.

    >>> _unaliased({"abuse": {"unaimed_cap": 0.8}})
    ({'abuse': {'most_unaimed': 0.8}}, [])
    """
    known = rules.all_rules()
    problems = []
    unaliased = dict(tables)
    for table, keys in tables.items():
        aliases = known[table].settings.aliases if table in known else {}
        if not isinstance(keys, Mapping) or aliases.keys().isdisjoint(keys):
            continue
        problems += [
            f"[{table}] {alias} is another name of {key}: set one of them"
            for alias, key in aliases.items()
            if alias in keys and key in keys
        ]
        unaliased[table] = {aliases.get(key, key): value for key, value in keys.items()}
    return unaliased, problems


def _merge(shipped: dict[str, Any], custom: dict[str, Any]) -> dict[str, Any]:
    """Merge the operator's tables over the shipped ones, key by key. The operator's values win.

    >>> _merge({"links": {"most": 2, "review": 0.5}}, {"links": {"most": 0}})
    {'links': {'most': 0, 'review': 0.5}}
    """
    merged = dict(shipped)
    for name, value in custom.items():
        base = merged.get(name)
        if isinstance(base, dict) and isinstance(value, dict):
            merged[name] = _merge(base, value)
        else:
            merged[name] = value
    return merged
