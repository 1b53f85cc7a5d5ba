"""The house's map, kept by a machine: imports point one way, and every rule has its papers."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from moderation import rules

ROOT = Path(__file__).parents[1]
FILES = sorted(path for top in ("moderation", "api") for path in (ROOT / top).rglob("*.py"))
RULES = sorted(rules.all_rules())

# Who must not import what, by the beginnings of their names.
FORBIDDEN = [
    ("moderation", ("flask", "werkzeug", "sqlalchemy", "alembic", "gunicorn", "requests")),
    ("moderation.rules", ("moderation.policy", "moderation.moderator", "moderation.training")),
    ("moderation.models", ("moderation.rules", "moderation.policy", "moderation.moderator")),
    ("moderation.scoring", ("moderation.rules", "moderation.policy", "moderation.moderator")),
    ("moderation.text.reading", ("moderation.models", "moderation.rules", "moderation.policy")),
    ("moderation.decision", ("moderation.",)),
    ("api", ("pickle", "marshal", "shelve", "joblib", "torch", "dill")),
    ("moderation.models", ("pickle", "marshal", "shelve", "joblib", "torch", "dill")),
    ("moderation.scoring", ("pickle", "marshal", "shelve", "joblib", "torch", "dill")),
]


def module(path: Path) -> str:
    """A file's name as a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, by its full name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, top: str) -> bool:
    """Whether a name is `top` or stands under it."""
    return name == top or name.startswith(f"{top}.") or (top.endswith(".") and name.startswith(top))


@pytest.mark.parametrize(
    ("who", "what"), FORBIDDEN, ids=lambda it: it if isinstance(it, str) else ""
)
def test_imports_point_one_way(who: str, what: tuple[str, ...]) -> None:
    """No file imports what stands above it, nor what its side of the house must not need."""
    wrong = [
        f"{module(path)} imports {name}"
        for path in FILES
        if within(module(path), who)
        for name in imported(path)
        if any(within(name, top) for top in what)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("what", "who"),
    [
        ("api", ("api", "moderation.cli.serve", "moderation.cli.service")),
        ("moderation.training", ("api", "moderation.cli", "moderation.training")),
        ("moderation.cli", ("moderation.cli", "moderation.__main__")),
    ],
)
def test_few_reach_for_the_ends_of_the_house(what: str, who: tuple[str, ...]) -> None:
    """The library needs neither service nor command line, and judging needs no training."""
    reaching = {module(path) for path in FILES for name in imported(path) if within(name, what)}
    assert not {name for name in reaching if not any(within(name, top) for top in who)}


@pytest.mark.parametrize("name", RULES)
def test_rules_do_not_know_each_other(name: str) -> None:
    """A check imports no other check."""
    others = {f"moderation.rules.{other}" for other in RULES if other != name}
    found = set(imported(ROOT / "moderation" / "rules" / f"{name}.py"))
    assert not {name for name in found if any(within(name, other) for other in others)}


def test_one_reader_of_the_environment() -> None:
    """Environment variables are read in one file."""
    readers = [
        module(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if ast.unparse(node) in ("os.environ", "os.getenv")
    ]
    assert set(readers) <= {"api"}


def test_nothing_is_run_from_text() -> None:
    """No file calls eval or exec."""
    calls = [
        f"{module(path)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec")
    ]
    assert not calls


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_its_papers(name: str) -> None:
    """A rule has a test, a row in the README, a table in the policy and a page in its docstring."""
    assert (ROOT / "tests" / "rules" / f"test_{name}.py").is_file()
    assert f"| [`{name}`](docs/rules.md#{name}) |" in (ROOT / "README.md").read_text("utf-8")
    assert name in tomllib.loads((ROOT / "moderation" / "policy.toml").read_text("utf-8"))
    assert len(rules.all_rules()[name].doc.strip().splitlines()) > 2


def test_what_is_imported_is_declared() -> None:
    """Every library that a file imports stands among the project's dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    declared = {canonicalize_name(Requirement(line).name) for line in wanted}
    distributions = packages_distributions()
    tops = {name.partition(".")[0] for path in FILES for name in imported(path)}
    foreign = tops - sys.stdlib_module_names - {"moderation", "api", "__future__"}
    undeclared = {
        top
        for top in foreign
        if not declared & {canonicalize_name(it) for it in distributions.get(top, [top])}
    }
    assert not undeclared
