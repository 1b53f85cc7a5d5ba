"""`check_rule` finds what is wrong with a rule, and says what would be right."""

import importlib
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ConfigDict, Field

from moderation import Finding, Span, Text, rules
from moderation.testing import check_rule

SAYS_NOTHING = {"noise": "`length` is about comments that say nothing"}


@pytest.mark.parametrize("name", sorted(rules.shipped_rules()))
def test_our_own_rules_pass(name: str) -> None:
    """They keep to what a plug-in must keep to."""
    module = importlib.import_module(f"moderation.rules.{name}")
    check_rule(module, skip=SAYS_NOTHING if name == "length" else None)


class Settings(rules.Settings):
    """Settings as they should be."""

    most: int = Field(2, description="How many.")


def module(
    check: Callable[[Text, Any], Any],
    doc: str = "Say no.",
    settings: type = Settings,
) -> Any:
    """Return a module called `no`."""
    module = ModuleType("courier.no", doc)
    module.__dict__.update(check=check, Settings=settings)
    return module


def finding(text: Text, score: float = 0.5, *spans: Span, **more: Any) -> Finding | None:
    """Return a finding for texts in capitals or with a link."""
    loud = "NOTHING" in text.clean or "http" in text.clean
    return Finding("no", score, "Write calmly.", spans, **more) if loud else None


def test_a_good_rule() -> None:
    """It passes, whatever its module is called elsewhere."""
    check_rule(module(lambda text, _: finding(text)))
    check_rule(module(lambda text, _: finding(text)), name="no")


def at_random(text: Text, _: Any) -> Finding | None:
    """Find something by chance."""
    return finding(text, random.random())  # noqa: S311 - what the test is about


def remembering() -> Callable[[Text, Any], Finding | None]:
    """Return a check whose score depends on the comments before."""
    seen: list[str] = []

    def check(text: Text, _: Any) -> Finding | None:
        seen.append(text.raw)
        return finding(text, 1 / len(seen))

    return check


def noting(text: Text, _: Any) -> None:
    """Change one of the text's notes."""
    text.notes["language"] = "no"


def reading_a_file(_: Text, __: Any) -> None:
    """Read a file for each comment."""
    Path(__file__).read_bytes()


def slow(text: Text, _: Any) -> None:
    """Take a time that grows with the square of the length."""
    end = time.thread_time() + 2e-4 * len(text.raw)
    while time.thread_time() < end:
        pass


def explosive(text: Text, _: Any) -> None:
    """Match a pattern that takes twice as long for each further character."""
    re.match(r"(a+)+$", text.clean + "!")


def leaving(_: Text, __: Any) -> None:
    """End the process."""
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (lambda text, _: finding(text, 1.5), "findings: check(.*) score is 1.5; it must be"),
        (lambda text, _: finding(text, float("nan")), "score is nan; it must be a number"),
        (lambda text, _: finding(text, True), "score is True"),
        (lambda text, _: finding(text, 1, Span(0, 9999, "")), "span 0-9999 is not a place in"),
        (lambda text, _: finding(text, 1, Span(0, 3, "xyz")), "make spans with text.span"),
        (lambda text, _: finding(text, 1, suggestion=7), "suggestion must be"),
        (lambda *_: Finding("yes", 1, "…"), "rule is 'yes'; it must be 'no'"),
        (lambda *_: Finding("no", 1, " "), "message is empty"),
        (lambda *_: "no", "check returned str; it must be a Finding or None"),
        (lambda text, _: text.clean.index("x" * 9), "raised ValueError: substring not found"),
        (lambda *_: Finding("no", 1, "Be quiet."), "noise: check(.*) found something"),
        (at_random, "deterministic: check(.*) gave .* the same comment must always get"),
        (at_random, "pure: check used random numbers"),
        (remembering(), "deterministic: "),
        (noting, "pure: check(.*) changed the text, its scores or its notes"),
        (reading_a_file, "pure: check used open; a rule uses nothing but the text"),
        (slow, "quick: check(.*) of .* characters took .* ms; at most 100 are allowed"),
        (explosive, "quick: check(.*) of 24 characters took"),
        (leaving, "raised SystemExit: 3"),
    ],
)
def test_what_a_check_does_wrong(check: Callable[[Text, Any], Any], problem: str) -> None:
    """Each message names the test, and a comment that shows it."""
    with pytest.raises(AssertionError) as caught:
        check_rule(module(check))
    assert str(caught.value).startswith("no is no good rule:\n- ")
    assert re.search(problem, str(caught.value)), str(caught.value)


class Mutable(rules.Settings):
    """Settings that may change."""

    model_config = ConfigDict(frozen=False, extra="ignore")
    most: int = 1


class Needy(rules.Settings):
    """Settings that need a policy table."""

    most: int = Field(description="How many.")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"doc": ""}, "has no docstring; its first line is the guideline"),
        ({"doc": "hashtags"}, "the first line of the docstring is no sentence: 'hashtags'"),
        ({"settings": dict}, "has no class Settings that inherits from moderation.rules.Settings"),
        ({"settings": Mutable}, "Settings must keep extra='forbid' and frozen=True"),
        ({"settings": Mutable}, "Settings.most has no description"),
        ({"settings": Needy}, "Settings.most has no default"),
    ],
)
def test_what_a_module_lacks(parts: dict[str, Any], problem: str) -> None:
    """The form is tested first, and all of it is reported."""
    with pytest.raises(AssertionError, match=r"shape: ") as caught:
        check_rule(module(lambda text, _: finding(text), **parts))
    assert problem in str(caught.value)


def test_a_test_can_be_skipped_with_a_reason() -> None:
    """A rule about noise is not silent on it. The name of the test must be right."""
    loud = module(lambda *_: Finding("no", 1, "Be quiet."))
    check_rule(loud, skip={"noise": "it is about noise"})
    with pytest.raises(ValueError, match="no test is called nois"):
        check_rule(loud, skip={"nois": "it is about noise"})
