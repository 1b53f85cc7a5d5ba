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
def _separate_record(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Use a record and a spool for the tests, apart from those of a service on this machine."""
    folder: Path = tmp_path_factory.mktemp("service")
    patch = pytest.MonkeyPatch()
    patch.setenv("MODERATION_DATABASE", f"sqlite:///{folder}/record.sqlite")
    patch.setenv("MODERATION_SPOOL", str(folder / "spool"))
