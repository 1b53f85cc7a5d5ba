"""Build the package, install it into an environment of its own, and run its commands there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (
    *("api", "data", "models", "moderation"),
    *("LICENSE", "MANIFEST.in", "NOTICE", "README.md", "pyproject.toml", "setup.py"),
)
_EACH = """
import contextlib, io, json
from moderation import cli
results = []
for command in {commands!r}:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        results.append((cli.run(command), output.getvalue()))
print(json.dumps(results))
"""
_BUILD = "import sys; from setuptools import build_meta as b; b.build_{}(sys.argv[1])"


def copy_sources(folder: Path) -> Path:
    """Copy what the package is built from, so that building writes nothing into the checkout."""
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".work")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def build(sources: Path, kind: str) -> Path:
    """Build a `wheel` or an `sdist` with the backend that pyproject.toml names. Return its path."""
    target = sources.with_name(f"{sources.name}-{kind}")
    target.mkdir()
    command = [sys.executable, "-c", _BUILD.format(kind), str(target)]
    built = subprocess.run(command, cwd=sources, capture_output=True, text=True)  # noqa: S603
    assert built.returncode == 0, built.stderr
    return next(target.iterdir())


def unpack(sdist: Path) -> Path:
    """Unpack a source distribution, and return the folder of the sources."""
    folder = sdist.with_name("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the package and nothing of the checkout.

    The dependencies are those of this process. `empty` is the folder in which commands run, and
    `home` is where a user's files would be.
    """

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Environment:
        """Create the environment. It finds this process's dependencies, but no editable install."""
        environment = cls(folder)
        venv.create(folder / "venv", symlinks=True)
        # A path in a .pth file is searched for packages; the .pth files in it are not read.
        libraries = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
        (environment.site / "dependencies.pth").write_text("\n".join(libraries), "utf-8")
        environment.empty.mkdir()
        environment.home.mkdir()
        return environment

    @property
    def empty(self) -> Path:
        """The folder in which commands run."""
        return self.folder / "empty"

    @property
    def home(self) -> Path:
        """The home folder of the user."""
        return self.folder / "home"

    @property
    def site(self) -> Path:
        """The folder of installed packages."""
        return next((self.folder / "venv" / "lib").glob("python3*")) / "site-packages"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables: none that would lead to the checkout or to a real user."""
        kept = ("PATH", "LANG", "LC_ALL", "TMPDIR")
        inherited = {name: os.environ[name] for name in kept if name in os.environ}
        return {**inherited, "HOME": str(self.home), "LOGNAME": "asha"}

    def install(self, wheel: Path) -> None:
        """Install a wheel, or upgrade to it."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.folder / "venv")]
        options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--upgrade"]
        command = [*pip, "install", *options, "--disable-pip-version-check", str(wheel)]
        subprocess.run(command, check=True, env=self.variables)  # noqa: S603

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `moderation` with these arguments."""
        return [str(self.folder / "venv" / "bin" / "moderation"), *arguments]

    def run(self, *arguments: str, cwd: Path | None = None, code: int = 0, **more: str) -> str:
        """Run a command, check its exit code, and return what it printed.

        Commands run in the folder `empty`. `more` are environment variables.
        """
        result = subprocess.run(  # noqa: S603 - our own
            self.command(*arguments),
            cwd=cwd or self.empty,
            env=self.variables | more,
            capture_output=True,
            text=True,
        )
        assert result.returncode == code, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout if code == 0 else result.stderr

    def run_each(self, commands: Sequence[Sequence[str]], **more: str) -> list[tuple[int, str]]:
        """Run commands in one process, which is faster. Return exit codes and standard outputs."""
        printed = self.python(_EACH.format(commands=commands), **more)
        results: list[tuple[int, str]] = json.loads(printed)
        return results

    def python(self, program: str, **more: str) -> str:
        """Run a program in Python, and return what it printed."""
        command = [str(self.folder / "venv" / "bin" / "python"), "-c", program]
        result = subprocess.run(  # noqa: S603 - our own
            command, cwd=self.empty, env=self.variables | more, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        return result.stdout
