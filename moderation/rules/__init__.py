"""The house rules, one per file. The folder is the list: adding a file adds a rule.

A rule's file holds a docstring (its page in the docs), a `Settings` model (its keys in the
policy) and `check(text, settings) -> Finding | None`. It gives evidence, never a verdict.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from moderation.decision import Finding
from moderation.text.reading import Text


class Settings(BaseModel):
    """What an operator may set for a rule. A key that no rule knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=())


@dataclass(frozen=True)
class Rule:
    """A house rule: its name, what can be set, and the check itself."""

    name: str
    doc: str
    settings: type[Settings]
    check: Callable[[Text, Any], Finding | None]


def _rule(name: str) -> Rule:
    module = importlib.import_module(f"{__name__}.{name}")
    return Rule(name, module.__doc__ or "", module.Settings, module.check)


def all_rules() -> dict[str, Rule]:
    """Every rule of this folder by name, in alphabetical order.

    >>> "length" in all_rules()
    True
    """
    return {info.name: _rule(info.name) for info in pkgutil.iter_modules(__path__)}
