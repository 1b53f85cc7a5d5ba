"""Do what a page tells its reader to type, and put what that says under it.

`python docs/walk.py docs/first-month.md` writes the page anew (`make walk`). A test does the same
and compares, but for what differs from run to run: ids, versions, dates, and small change in
figures.

A block of ```console has commands, each after a '$ ', with their output. They run in one shell, in
a copy of the project, in a terminal without colours, as the user asha. `moderation serve` runs
beside what follows, on a port of its own.
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
BAR = re.compile(r"(?m)^.*━.*\n\n?")  # how far something is; it goes when it is done
TAIL = re.compile(r"(?m) +$")
MOST_S = 1800  # a walk that takes longer is lost
MARK = "\x1e"  # before the output of each command

# The service's own log, which is JSON, is left out.
BEGIN = """
{command} --port {port} > serve.log 2>&1 &
service=$!
until grep -qs /docs serve.log || ! kill -0 $service; do sleep 0.2; done
grep -v '^{{' serve.log
"""
END = "\n{ kill $service; wait $service; } 2> /dev/null\n"


def commands(block: str) -> list[str]:
    """The commands of a block.

    >>> commands("$ echo 1\\n1\\n$ echo 2\\n2\\n")
    ['echo 1', 'echo 2']
    """
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def walk(page: str) -> str:
    """The page with the output of its commands."""
    typed = [command for block in BLOCK.findall(page) for command in commands(block)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "house-rules"
        for part in PARTS:
            left = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / part, home / part, ignore=left)
        said = iter(_outputs(typed, home))
    return BLOCK.sub(lambda block: "".join(_block(block[0], said)), page)


def _block(block: str, said: Iterator[str]) -> Iterator[str]:
    for command in commands(block):
        yield f"$ {command}\n{next(said)}"


def _outputs(typed: Sequence[str], home: Path) -> list[str]:
    """What each command says, one after the other."""
    port = _free_port()
    lines = [
        BEGIN.format(command=command, port=port)
        if command.startswith("moderation serve")
        else command
        for command in typed
    ]
    script = "".join(f"\nprintf '{MARK}'\n{line}" for line in lines) + END
    text = _in_a_terminal(script.replace(f":{PORT}", f":{port}"), home, port)
    tidied = text.replace(f":{port}", f":{PORT}").replace(f"{home}/", "").replace("\r\n", "\n")
    return [BAR.sub("", TAIL.sub("", said)) for said in tidied.split(MARK)[1:]]


def _in_a_terminal(script: str, home: Path, port: int) -> str:
    """What bash writes when it does the script."""
    tools = home / "bin"
    tools.mkdir()
    for name, call in (("moderation", "-m moderation"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n', "utf-8")
        (tools / name).chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith("MODERATION_")}
    env = own | {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SERVICE": f"http://127.0.0.1:{port}",
        "TERM": "dumb",
        "COLUMNS": "100",
        "LOGNAME": "asha",
    }
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - what our own page says
        ["timeout", str(MOST_S), "bash", "-c", script],  # noqa: S607 - by the user's PATH
        cwd=home,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        return b"".join(_read(ours)).decode().replace("\r\n", "\n")  # as a terminal shows it


def _read(terminal: int) -> Iterator[bytes]:
    """All that is written there, to the end."""
    while True:
        try:
            found = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other side is closed
            found = b""
        if not found:
            os.close(terminal)
            return
        yield found


def _free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(walk(path.read_text("utf-8")), "utf-8")
