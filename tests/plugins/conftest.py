"""Install packages with plug-ins: the example of the docs, and small ones of any content."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from moderation import plugins, rules

EXAMPLE = Path(__file__).parents[2] / "docs" / "plugin"
CACHED = (plugins.installed, rules.urgent, rules.sensitive)

Package = Callable[..., None]

RULE = '''
"""Say no."""
from moderation import rules
from moderation.decision import Finding

class Settings(rules.Settings):
    """None."""

def check(text, settings):
    return Finding("{name}", 1.0, "Do not say no.") if "no" in text.clean else None
'''


def forget() -> None:
    """Forget which plug-ins are installed."""
    for function in CACHED:
        function.cache_clear()


@pytest.fixture(scope="session")
def courier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the docs' example with pip, and return the folder it is in."""
    folder = tmp_path_factory.mktemp("courier")
    shutil.copytree(EXAMPLE, folder / "source")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    pip = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "packages")]
    subprocess.run([*pip, str(folder / "source")], check=True)  # noqa: S603 - our own example
    return folder / "packages"


@pytest.fixture
def installed(courier: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let this process see the example's package, as if it were installed."""
    with _visible(courier, monkeypatch):
        yield courier


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Return a function that installs a package with one plug-in, of any content."""

    def write(
        source: str,
        name: str = "no",
        *,
        package: str = "gazette-rules",
        group: str = plugins.RULES,
    ) -> None:
        module = package.replace("-", "_")
        (folder / f"{module}.py").write_text(dedent(source).replace("{name}", name), "utf-8")
        metadata = folder / f"{module}-2.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.0\n", "utf-8"
        )
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n", "utf-8")
        forget()

    folder = tmp_path / "packages"
    folder.mkdir()
    with _visible(folder, monkeypatch):
        yield write


@contextmanager
def _visible(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(folder))
    forget()
    yield
    sys.path.remove(str(folder))
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    forget()
