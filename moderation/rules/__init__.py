"""The house rules, one per file. A file in this folder is a rule, and so is an installed plug-in.

A rule's file has three parts: a docstring, which becomes the rule's page in the docs; a `Settings`
model, whose fields are the keys in the policy; and `check(text, settings)`, which returns a
`Finding` or None. A check gives evidence. The policy decides what follows from it.

Four constants are optional. `MOST` is the strictest action of a decision in which the rule acts.
`URGENT` puts the comment first in the queue. `SENSITIVE` says that the findings are personal data
of a special kind, such as an author's health. `SPARES_QUOTATIONS` says that the rule rejects only
the author's own words: what the author only quotes goes to a person at most.

A plug-in is a module of the same form in a package of your own (docs/plugins.md).
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from moderation import plugins
from moderation.decision import Action, Finding
from moderation.plugins import Plugin, PluginError
from moderation.text.reading import Text


class Settings(BaseModel):
    """The base class of each rule's settings. A policy with an unknown key raises an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aliases: ClassVar[Mapping[str, str]] = {}
    """Other names of settings that a policy file may use, each with the setting's name."""


Check = Callable[[Text, Any], Finding | None]


@dataclass(frozen=True)
class Rule:
    """A house rule: its name, its documentation, the class of its settings and its check function.

    If the rule asks for review or rejection of a comment, the comment's decision is `most` or
    milder. The comments of an `urgent` rule come first in the review queue. Findings of a
    `sensitive` rule are shown only to people who need them. A rule that `spares_quotations` does
    not reject a comment for words that its author only quotes. `plugin` is the package of a
    plug-in, with its version; it is empty for our own rules.
    """

    name: str
    doc: str
    settings: type[Settings]
    check: Check
    most: Action = Action.REJECT
    urgent: bool = False
    sensitive: bool = False
    spares_quotations: bool = False
    plugin: str = ""

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return (self.doc.strip().splitlines() or [""])[0]


def _rule(name: str, module: Any, plugin: str = "") -> Rule:
    return Rule(
        name,
        module.__doc__ or "",
        module.Settings,
        module.check,
        getattr(module, "MOST", Action.REJECT),
        getattr(module, "URGENT", False),
        getattr(module, "SENSITIVE", False),
        getattr(module, "SPARES_QUOTATIONS", False),
        plugin,
    )


def shipped_rules() -> dict[str, Rule]:
    """Return the rules in this folder as a dict by name, in alphabetical order.

    >>> "length" in shipped_rules()
    True
    """
    names = [info.name for info in pkgutil.iter_modules(__path__)]
    return {name: _rule(name, importlib.import_module(f"{__name__}.{name}")) for name in names}


def all_rules() -> dict[str, Rule]:
    """Return the rules in this folder and the installed plug-ins, in alphabetical order.

    Raises `PluginError` if a plug-in cannot be used.

    >>> all_rules().keys() >= shipped_rules().keys()
    True
    """
    shipped = shipped_rules()
    installed = plugins.installed(plugins.RULES, frozenset(shipped) | {"house"})
    rules = {**shipped, **{name: _plugin_rule(plugin) for name, plugin in installed.items()}}
    return dict(sorted(rules.items()))


def _plugin_rule(plugin: Plugin) -> Rule:
    module = plugin.load()
    if problems := [f"{plugin.describe()}: {problem}" for problem in shape_problems(module)]:
        raise PluginError(problems)
    rule = _rule(plugin.name, module, plugin.label)
    return replace(rule, check=_verified(plugin.name, rule.check))


def _verified(name: str, check: Check) -> Check:
    """Return a plug-in's check that raises an exception instead of returning a wrong finding.

    `sys.exit` in a plug-in raises an ordinary exception too, so that it ends no process.
    """

    @functools.wraps(check)
    def verified(text: Text, settings: Any) -> Finding | None:
        try:
            finding = check(text, settings)
        except SystemExit as error:
            raise RuntimeError("the plug-in called sys.exit") from error
        if finding is not None and (problem := finding_problem(name, finding, text)):
            raise ValueError(problem)
        return finding

    return verified


def finding_problem(name: str, finding: Any, text: Text) -> str | None:
    """Return what is wrong with a finding of the rule `name`, or None.

    >>> from moderation.text.reading import read
    >>> finding_problem("demo", Finding("demo", 1.5, "…"), read("Well said."))
    'score is 1.5; it must be a number from 0 to 1'
    """
    if not isinstance(finding, Finding):
        return f"check returned {type(finding).__name__}; it must be a Finding or None"
    if finding.rule != name:
        return f"rule is {finding.rule!r}; it must be {name!r}, the name of the entry point"
    if isinstance(finding.score, bool) or not isinstance(finding.score, int | float):
        return f"score is {finding.score!r}; it must be a number from 0 to 1"
    if not 0 <= finding.score <= 1:
        return f"score is {finding.score!r}; it must be a number from 0 to 1"
    if not isinstance(finding.message, str) or not finding.message.strip():
        return "message is empty; it must be a sentence to the author"
    if finding.suggestion is not None and not isinstance(finding.suggestion, str):
        return "suggestion must be the whole corrected comment, or None"
    for span in finding.spans:
        inside = 0 <= span.start < span.end <= len(text.raw)
        if not inside or span.text != text.raw[span.start : span.end]:
            return (
                f"span {span.start}-{span.end} is not a place in the text as received; "
                "make spans with text.span(start, end)"
            )
    return None


def shape_problems(module: Any) -> Iterator[str]:
    """Yield what keeps a module from being a rule: each a sentence that says what would be right.

    >>> import json
    >>> list(shape_problems(json))[1]
    'has no function check(text, settings)'
    """
    if not (module.__doc__ or "").strip():
        yield "has no docstring; its first line is the guideline"
    settings = getattr(module, "Settings", None)
    if not (inspect.isclass(settings) and issubclass(settings, Settings)):
        yield "has no class Settings that inherits from moderation.rules.Settings"
    else:
        yield from _settings_problems(settings)
    if not _takes_two(getattr(module, "check", None)):
        yield "has no function check(text, settings)"


def _takes_two(function: Any) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:  # it is no function, or takes other arguments
        return False
    return True


def _settings_problems(settings: type[Settings]) -> Iterator[str]:
    if settings.model_config.get("extra") != "forbid" or not settings.model_config.get("frozen"):
        yield "Settings must keep extra='forbid' and frozen=True, so that mistakes are reported"
    for name, field in settings.model_fields.items():
        if field.is_required():
            yield f"Settings.{name} has no default, and a rule must run without a policy table"
        if "ImportString" in repr(field):  # pydantic would import what the policy names
            yield f"Settings.{name} is an ImportString, and a policy file must not load code"
        if name in ("guideline", "enabled", "review", "reject"):
            yield f"Settings.{name} is a key of every rule's table; choose another name"


@functools.cache
def urgent() -> tuple[str, ...]:
    """Return the names of the rules whose comments come first in the review queue.

    >>> urgent()
    ('self_harm',)
    """
    return tuple(name for name, rule in all_rules().items() if rule.urgent)


@functools.cache
def sensitive() -> tuple[str, ...]:
    """Return the names of the rules whose findings are shown only to people who need them.

    >>> sensitive()
    ('self_harm',)
    """
    return tuple(name for name, rule in all_rules().items() if rule.sensitive)
