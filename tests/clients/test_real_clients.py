"""Other people's clients, unchanged, against the running service: only the address is new.

`make clients` installs them. They run in namespaces of their own (see `inside.py`), where the
hosts that some have hard-coded lead to the service. `golden/` pins what each received; scores are
written there as what they mean ("high" from .5 on), so that a retrained model changes nothing.
To write those files anew: MODERATION_WRITE_GOLDEN=1 make test.

Each client asks twice: while the service has no key, with one that is made up, and then with a key.
It receives the same, but that without a key a wrong one is good.
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

NAMES = [driver.stem for driver in DRIVERS]
WRONG = {"wrong", "bad_key"}  # what a driver calls its request with a wrong key
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
    """What every client received, all in one run of the service: without a key, and with one."""
    folder: Path = tmp_path_factory.mktemp("clients")
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *root, "--mount", "--net", sys.executable, "-m", "tests.clients.inside"]
    done = subprocess.run(  # noqa: S603 - our own
        [*command, folder], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads((folder / "received.json").read_text("utf-8"))
    return found


def took(received: dict[str, Any], name: str, mode: str) -> dict[str, Any]:
    """What a client received that ran to its end."""
    own: dict[str, Any] = received[mode][name]
    assert "failed" not in own, own["failed"]
    found: dict[str, Any] = meaning(own)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_client_receives_what_it_expects(received: dict[str, Any], name: str) -> None:
    """The client runs to its end, and what it made of the answers is what it made before."""
    found = took(received, name, "key")
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("MODERATION_WRITE_GOLDEN"):
        golden.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_any_key_is_good_while_there_is_none(received: dict[str, Any], name: str) -> None:
    """A newcomer's first try works, with whatever key the client cannot go without."""
    found, with_key = took(received, name, "keyless"), took(received, name, "key")
    for wrong in WRONG & found.keys():
        answer, refused = found.pop(wrong), with_key.pop(wrong)
        assert answer is not False
        assert not (isinstance(answer, dict) and "raised" in answer), answer
        assert answer != refused
    assert found == with_key


def test_every_golden_file_has_its_client() -> None:
    """No file is left over from a client that no longer runs."""
    assert {path.stem for path in GOLDEN.glob("*.json")} == {driver.stem for driver in DRIVERS}
