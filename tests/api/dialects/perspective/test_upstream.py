"""The comparison with Perspective, for which a local server stands in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from api import App
from api.dialects.perspective import upstream_of
from tests.api.dialects.perspective.conftest import FINE, analyze, make


class StandIn(BaseHTTPRequestHandler):
    """Answers like Perspective with a fixed score, or with another status."""

    requests: list[tuple[str, dict[str, Any]]]
    status = 200

    def do_POST(self) -> None:
        """Store the request, and answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append((self.path, body))
        score = {"summaryScore": {"value": 0.123456, "type": "PROBABILITY"}}
        answer = {"attributeScores": dict.fromkeys(body["requestedAttributes"], score)}
        content = json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def upstream() -> Iterator[tuple[str, type[StandIn]]]:
    """The server's address and its handler, which has the requests."""
    handler = type("Handler", (StandIn,), {"requests": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def comparing(folder: Path, address: str) -> App:
    """Return a service that compares with this address."""
    return make(
        folder,
        MODERATION_PERSPECTIVE_UPSTREAM=address,
        MODERATION_PERSPECTIVE_UPSTREAM_KEY="theirs",
        MODERATION_PERSPECTIVE_DIFFERENCES=str(folder / "var" / "both.jsonl"),
    )


def wait(app: App) -> None:
    """Wait until Perspective has answered about every comment."""
    upstream = upstream_of(app)
    assert upstream is not None
    upstream.wait()


def test_both_scores_are_written(tmp_path: Path, upstream: tuple[str, type[StandIn]]) -> None:
    """The client gets our answer. Perspective gets only its attributes, and `doNotStore`."""
    address, stand_in = upstream
    app = comparing(tmp_path, address)
    answer = analyze(app.test_client(), FINE, "TOXICITY", "HOUSE_RULES").get_json()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.01
    wait(app)
    ((path, body),) = stand_in.requests
    assert path == "/v1alpha1/comments:analyze?key=theirs"
    assert body == {
        "comment": {"text": FINE},
        "requestedAttributes": {"TOXICITY": {}},
        "languages": ["en"],
        "doNotStore": True,
    }
    file = tmp_path / "var" / "both.jsonl"
    (line,) = file.read_text("utf-8").splitlines()
    assert json.loads(line)["scores"] == {"TOXICITY": [0.01, 0.1235]}
    assert FINE not in line
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [429, 500, 302])
def test_perspective_fails(
    tmp_path: Path,
    upstream: tuple[str, type[StandIn]],
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says why, without key or comment. The next comment is compared again."""
    address, stand_in = upstream
    app = comparing(tmp_path, address)
    stand_in.status = status
    assert analyze(app.test_client(), FINE).status_code == 200
    wait(app)
    assert not (tmp_path / "var" / "both.jsonl").exists()
    assert str(status) in caplog.text
    assert "theirs" not in caplog.text
    assert FINE not in caplog.text
    stand_in.status = 200
    analyze(app.test_client(), FINE)
    wait(app)
    assert (tmp_path / "var" / "both.jsonl").exists()


def test_no_upstream_by_default(tmp_path: Path) -> None:
    """Without the setting nothing leaves the machine."""
    assert upstream_of(make(tmp_path)) is None
