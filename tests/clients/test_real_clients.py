"""Other people's clients, unchanged, against the running service: only the address is new.

`make clients` installs them. They run in namespaces of their own (see `inside.py`), where the
hosts that some have hard-coded lead to the service. `golden/` pins what each received; scores are
written there as what they mean ("high" from .5 on), so that a retrained model changes nothing.
To write those files anew: MODERATION_WRITE_GOLDEN=1 make test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.inside import DRIVERS, FOLDERS, HERE

ROOT = HERE.parents[1]
GOLDEN = HERE / "golden"
INSTALLED = (HERE / "node_modules").is_dir() and all(
    (ROOT / ".cache" / "clients" / name).is_dir() for name in FOLDERS.values()
)

pytestmark = [
    pytest.mark.skipif(not INSTALLED, reason="the clients are not installed: make clients"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="needs Linux's namespaces"),
]

_VOLATILE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|modr-\w+|\d{4}-\d\d-\d\dT[\d:.+]+")


def meaning(value: Any) -> Any:
    """What was received without what differs from run to run or from model to model."""
    match value:
        case dict():
            return {name: meaning(own) for name, own in value.items()}
        case list():
            return [meaning(own) for own in value]
        case float():
            return "high" if value >= 0.5 else "low"
        case str():
            return _VOLATILE.sub("…", value)
    return value


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every client received, all in one run of the service."""
    folder: Path = tmp_path_factory.mktemp("clients")
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *root, "--mount", "--net", sys.executable, "-m", "tests.clients.inside"]
    done = subprocess.run(  # noqa: S603 - our own
        [*command, folder], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads((folder / "received.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", [driver.stem for driver in DRIVERS])
def test_client_receives_what_it_expects(received: dict[str, Any], name: str) -> None:
    """The client runs to its end, and what it made of the answers is what it made before."""
    assert "failed" not in received[name], received[name]["failed"]
    found = meaning(received[name])
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("MODERATION_WRITE_GOLDEN"):
        golden.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))


def test_every_golden_file_has_its_client() -> None:
    """No file is left over from a client that no longer runs."""
    assert {path.stem for path in GOLDEN.glob("*.json")} == {driver.stem for driver in DRIVERS}
