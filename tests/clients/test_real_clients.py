"""Other people's clients, unchanged but for the address, against the running service.

`make clients` installs them. They run in separate namespaces (see `inside.py`), where the hosts
that some have hard-coded resolve to the service. `golden/` holds what each received. Scores are
"high" (from .5) or "low" there, so a retrained model changes nothing.
To update these files: MODERATION_WRITE_GOLDEN=1 make test.

Each client runs twice: with an invented key while the service has no keys, and then with a real
key. It receives the same, except that any key is accepted while there are no keys.
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
WRONG = {"wrong", "bad_key"}  # a driver's names for its request with a wrong key
_VOLATILE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|modr-\w+|\d{4}-\d\d-\d\dT[\d:.+]+")


def meaning(value: Any) -> Any:
    """Return what was received, without what differs between runs or models."""
    match value:
        case dict():
            return {name: meaning(item) for name, item in value.items()}
        case list():
            return [meaning(item) for item in value]
        case float():
            return "high" if value >= 0.5 else "low"
        case str():
            return _VOLATILE.sub("…", value)
    return value


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every client received, with and without keys, in one run of the service."""
    folder: Path = tmp_path_factory.mktemp("clients")
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *root, "--mount", "--net", sys.executable, "-m", "tests.clients.inside"]
    done = subprocess.run(  # noqa: S603 - our own
        [*command, folder], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answers: dict[str, Any] = json.loads((folder / "received.json").read_text("utf-8"))
    return answers


def result(received: dict[str, Any], name: str, mode: str) -> dict[str, Any]:
    """Return what a client received. Fails if the client failed."""
    answers: dict[str, Any] = received[mode][name]
    assert "failed" not in answers, answers["failed"]
    stable: dict[str, Any] = meaning(answers)
    return stable


@pytest.mark.parametrize("name", NAMES)
def test_client_receives_what_it_expects(received: dict[str, Any], name: str) -> None:
    """The client runs to its end and understands the answers as before."""
    actual = result(received, name, "key")
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("MODERATION_WRITE_GOLDEN"):
        golden.write_text(json.dumps(actual, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert actual == json.loads(golden.read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_any_key_is_good_while_there_is_none(received: dict[str, Any], name: str) -> None:
    """A newcomer's first try works with any key, which some clients require."""
    actual, with_key = result(received, name, "keyless"), result(received, name, "key")
    for wrong in WRONG & actual.keys():
        answer, refused = actual.pop(wrong), with_key.pop(wrong)
        assert answer is not False
        assert not (isinstance(answer, dict) and "raised" in answer), answer
        assert answer != refused
    assert actual == with_key


def test_every_golden_file_has_its_client() -> None:
    """No file is left over from a removed client."""
    assert {path.stem for path in GOLDEN.glob("*.json")} == {driver.stem for driver in DRIVERS}
