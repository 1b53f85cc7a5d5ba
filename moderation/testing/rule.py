"""Test a rule: its form, and what it does with many comments."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from moderation.decision import Finding
from moderation.guard import CPU_S
from moderation.plugins import RULES
from moderation.rules import finding_problem, shape_problems
from moderation.testing import samples
from moderation.text.reading import Text

_MOST_PROBLEMS = 3  # of one kind are reported
_LEVELS = (0.0, 1.0)  # of the scores that models give


def check_rule(
    module: Any, *, name: str | None = None, skip: Mapping[str, str] | None = None
) -> None:
    """Test that a module is a rule, as an installed plug-in must be.

    The tests are called shape, findings, deterministic, pure, noise and quick. The models do not
    run: all their scores are 0, and then all are 1.

    Args:
        module: The module, with a docstring, `Settings` and `check`.
        name: The rule's name. By default, the name of the installed entry point that names the
            module, or else the module's own name.
        skip: Tests to leave out, each with the reason.

    Raises:
        AssertionError: The module is no good rule. The message lists what is wrong.

    >>> from moderation.rules import shouting
    >>> check_rule(shouting)
    """
    name = name or _name(module)
    skip = skip or {}
    if unknown := skip.keys() - {"shape", *_TESTS}:
        raise ValueError(f"skip: no test is called {unknown.pop()}; there are {', '.join(_TESTS)}")
    problems = [f"shape: {problem}" for problem in _shape(module) if "shape" not in skip]
    if not problems:
        for test, run in _TESTS.items():
            if test not in skip:
                found = [f"{test}: {problem}" for problem in _caught(run(name, module))]
                problems += found[:_MOST_PROBLEMS]
    if problems:
        raise AssertionError(f"{name} is no good rule:\n" + "\n".join(f"- {p}" for p in problems))


def _name(module: Any) -> str:
    for entry in entry_points(group=RULES):
        if entry.value == module.__name__:
            return str(entry.name)
    return str(module.__name__).rpartition(".")[2]


def _caught(problems: Iterator[str]) -> Iterator[str]:
    """Yield the problems, and end with a message if the rule raises an exception."""
    try:
        yield from problems
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is reported
        yield f"check raised {type(error).__name__}: {error}"


def _shape(module: Any) -> Iterator[str]:
    yield from shape_problems(module)
    doc = inspect.cleandoc(module.__doc__ or "").splitlines()
    if doc and not doc[0].rstrip().endswith((".", "!", "?")):
        yield f"the first line of the docstring is no sentence: {doc[0]!r}; readers see it"
    settings = getattr(module, "Settings", None)
    for key, field in getattr(settings, "model_fields", {}).items():
        if not field.description:
            yield f"Settings.{key} has no description; write Field(…, description='…')"


def _findings(name: str, module: Any) -> Iterator[str]:
    """Yield wrong findings, and exceptions, for ordinary and odd comments."""
    settings = module.Settings()
    for level in _LEVELS:
        for comment in (*samples.HARMLESS, *samples.NOISE, *samples.ODD):
            text = samples.text(comment, level)
            try:
                finding = module.check(text, settings)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is reported
                yield f"check({samples.short(comment)}) raised {type(error).__name__}: {error}"
                continue
            if finding is not None and (problem := finding_problem(name, finding, text)):
                yield f"check({samples.short(comment)}): {problem}"


def _all(module: Any, comments: list[str]) -> dict[str, Finding | None]:
    settings = module.Settings()
    return {comment: module.check(samples.text(comment, 1.0), settings) for comment in comments}


def _deterministic(_: str, module: Any) -> Iterator[str]:
    """Yield comments whose finding depends on the time, on chance, or on earlier comments."""
    comments = [*samples.ODD, *samples.HARMLESS, *samples.NOISE]
    first, again = _all(module, comments), _all(module, comments[::-1])
    for comment, finding in first.items():
        if finding != again[comment]:
            yield (
                f"check({samples.short(comment)}) gave {finding}, and then {again[comment]}; "
                "the same comment must always get the same finding, whatever came before it"
            )


def _pure(_: str, module: Any) -> Iterator[str]:
    """Yield what a rule changes or uses besides the text and its settings."""
    settings = module.Settings()
    chance = random.getstate()
    for comment in (*samples.HARMLESS, *samples.ODD):
        text, same = samples.text(comment, 1.0), samples.text(comment, 1.0)
        with samples.watched() as events:
            module.check(text, settings)
        if events:
            yield f"check used {', '.join(sorted(set(events)))}; a rule uses nothing but the text"
        if _state(text, same) != _state(same, same):
            yield f"check({samples.short(comment)}) changed the text, its scores or its notes"
    if settings != module.Settings():
        yield "check changed its settings"
    if random.getstate() != chance:
        yield "check used random numbers"


def _state(text: Text, before: Text) -> tuple[object, ...]:
    """Return what a rule must not change. It may add a note, for what it computes only once."""
    notes = {name: text.notes.get(name) for name in before.notes}
    return text.raw, text.clean, text.comment, dict(text.scores), notes, text.tokens


def _noise(_: str, module: Any) -> Iterator[str]:
    """Yield noise and civil comments that the rule objects to, though no model does."""
    settings = module.Settings()
    for comment in (*samples.NOISE, *samples.HARMLESS):
        if finding := module.check(samples.text(comment), settings):
            yield (
                f"check({samples.short(comment)}) found something: {finding.message!r}; "
                "a rule is silent on what says nothing and on what is civil"
            )


def _quick(_: str, module: Any) -> Iterator[str]:
    """Yield the first size of a text that takes too long. Many patterns become slow at length."""
    settings = module.Settings()
    for size in samples.SIZES:
        for text in samples.long(size):
            seconds = min(_seconds(module, text, settings) for _ in range(3))
            if seconds > CPU_S:
                yield (
                    f"check({samples.short(text.raw)}) of {len(text.raw):,} characters took "
                    f"{seconds * 1000:,.0f} ms; at most {CPU_S * 1000:.0f} are allowed"
                )
                return


def _seconds(module: Any, text: Text, settings: Any) -> float:
    began = time.thread_time()
    module.check(text, settings)
    return time.thread_time() - began


_TESTS: Mapping[str, Callable[[str, Any], Iterator[str]]] = {
    "findings": _findings,
    "deterministic": _deterministic,
    "pure": _pure,
    "noise": _noise,
    "quick": _quick,
}
