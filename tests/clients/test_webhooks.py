"""The documented webhook receivers, which use the Standard Webhooks libraries.

The running service calls them. They have the secret that `moderation settings` prints.
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
    """Return the documented receiver in a language."""
    blocks: list[str] = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", DOCUMENTED)
    (receiver,) = [block for block in blocks if "standardwebhooks" in block]
    return receiver


def in_python(folder: Path, port: int) -> list[str]:
    """Return the command that runs the Python receiver."""
    script = folder / "receiver.py"
    script.write_text(example("python"))
    return [sys.executable, "-m", "flask", "--app", str(script), "run", "--port", str(port)]


def in_node(folder: Path, _port: int) -> list[str]:
    """Return the command that runs the Node receiver."""
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
    """Return a port that no program listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether a program listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_S):
        return True
    return False


@contextlib.contextmanager
def receiving(receiver: Receiver, folder: Path, port: int, secret: str) -> Iterator[Path]:
    """Run a receiver. Yields the file with the calls that it verified."""
    folder.mkdir()
    verified = folder / "verified"
    with verified.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own
            receiver(folder, port),
            env={**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)},
            stdout=output,
        )
    try:
        until(lambda: listens(port), "the receiver")
        yield verified
    finally:
        process.kill()
        process.wait()


def printed(secret: str) -> str:
    """Return the secret as `moderation settings` prints it."""
    done = subprocess.run(
        [sys.executable, "-m", "moderation", "settings"],
        env={**os.environ, "MODERATION_WEBHOOK_SECRET": secret},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = re.findall(r"(?m)^# The webhook secret for libraries: (\S+)$", done.stdout)
    return str(line)


def refusals(database: Path) -> list[str]:
    """Return the errors of the calls that will be retried."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT last_error FROM deliveries WHERE tries > 0").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_the_documented_receiver_verifies(receiver: Receiver, secret: str, tmp_path: Path) -> None:
    """It accepts our calls, also with non-ASCII bodies. With another secret it refuses them."""
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
        receiving(receiver, tmp_path / "right", ports[0], printed(secret)) as verified,
        receiving(receiver, tmp_path / "wrong", ports[1], printed("another")) as wrongly_verified,
        running(service),
    ):
        decided = [service.decide("Too short", id=name) for name in ("c-1", "टिप्पणी-2")]
        expected = {f"decision {decision['id']}" for decision in decided}
        until(lambda: expected <= {*verified.read_text().splitlines()}, "the calls")
        until(lambda: "status 400" in refusals(database), "a refusal")
        assert set(refusals(database)) == {"status 400"}
        assert "decision " not in wrongly_verified.read_text()
