"""The package, built once and installed once for all tests."""

from pathlib import Path

import pytest

from tests.installed.package import Environment, build, copy_sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the sources from which packages are built."""
    return copy_sources(tmp_path_factory.mktemp("package") / "sources")


@pytest.fixture(scope="session")
def wheel(sources: Path) -> Path:
    """Return the wheel."""
    return build(sources, "wheel")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """Return an environment with the wheel."""
    environment = Environment.create(tmp_path_factory.mktemp("installed"))
    environment.install(wheel)
    return environment
