"""Find plug-ins: rules and kinds of model in packages of your own.

A package names each of its plug-ins in its metadata, as an entry point of the group
`house_rules.rules` or `house_rules.scorers`. Only installed packages are read. A policy file cannot
name code, so those who edit thresholds cannot load any.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

RULES, SCORERS = "house_rules.rules", "house_rules.scorers"
OURS = "house-rules"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SOURCES = (".py", ".toml", ".json", ".txt", ".csv")


class PluginError(ValueError):
    """A plug-in cannot be used. Each of `problems` names the plug-in and its package."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True)
class Plugin:
    """An installed plug-in: its name, and the name and version of its package."""

    name: str
    package: str
    version: str
    entry: EntryPoint = field(repr=False)

    @property
    def label(self) -> str:
        """The package and its version, such as 'courier-rules 1.0'."""
        return f"{self.package} {self.version}"

    def load(self) -> Any:
        """Import the plug-in's module and return it. Raises `PluginError`."""
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            kind = type(error).__name__
            problem = f"{self.describe()} cannot be imported: {kind}: {error}"
            raise PluginError([problem]) from error

    def describe(self) -> str:
        """Return the plug-in's name, group and package, for messages."""
        return f"{self.entry.group}: '{self.name}' of {self.label}"


@functools.cache
def installed(group: str, taken: frozenset[str]) -> Mapping[str, Plugin]:
    """Return the installed plug-ins of a group by name. `taken` has the names of our own.

    Raises `PluginError` if two packages use the same name, or if a name cannot be used.
    """
    plugins: dict[str, Plugin] = {}
    problems = []
    for plugin in _found(group):
        first = OURS if plugin.name in taken else None
        if plugin.name in plugins:
            first = plugins[plugin.name].label
        if first:
            problems.append(
                f"{plugin.describe()} has the same name as one of {first}: "
                "rename it, or uninstall one of the packages"
            )
        elif not _NAME.fullmatch(plugin.name):
            problems.append(
                f"{plugin.describe()} needs a name of lower-case letters, digits and underscores"
            )
        plugins[plugin.name] = plugin
    if problems:
        raise PluginError(problems)
    return plugins


def _found(group: str) -> Iterator[Plugin]:
    plugins = [
        Plugin(entry.name, entry.dist.name, entry.dist.version, entry)
        for entry in entry_points(group=group)
        if entry.dist
    ]
    return iter(sorted(plugins, key=lambda plugin: (plugin.name, plugin.package)))


def sources() -> list[Path]:
    """Return the source files of all packages with plug-ins, in an order that is always the same.

    Machines on which these files differ may decide differently.
    """
    entries = [entry for group in (RULES, SCORERS) for entry in entry_points(group=group)]
    files: list[Path] = []
    for name in sorted({entry.module.partition(".")[0] for entry in entries}):
        spec = importlib.util.find_spec(name)
        if spec is None:
            continue
        if not spec.submodule_search_locations:
            files += [Path(spec.origin)] if spec.origin else []
        for folder in map(Path, spec.submodule_search_locations or ()):
            paths = (path for path in folder.rglob("*") if path.suffix in _SOURCES)
            files += sorted(paths, key=lambda path: path.relative_to(folder).as_posix())
    return files
