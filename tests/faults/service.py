"""The service and a PostgreSQL as processes that a test may stop or kill, and clients."""

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


def until(happened: Callable[[], Any], what: str) -> None:
    """Wait for something, and fail where it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > end:
            pytest.fail(f"waited for {what} in vain")
        time.sleep(0.05)


@dataclass
class Service:
    """`moderation serve` with one rule and no models, so that the record is the subject.

    With `shipped` it has the shipped policy and models.
    """

    folder: Path
    database: str
    workers: int = 2
    environment: dict[str, str] = field(default_factory=dict)
    shipped: bool = False
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bare = {} if self.shipped else self._bare()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-c", START.format(workers=self.workers)],
                env={
                    **os.environ,
                    "MODERATION_DATABASE": self.database,
                    "MODERATION_SPOOL": str(self.folder / "spool"),
                    **bare,
                    **self.environment,
                },
                stderr=log,
            )
        until(self._listens, "the service")

    def _bare(self) -> dict[str, str]:
        """Settings by which there is one rule and no model."""
        (self.folder / "models").mkdir(exist_ok=True)
        (self.folder / "models" / "champion.json").write_text("{}")
        others = "".join(f"[{name}]\nenabled = false\n" for name in Policy.load().rules)
        others = others.replace("[length]\nenabled = false\n", "")
        policy = self.folder / "policy.toml"
        policy.write_text(f"{others}[length]\nfewest_words = 3\nreview = 0.9\n")
        models = str(self.folder / "models")
        return {"MODERATION_POLICY": str(policy), "MODERATION_MODELS": models}

    def _listens(self) -> bool:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.said)
        if found:
            self.port = int(found[1])
        elif self.process and self.process.poll() is not None:
            pytest.fail(self.said)
        return bool(found)

    @property
    def log(self) -> Path:
        """Where its standard error goes."""
        return self.folder / "stderr"

    @property
    def said(self) -> str:
        """Its standard error so far."""
        return self.log.read_text("utf-8")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_S)

    def workers_now(self) -> list[int]:
        """The process ids of its workers that live."""
        assert self.process is not None
        return children(self.process.pid)

    def kill_worker(self) -> int:
        """Kill one of its workers, and wait until another has taken its place; whom it killed.

        A process that was killed is listed until it has died and its parent has noticed. Whoever
        counts too early counts it, and may kill it a second time, when it is there no more.
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
        """Status and body of an answer, also by way of another port; `_` in a header is '-'."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Content-Type": "application/json", **headers}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def decide(self, text: str = "Too short", **known: Any) -> dict[str, Any]:
        """A decision, which must come."""
        status, content = self.ask("POST", "/v1/moderate", {"text": text, **known})
        assert status == 200
        made: dict[str, Any] = json.loads(content)
        return made

    def make_key(self, *scopes: str) -> str:
        """A key, as an operator makes it beside the running service."""
        scoped = [f"--scope={scope}" for scope in scopes]
        made = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "moderation", *CREATE.split(), *scoped],
            env={**os.environ, "MODERATION_DATABASE": self.database},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return made.stdout.strip()

    def waiting(self) -> int:
        """How many decisions wait in its spool."""
        return len(list((self.folder / "spool").glob("*.json")))


def children(parent: int) -> list[int]:
    """The processes that `parent` started, without those that died and wait for it to notice."""
    living = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, its_parent, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_parent) == parent and state not in {"Z", "X"}:
                living.append(int(stat.parent.name))
    return sorted(living)


@dataclass
class Answer:
    """What a client got for a comment."""

    comment: str
    decision: str
    recorded: bool
    took_s: float


class Load:
    """Clients that send comments one after the other, and send again what got no answer."""

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

    def _client(self, me: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._send(f"client-{me}-comment-{number}", f"author-{me}")

    def _send(self, comment: str, author: str) -> None:
        body = {"text": f"Short {comment}", "id": comment, "author": author}
        for _ in range(100):
            began = time.monotonic()
            try:
                status, content = self.service.ask("POST", "/v1/moderate", body)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                time.sleep(0.05)
                continue
            took = time.monotonic() - began
            if status != 200:
                self.refused.append(status)
                return
            made = json.loads(content)
            self.answers.append(Answer(comment, made["id"], made["recorded"], took))
            return
        pytest.fail("a comment was never answered")


def recorded(url: str) -> tuple[list[str], list[str]]:
    """The ids of all decisions in the record, and of their comments, as often as they are there."""
    engine = database.connect(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, comment_id FROM decisions")).all()
    engine.dispose()
    return [row[0] for row in rows], [row[1] for row in rows]


class Postgres:
    """A PostgreSQL server of the test's own, which may be stopped."""

    def __init__(self, base: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            pytest.skip("no PostgreSQL under /usr/lib/postgresql")
        self.bin = found[-1].parent
        self.base = base
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._run(
            "initdb", "-A", "trust", "-U", "moderation", "--no-sync", "-E", "UTF8", "--locale=C"
        )

    @property
    def url(self) -> str:
        """Its address for the settings."""
        return f"postgresql://moderation@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.base}"
        )
        self._run("pg_ctl", "-l", str(self.base / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop, cutting every connection."""
        self._run("pg_ctl", "-m", "fast", "-w", "stop")

    def client(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs."""
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_user, str(self.bin / program), *arguments]
        subprocess.run(  # noqa: S603 - PostgreSQL's own, by its path
            command, check=True, stdout=subprocess.DEVNULL, cwd=self.base
        )

    def _run(self, program: str, *arguments: str) -> None:
        self.client(program, "-D", str(self.base / "data"), *arguments)


@contextlib.contextmanager
def running(service: Service) -> Iterator[Service]:
    """The service, started and at the end stopped; it must stop by itself."""
    service.start()
    try:
        yield service
        assert service.stop() == 0
    finally:
        if service.process and service.process.poll() is None:
            service.process.kill()
            service.process.wait()
