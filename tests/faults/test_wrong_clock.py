"""A real service believes that it is ten years later, through libfaketime, and then does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.faults.service import Service, running, until

AHEAD = "+10y"
REAL = "+0"


class Receiver(BaseHTTPRequestHandler):
    """A receiver of webhooks."""

    received: list[str]

    def do_POST(self) -> None:
        """Accept an event and remember its decision."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.append(body["data"]["id"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    """A running receiver of webhooks."""
    Receiver.received = []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _ten_years_ahead() -> dict[str, str]:
    """Return the environment in which programs believe in a clock that is ten years ahead."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("no libfaketime under /usr/lib")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": "+10y", "NO_FAKE_STAT": "1"}


def _run(code: str, service: Service, environment: dict[str, str]) -> str:
    """Run code in a process with the settings of the service. Return what it prints."""
    command = [sys.executable, "-c", code]
    values = {**os.environ, **service.settings(), **environment}
    done = subprocess.run(command, env=values, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    return done.stdout


# libfaketime fakes only a part of the waiting, so that threads may never end by themselves.
AHEAD = """
import json, os
from api import create_app
from api.commands import record
client = create_app().test_client()
id_ = client.post("/v1/moderate", json={"text": "Short 1"}).get_json()["id"]
claim = client.post(f"/v1/decisions/{id_}/claim", json={"who": "asha"}).get_json()
record(["seal"], standalone_mode=False)
print(json.dumps([id_, claim["claimed_until"]]), flush=True)
os._exit(0)
"""


def test_a_jump_of_ten_years(tmp_path: Path, receiver: HTTPServer) -> None:
    """With the right time again, old and new webhooks arrive and the claim is over."""
    settings = {
        "MODERATION_WEBHOOKS": f"http://127.0.0.1:{receiver.server_port}/",
        "MODERATION_WEBHOOK_SECRET": "secret",
    }
    record = f"sqlite:///{tmp_path}/record.sqlite"
    service = Service(tmp_path / "home", record, environment=settings)
    printed = _run(AHEAD, service, _ten_years_ahead())
    ahead, claimed_until = json.loads(printed.splitlines()[-1])
    assert int(claimed_until[:4]) >= 2036
    with running(service):
        claim = f"/v1/decisions/{ahead}/claim"
        assert service.ask("POST", claim, {"who": "mohan"})[0] == 200
        after = service.decide("Short 2")["id"]
        until(lambda: {ahead, after} <= set(Receiver.received), "both webhooks")
