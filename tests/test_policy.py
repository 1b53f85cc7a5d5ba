"""policy: thresholds turn findings into actions, and errors name every mistake by table and key."""

import hashlib
import json
import tomllib
from collections.abc import Sized
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moderation import rules
from moderation.decision import Action, Finding
from moderation.policy import SHIPPED, Policy, PolicyError, Thresholds

RULE = Thresholds.model_validate({"guideline": "Be kind.", "review": 0.6, "reject": 0.9})


def problems(tables: object) -> list[str]:
    """Return the problems of an operator's policy, which must have some."""
    with pytest.raises(PolicyError) as caught:
        Policy.load(tables)  # type: ignore[arg-type]  # wrong on purpose
    return caught.value.problems


def test_the_shipped_policy_loads() -> None:
    """The shipped policy has a table for every rule."""
    tables = tomllib.loads(SHIPPED.read_text("utf-8"))
    assert set(tables) == {"house", *rules.shipped_rules()}
    assert set(Policy.load().rules) == set(rules.shipped_rules())


def test_shipped_policy_shows_every_setting() -> None:
    """The shipped policy has every setting, except long lists."""
    tables = tomllib.loads(SHIPPED.read_text("utf-8"))
    hidden = {
        f"[{name}] {key}"
        for name, rule in rules.shipped_rules().items()
        for key, value in rule.settings()
        if key not in tables[name] and not (isinstance(value, Sized) and len(value) > 5)
    }
    assert not hidden


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        pytest.param(
            {"lenght": {}}, "[lenght]: no such rule; did you mean 'length'?", id="misspelt rule"
        ),
        pytest.param({"xyz": {}}, "[xyz]: no such rule", id="unknown rule"),
        pytest.param(
            {"length": {"most_word": 3}},
            "[length] most_word: no such setting; did you mean 'most_words'?",
            id="misspelt setting",
        ),
        pytest.param(
            {"length": {"revew": 0.5}},
            "[length] revew: no such setting; did you mean 'review'?",
            id="misspelt threshold",
        ),
        pytest.param(
            {"length": {"review": 1.2}},
            '[length] review: must be a number from 0 to 1, or "never", not 1.2',
            id="threshold over 1",
        ),
        pytest.param(
            {"length": {"review": -0.1}},
            '[length] review: must be a number from 0 to 1, or "never", not -0.1',
            id="threshold under 0",
        ),
        pytest.param(
            {"length": {"review": True}},
            '[length] review: must be a number from 0 to 1, or "never", not True',
            id="a threshold is not a switch",
        ),
        pytest.param(
            {"length": {"review": float("nan")}},
            '[length] review: must be a number from 0 to 1, or "never", not nan',
            id="not a number",
        ),
        pytest.param(
            {"length": {"review": "often"}},
            "[length] review: must be a number from 0 to 1, or \"never\", not 'often'",
            id="a word for a threshold",
        ),
        pytest.param(
            {"length": {"review": 0.9, "reject": 0.5}},
            "[length] reject (0.5) must not be below review (0.9)",
            id="reject below review",
        ),
        pytest.param(
            {"length": {"most_words": "many"}},
            "[length] most_words: must be a valid integer",
            id="setting of the wrong type",
        ),
        pytest.param(
            {"length": {"most_words": 0}},
            "[length] most_words: must be greater than or equal to 1",
            id="setting out of range",
        ),
        pytest.param({"length": {"guideline": ""}}, "[length] guideline", id="empty guideline"),
        pytest.param({"length": 3}, "[length]: must be a table", id="a rule that is not a table"),
        pytest.param({"house": 3}, "[house]", id="a house that is not a table"),
        pytest.param({"house": {"naem": "x"}}, "[house] naem: no such setting", id="house key"),
    ],
)
def test_mistakes_are_named(tables: dict[str, Any], message: str) -> None:
    """The problem names the table and key, and what would be right."""
    (problem,) = problems(tables)
    assert problem.startswith(message)


def test_every_mistake_at_once() -> None:
    """The error names all mistakes of a file."""
    listed = problems({"lenght": {}, "length": {"most_words": 0, "review": 2, "revue": 1}})
    assert len(listed) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"[length", "cannot be read", id="not TOML"),
        pytest.param(b"\xff\xfe", "cannot be read", id="not UTF-8"),
        pytest.param(None, "there is no such file", id="no file"),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes | None, message: str) -> None:
    """The error names the file and the reason."""
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PolicyError, match=message) as caught:
        Policy.load(path)
    assert caught.value.source == str(path)


def test_operator_file_is_merged_key_by_key(tmp_path: Path) -> None:
    """Settings that an operator leaves out stay as shipped."""
    path = tmp_path / "mine.toml"
    path.write_text("[length]\nmost_words = 50\n", "utf-8")
    shipped, custom = Policy.load().rules["length"], Policy.load(path).rules["length"]
    assert custom.settings.model_dump() == shipped.settings.model_dump() | {"most_words": 50}
    assert custom.thresholds == shipped.thresholds


ALIASES = [
    (name, alias, key)
    for name, rule in rules.shipped_rules().items()
    for alias, key in rule.settings.aliases.items()
]


@pytest.mark.parametrize(("rule", "alias", "key"), ALIASES)
def test_a_setting_goes_by_its_alias_too(tmp_path: Path, rule: str, alias: str, key: str) -> None:
    """A file may use either name; the policies are the same, and so are their hashes."""
    path = tmp_path / "mine.toml"
    path.write_text(f"[{rule}]\n{alias} = 0.25\n", "utf-8")
    policy = Policy.load(path)
    assert getattr(policy.rules[rule].settings, key) == 0.25
    assert policy.hash == Policy.load({rule: {key: 0.25}}).hash
    assert Policy.of({**policy.tables, rule: {**policy.tables[rule]}}).hash == policy.hash


def test_the_aliases_that_exist() -> None:
    """Files in use may hold each of these, so none is ever removed."""
    assert len(ALIASES) >= 5
    assert ("abuse", "unaimed_cap", "most_unaimed") in ALIASES


def test_a_setting_given_by_both_names() -> None:
    """The error names both."""
    assert problems({"abuse": {"notice": 0.3, "report_from": 0.3}}) == [
        "[abuse] report_from is another name of notice: set one of them"
    ]


def test_a_misspelt_alias_is_named() -> None:
    """Suggestions include the aliases."""
    (problem,) = problems({"abuse": {"unaimed_cup": 0.8}})
    assert problem.endswith("did you mean 'unaimed_cap'?")


def test_a_disabled_rule_is_left_out() -> None:
    """`enabled = false` takes a rule out of the policy."""
    assert "length" not in Policy.load({"length": {"enabled": False}}).rules


def test_hash_names_the_policy() -> None:
    """A policy's hash does not depend on the order of its keys. Another policy has another hash."""
    first = {"length": {"most_words": 9, "review": 0.5}, "house": {"name": "A"}}
    second = {"house": {"name": "A"}, "length": {"review": 0.5, "most_words": 9}}
    assert Policy.load(first).hash == Policy.load(second).hash
    assert Policy.load(first).hash != Policy.load().hash
    assert Policy.load().hash.startswith("sha256:")


def test_a_replaced_policy_has_another_hash() -> None:
    """The hash is computed from the content, so no copy keeps the hash of its original."""
    shipped = Policy.load()
    fast = shipped.publication.model_copy(update={"reader": "fast"})
    length = shipped.rules["length"]
    lax = replace(length, thresholds=length.thresholds.model_copy(update={"review": "never"}))
    short = replace(length, settings=length.settings.model_copy(update={"most_words": 9}))
    hashes = {
        shipped.hash,
        replace(shipped, publication=fast).hash,
        replace(shipped, rules={}).hash,
        replace(shipped, rules={**shipped.rules, "length": lax}).hash,
        replace(shipped, rules={**shipped.rules, "length": short}).hash,
        replace(shipped, tables={}).hash,
    }
    assert len(hashes) == 6
    assert replace(shipped, publication=shipped.publication.model_copy()).hash == shipped.hash


def test_a_loaded_policys_hash_covers_tables_and_settings() -> None:
    """Recorded decisions carry this hash, so the way to compute it stays the same."""
    off = {"length": {"enabled": False}, "house": {"decide_days": "3"}, "spam": {"reject": 1}}
    for policy in (Policy.load(), Policy.load(off)):
        every_rule = {**policy.rules, **policy.disabled}
        settings = {name: rule.settings.model_dump() for name, rule in every_rule.items()}
        content = json.dumps(
            [policy.tables, settings], sort_keys=True, ensure_ascii=False, default=sorted
        )
        assert policy.hash == f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("score", "action"),
    [(0.0, "approve"), (0.59, "approve"), (0.6, "review"), (0.9, "reject"), (1.0, "reject")],
)
def test_thresholds(score: float, action: str) -> None:
    """A threshold includes its own value."""
    assert str(RULE.action(score)) == action


def test_a_rule_without_thresholds_never_acts() -> None:
    """In shadow neither the highest score nor a failed check acts."""
    rule = Policy.load({"length": {"review": "never", "reject": "never"}}).rules["length"]
    assert rule.thresholds.shadow
    assert rule.reason(Finding("length", 1.0, "")).action == Action.APPROVE
    assert rule.failed().action == Action.APPROVE
