"""What all tests share, the examples in docstrings among them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

# What needs torch (the extra `train`) is collected only where it is installed.
collect_ignore = ["tests/clients/drivers"]  # programs, each for a client that only it has
if not find_spec("torch"):
    collect_ignore += [
        "moderation/training/transformer/network.py",
        "moderation/training/sentences/teacher.py",
        "tests/training/transformer/test_network.py",
        "tests/training/sentences/test_teacher.py",
    ]


@pytest.fixture(autouse=True, scope="session")
def _own_record(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A record and a spool of the tests' own, far from those of a service that may run here."""
    folder: Path = tmp_path_factory.mktemp("service")
    patch = pytest.MonkeyPatch()
    patch.setenv("MODERATION_DATABASE", f"sqlite:///{folder}/record.sqlite")
    patch.setenv("MODERATION_SPOOL", str(folder / "spool"))
