"""Run the commands of a page and insert their output into it.

`python docs/walk.py docs/first-month.md` (`make walk`) updates the page. A test runs the commands
too and compares the output. It ignores what differs from run to run: ids, versions, dates, and
small differences in figures.

A block of ```console holds commands, each after a '$ ', with their output. All commands run in one
shell, in a copy of the project, in a terminal without colours, as the user asha. `moderation serve`
runs in the background, on a free port.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("api", "clients", "data", "docs", "models", "moderation")
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.S | re.M)
PORT = "8000"  # as the page says
BAR = re.compile(r"(?m)^.*━.*\n\n?")  # a progress bar, which is erased when its task is done
TAIL = re.compile(r"(?m) +$")
MOST_S = 1800  # a run that takes longer is killed
MARK = "\x1e"  # before the output of each command

# Shows what the service prints, without its log, which is JSON.
BEGIN = """
{command} --port {port} > serve.log 2>&1 &
service=$!
until grep -qs /docs serve.log || ! kill -0 $service; do sleep 0.2; done
grep -v '^{{' serve.log
"""
END = "\n{ kill $service; wait $service; } 2> /dev/null\n"


def commands(block: str) -> list[str]:
    """Return the commands of a block.

    >>> commands("$ echo 1\\n1\\n$ echo 2\\n2\\n")
    ['echo 1', 'echo 2']
    """
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def walk(page: str) -> str:
    """Return the page with the output of its commands."""
    typed = [command for block in BLOCK.findall(page) for command in commands(block)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "house-rules"
        for part in PARTS:
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / part, home / part, ignore=ignored)
        outputs = iter(_outputs(typed, home))
    return BLOCK.sub(lambda block: "".join(_block(block[0], outputs)), page)


def _block(block: str, outputs: Iterator[str]) -> Iterator[str]:
    for command in commands(block):
        yield f"$ {command}\n{next(outputs)}"


def _outputs(typed: Sequence[str], home: Path) -> list[str]:
    """Run the commands and return the output of each."""
    port = _free_port()
    lines = [
        BEGIN.format(command=command, port=port)
        if command.startswith("moderation serve")
        else command
        for command in typed
    ]
    script = "".join(f"\nprintf '{MARK}'\n{line}" for line in lines) + END
    text = _in_a_terminal(script.replace(f":{PORT}", f":{port}"), home, port)
    portable = text.replace(f":{port}", f":{PORT}").replace("\r\n", "\n")
    portable = portable.replace(f"{home}/", "").replace(str(_user(home)), "~")
    return [BAR.sub("", TAIL.sub("", output)) for output in portable.split(MARK)[1:]]


def _in_a_terminal(script: str, home: Path, port: int) -> str:
    """Run the script with bash in a pseudo-terminal and return its output."""
    tools = home / "bin"
    tools.mkdir()
    for name, call in (("moderation", "-m moderation"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n', "utf-8")
        (tools / name).chmod(0o755)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MODERATION_", "XDG_"))
    }
    env = inherited | {
        "HOME": str(_user(home)),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SERVICE": f"http://127.0.0.1:{port}",
        "TERM": "dumb",
        "COLUMNS": "100",
        "LOGNAME": "asha",
    }
    terminal, other_end = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - the commands of our own page
        ["timeout", str(MOST_S), "bash", "-c", script],  # noqa: S607 - found on the user's PATH
        cwd=home,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=other_end,
        stderr=other_end,
    ):
        os.close(other_end)
        return b"".join(_read(terminal)).decode().replace("\r\n", "\n")  # as a terminal shows it


def _user(home: Path) -> Path:
    """Return the home folder of the user asha, who works in the folder `home`."""
    return home.with_name("asha")


def _read(terminal: int) -> Iterator[bytes]:
    """Yield everything that is written to the terminal, then close it."""
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # raised on Linux when the other end is closed
            chunk = b""
        if not chunk:
            os.close(terminal)
            return
        yield chunk


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(walk(path.read_text("utf-8")), "utf-8")
