"""Fixtures of all tests, including the doctests."""

from importlib.util import find_spec
from pathlib import Path

import pytest

# Files that need torch (the extra `train`) are collected only if it is installed.
collect_ignore = ["tests/clients/drivers"]  # programs for clients in other languages
if not find_spec("torch"):
    collect_ignore += [
        "moderation/training/transformer/network.py",
        "moderation/training/sentences/teacher.py",
        "tests/training/transformer/test_network.py",
        "tests/training/sentences/test_teacher.py",
    ]


@pytest.fixture(autouse=True, scope="session")
def _separate_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Use a state directory for the tests, apart from that of a service on this machine."""
    home: Path = tmp_path_factory.mktemp("state")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_DATA_HOME", str(home / "user"))  # where it would be without MODERATION_HOME
    patch.setenv("MODERATION_HOME", str(home))
