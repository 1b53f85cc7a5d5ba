"""Standard Webhooks' own libraries, in the receivers that the documentation shows.

The running service calls them, and the secret is the one that an operator would give them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.inside import HERE
from tests.faults.service import PATIENCE_S, Service, running, until

ROOT = HERE.parents[1]
DOCUMENTED = (ROOT / "docs" / "api.md").read_text("utf-8")
NODE = shutil.which("node")
MODULES = HERE / "node_modules"
SECRETS = [
    pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="the standard's form"),
    pytest.param("a secret of our own", id="text"),
    pytest.param("whsec_no base64!", id="text that looks like the standard's"),
]
Receiver = Callable[[Path, int], list[str]]


def example(language: str) -> str:
    """The receiver that the documentation shows in a language."""
    blocks: list[str] = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", DOCUMENTED)
    (shown,) = [block for block in blocks if "standardwebhooks" in block]
    return shown


def in_python(folder: Path, port: int) -> list[str]:
    """The command that runs the Python receiver."""
    script = folder / "receiver.py"
    script.write_text(example("python"))
    return [sys.executable, "-m", "flask", "--app", str(script), "run", "--port", str(port)]


def in_node(folder: Path, _port: int) -> list[str]:
    """The command that runs the Node receiver."""
    script = folder / "receiver.mjs"
    script.write_text(example("js"))
    (folder / "node_modules").symlink_to(MODULES)
    return [NODE or "node", str(script)]


RECEIVERS = [
    pytest.param(in_python, id="python"),
    pytest.param(
        in_node,
        id="node",
        marks=pytest.mark.skipif(
            not (NODE and (MODULES / "standardwebhooks").is_dir()),
            reason="the clients are not installed: make clients",
        ),
    ),
]


def free_port() -> int:
    """A port that no one listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    """Whether someone listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_S):
        return True
    return False


@contextlib.contextmanager
def receiving(receiver: Receiver, folder: Path, port: int, secret: str) -> Iterator[Path]:
    """A receiver that runs; the file in which it notes what it verified."""
    folder.mkdir()
    noted = folder / "noted"
    with noted.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own
            receiver(folder, port),
            env={**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)},
            stdout=output,
        )
    try:
        until(lambda: listens(port), "the receiver")
        yield noted
    finally:
        process.kill()
        process.wait()


def printed(secret: str) -> str:
    """The secret as an operator reads it."""
    done = subprocess.run(
        [sys.executable, "-m", "moderation", "settings"],
        env={**os.environ, "MODERATION_WEBHOOK_SECRET": secret},
        capture_output=True,
        text=True,
        check=True,
    )
    (shown,) = re.findall(r"(?m)^# The webhook secret for libraries: (\S+)$", done.stdout)
    return str(shown)


def refusals(database: Path) -> list[str]:
    """Why calls that are due failed before."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT last_error FROM deliveries WHERE tries > 0").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_the_documented_receiver_verifies(receiver: Receiver, secret: str, tmp_path: Path) -> None:
    """It takes our calls, also with a body beyond ASCII. With another secret it refuses them."""
    ports = [free_port(), free_port()]
    database = tmp_path / "record.sqlite"
    service = Service(
        tmp_path / "service",
        f"sqlite:///{database}",
        workers=1,
        environment={
            "MODERATION_WEBHOOKS": ", ".join(f"http://127.0.0.1:{port}/hook" for port in ports),
            "MODERATION_WEBHOOK_SECRET": secret,
        },
    )
    with (
        receiving(receiver, tmp_path / "ours", ports[0], printed(secret)) as noted,
        receiving(receiver, tmp_path / "other", ports[1], printed("another")) as noted_by_other,
        running(service),
    ):
        made = [service.decide("Too short", id=name) for name in ("c-1", "टिप्पणी-2")]
        expected = {f"decision {decision['id']}" for decision in made}
        until(lambda: expected <= {*noted.read_text().splitlines()}, "the calls")
        until(lambda: "status 400" in refusals(database), "a refusal")
        assert set(refusals(database)) == {"status 400"}
        assert "decision " not in noted_by_other.read_text()
