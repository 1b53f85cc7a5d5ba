"""The service, PostgreSQL and clients as processes that a test may stop or kill."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.record import database
from moderation import Policy

START = "from api.server import serve; serve(port=0, workers={workers})"
CREATE = "keys create --name tests"
PATIENCE_S = 60.0


def until(condition: Callable[[], Any], what: str) -> None:
    """Wait until `condition()` is true. Fails the test after `PATIENCE_S`."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited for {what} in vain")
        time.sleep(0.05)


@dataclass
class Service:
    """`moderation serve` with one rule and no models, or the shipped ones with `shipped`."""

    folder: Path
    database: str
    workers: int = 2
    environment: dict[str, str] = field(default_factory=dict)
    shipped: bool = False
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> None:
        """Start the service, and wait until it listens."""
        settings = self.settings()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-c", START.format(workers=self.workers)],
                env={**os.environ, **settings},
                stderr=log,
            )
        until(self._listens, "the service")

    def settings(self) -> dict[str, str]:
        """Return the settings of the service, as environment variables. Creates its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return {
            "MODERATION_DATABASE": self.database,
            "MODERATION_SPOOL": str(self.folder / "spool"),
            **({} if self.shipped else self._bare()),
            **self.environment,
        }

    def _bare(self) -> dict[str, str]:
        """Return settings with one rule and no model."""
        (self.folder / "models").mkdir(exist_ok=True)
        (self.folder / "models" / "champion.json").write_text("{}")
        others = "".join(f"[{name}]\nenabled = false\n" for name in Policy.load().rules)
        others = others.replace("[length]\nenabled = false\n", "")
        policy = self.folder / "policy.toml"
        policy.write_text(f"{others}[length]\nfewest_words = 3\nreview = 0.9\n")
        models = str(self.folder / "models")
        return {"MODERATION_POLICY": str(policy), "MODERATION_MODELS": models}

    def _listens(self) -> bool:
        address = re.search(r"http://127\.0\.0\.1:(\d+)", self.stderr)
        if address:
            self.port = int(address[1])
        elif self.process and self.process.poll() is not None:
            pytest.fail(self.stderr)
        return bool(address)

    @property
    def log(self) -> Path:
        """The file of the service's standard error."""
        return self.folder / "stderr"

    @property
    def stderr(self) -> str:
        """The service's standard error so far."""
        return self.log.read_text("utf-8")

    def stop(self) -> int:
        """Send SIGTERM, wait, and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_S)

    def workers_now(self) -> list[int]:
        """Return the process ids of the workers that are alive."""
        assert self.process is not None
        return children(self.process.pid)

    def kill_worker(self) -> int:
        """Kill one worker and wait until another replaces it. Return the killed process id.

        A killed process is listed until its parent notices its death. So wait for all workers
        first: a count that includes a dead worker is wrong.
        """
        until(lambda: len(self.workers_now()) == self.workers, "all workers")
        killed = self.workers_now()[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: len({*self.workers_now()} - {killed}) == self.workers, "another worker")
        return killed

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        *,
        port: int | None = None,
        **headers: str,
    ) -> tuple[int, bytes]:
        """Send a request. Return the answer's status and body. `_` in a header name means '-'."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Content-Type": "application/json", **headers}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            content = body if body is None or isinstance(body, bytes) else json.dumps(body)
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def decide(self, text: str = "Too short", **fields: Any) -> dict[str, Any]:
        """Return the decision about a comment. Fails the test if there is none."""
        status, content = self.ask("POST", "/v1/moderate", {"text": text, **fields})
        assert status == 200
        answer: dict[str, Any] = json.loads(content)
        return answer

    def make_key(self, *scopes: str) -> str:
        """Create a key as an operator does while the service runs. Return its secret."""
        scoped = [f"--scope={scope}" for scope in scopes]
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "moderation", *CREATE.split(), *scoped],
            env={**os.environ, "MODERATION_DATABASE": self.database},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def waiting(self) -> int:
        """Return how many decisions wait in the spool."""
        return len(list((self.folder / "spool").glob("*.json")))


def children(parent: int) -> list[int]:
    """Return the process ids of the living children of `parent`, without zombies."""
    living = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent_id, *_ = stat.read_text().rpartition(")")[2].split()
            if int(parent_id) == parent and state not in {"Z", "X"}:
                living.append(int(stat.parent.name))
    return sorted(living)


@dataclass
class Answer:
    """A client's answer about a comment."""

    comment: str
    decision: str
    recorded: bool
    took_s: float


class Load:
    """Clients that send one comment after the other, and resend those without an answer."""

    def __init__(self, service: Service, clients: int = 4) -> None:
        self.service = service
        self.answers: list[Answer] = []
        self.refused: list[int] = []
        self.unanswered = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _client(self, client: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._send(f"client-{client}-comment-{number}", f"author-{client}")

    def _send(self, comment: str, author: str) -> None:
        body = {"text": f"Short {comment}", "id": comment, "author": author}
        for _ in range(100):
            start = time.monotonic()
            try:
                status, content = self.service.ask("POST", "/v1/moderate", body)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                time.sleep(0.05)
                continue
            took_s = time.monotonic() - start
            if status != 200:
                self.refused.append(status)
                return
            decision = json.loads(content)
            self.answers.append(Answer(comment, decision["id"], decision["recorded"], took_s))
            return
        pytest.fail("a comment was never answered")


def recorded(url: str) -> tuple[list[str], list[str]]:
    """Return the ids of all recorded decisions and of their comments, with duplicates."""
    engine = database.connect(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, comment_id FROM decisions")).all()
    engine.dispose()
    return [row[0] for row in rows], [row[1] for row in rows]


class Postgres:
    """A PostgreSQL server that a test may stop."""

    def __init__(self, base: Path) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not programs:
            pytest.skip("no PostgreSQL under /usr/lib/postgresql")
        self.bin = programs[-1].parent
        self.base = base
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._run(
            "initdb", "-A", "trust", "-U", "moderation", "--no-sync", "-E", "UTF8", "--locale=C"
        )

    @property
    def url(self) -> str:
        """The server's URL for the settings."""
        return f"postgresql://moderation@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.base}"
        )
        self._run("pg_ctl", "-l", str(self.base / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server and close every connection."""
        self._run("pg_ctl", "-m", "fast", "-w", "stop")

    def client(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs."""
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_user, str(self.bin / program), *arguments]
        subprocess.run(  # noqa: S603 - PostgreSQL's own, by its path
            command, check=True, stdout=subprocess.DEVNULL, cwd=self.base
        )

    def _run(self, program: str, *arguments: str) -> None:
        self.client(program, "-D", str(self.base / "data"), *arguments)


@contextlib.contextmanager
def running(service: Service) -> Iterator[Service]:
    """Start the service, and stop it at the end. Fails if it does not stop with exit code 0."""
    service.start()
    try:
        yield service
        assert service.stop() == 0
    finally:
        if service.process and service.process.poll() is None:
            service.process.kill()
            service.process.wait()
