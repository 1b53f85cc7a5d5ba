"""Every rule has its test, docs and policy, and only one file reads the environment.

`make lint` checks the layers of imports (`tool.importlinter` in pyproject.toml).
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import moderation
from moderation import rules

ROOT = Path(__file__).parents[1]
FILES = sorted(path for top in ("moderation", "api") for path in (ROOT / top).rglob("*.py"))
RULES = sorted(rules.shipped_rules())


def module(path: Path) -> str:
    """Return the module of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_few_files_read_the_environment() -> None:
    """Only the service's settings and the state directory come from environment variables."""
    modules = [
        module(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if ast.unparse(node) in ("os.environ", "os.getenv")
    ]
    assert set(modules) <= {"api.app", "moderation.paths"}


def test_no_eval() -> None:
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
def test_every_rule_is_documented_and_tested(name: str) -> None:
    """A rule has a test, a row in the README, a table in the policy and a long docstring."""
    assert (ROOT / "tests" / "rules" / f"test_{name}.py").is_file()
    assert f"| [`{name}`](docs/rules.md#{name}) |" in (ROOT / "README.md").read_text("utf-8")
    assert name in tomllib.loads((ROOT / "moderation" / "policy.toml").read_text("utf-8"))
    assert len(rules.shipped_rules()[name].doc.strip().splitlines()) > 2


def test_imports_are_declared() -> None:
    """Every library that a file imports is one of the project's dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    declared = {canonicalize_name(Requirement(line).name) for line in wanted}
    distributions = packages_distributions()
    tops = {name.partition(".")[0] for path in FILES for name in imported(path)}
    foreign = tops - sys.stdlib_module_names - {"moderation", "api", "__future__"}
    undeclared = {
        top
        for top in foreign
        if not declared & {canonicalize_name(name) for name in distributions.get(top, [top])}
    }
    assert not undeclared


def test_exports_for_the_authors_of_rules() -> None:
    """A rule in another package needs to import only from `moderation`."""
    needed = {"Comment", "Finding", "Rule", "Settings", "Span", "Text"}
    assert needed <= set(moderation.__all__)
    assert all(hasattr(moderation, name) for name in moderation.__all__)


def locked(name: str) -> dict[str, str]:
    """Return the versions in a lock file by package."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return dict(
        line.split(" ")[0].split("==") for line in lines if re.match(r"[a-z0-9][^ ]*==", line)
    )


def test_one_lock_has_all_extras() -> None:
    """It has every package that an extra names. The other locks have the same versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    names = [canonicalize_name(Requirement(line).name) for line in extras + project["dependencies"]]
    everything = locked("requirements-all.lock")
    assert {name for name in names if name not in everything} == set()
    for part in ("requirements.lock", "requirements-dev.lock"):
        assert locked(part).items() <= everything.items(), part


def test_the_locks_are_made_by_one_version_of_uv() -> None:
    """Another version of uv may write other locks."""
    assert re.search(r"install uv==\d+\.\d+\.\d+\n", (ROOT / "Makefile").read_text("utf-8"))
