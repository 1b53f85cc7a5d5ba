"""The files of the WordPress plug-in. tests/platforms tests what it does in WordPress."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "clients" / "wordpress"
PLUGIN = FOLDER / "house-rules"
FILES = sorted(PLUGIN.rglob("*.php"))


def run(program: str, *arguments: str | Path) -> str:
    """Run a program and return its output. Fails unless it succeeds without warnings."""
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_opened_directly(path: Path) -> None:
    """Every file has valid syntax, and does nothing outside WordPress."""
    assert run("php", "-d", "display_errors=stderr", path) == ""


def test_the_style() -> None:
    """php-codesniffer finds nothing."""
    run("phpcs", "-q", f"--standard={FOLDER / 'phpcs.xml'}", PLUGIN)


def test_the_readme_has_the_plugins_headers() -> None:
    """WordPress reads the version and its requirements in both files."""
    plugin = (PLUGIN / "house-rules.php").read_text("utf-8")
    readme = (PLUGIN / "readme.txt").read_text("utf-8")
    version = re.search(r"Version: +(.+)", plugin)
    assert version
    assert f"HOUSE_RULES_VERSION', '{version[1]}'" in plugin
    assert f"Stable tag: {version[1]}\n" in readme
    for header in ("Requires at least", "Requires PHP"):
        value = re.search(f"{header}: +(.+)", plugin)
        assert value
        assert f"{header}: {value[1]}\n" in readme
