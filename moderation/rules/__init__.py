"""The house rules, one per file. A file in this folder is a rule.

A rule's file has three parts: a docstring, which becomes the rule's page in the docs; a `Settings`
model, whose fields are the keys in the policy; and `check(text, settings)`, which returns a
`Finding` or None. A check gives evidence. The policy decides what follows from it.

Four constants are optional. `MOST` is the strictest action of a decision in which the rule acts.
`URGENT` puts the comment first in the queue. `SENSITIVE` says that the findings are personal data
of a special kind, such as an author's health. `SPARES_QUOTATIONS` says that the rule rejects only
the author's own words: what the author only quotes goes to a person at most.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from moderation.decision import Action, Finding
from moderation.text.reading import Text


class Settings(BaseModel):
    """The base class of each rule's settings. A policy with an unknown key raises an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aliases: ClassVar[Mapping[str, str]] = {}
    """Other names of settings that a policy file may use, each with the setting's name."""


@dataclass(frozen=True)
class Rule:
    """A house rule: its name, its documentation, the class of its settings and its check function.

    If the rule asks for review or rejection of a comment, the comment's decision is `most` or
    milder. The comments of an `urgent` rule come first in the review queue. Findings of a
    `sensitive` rule are shown only to people who need them. A rule that `spares_quotations` does
    not reject a comment for words that its author only quotes.
    """

    name: str
    doc: str
    settings: type[Settings]
    check: Callable[[Text, Any], Finding | None]
    most: Action = Action.REJECT
    urgent: bool = False
    sensitive: bool = False
    spares_quotations: bool = False


def _rule(name: str) -> Rule:
    module = importlib.import_module(f"{__name__}.{name}")
    return Rule(
        name,
        module.__doc__ or "",
        module.Settings,
        module.check,
        getattr(module, "MOST", Action.REJECT),
        getattr(module, "URGENT", False),
        getattr(module, "SENSITIVE", False),
        getattr(module, "SPARES_QUOTATIONS", False),
    )


def all_rules() -> dict[str, Rule]:
    """Return all rules in this folder as a dict by name, in alphabetical order.

    >>> "length" in all_rules()
    True
    """
    return {info.name: _rule(info.name) for info in pkgutil.iter_modules(__path__)}


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
