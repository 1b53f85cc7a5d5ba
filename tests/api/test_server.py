"""The production server, in its own process and over a real socket."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.http.worker import SILENCE_S
from moderation import Policy

START = "from api.server import serve; serve(port=0, workers=2, policy={policy!r})"


def start(policy: str | None = None) -> subprocess.Popen[str]:
    """Start the server on a free port."""
    command = [sys.executable, "-c", START.format(policy=policy)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Yield the port of a server. At the end, SIGTERM must stop it without an error."""
    with start() as process:
        assert process.stderr is not None
        output, match = "", None
        while not match and (line := process.stderr.readline()):
            output += line
            match = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not match:
            pytest.fail(output)
        yield int(match[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert "terminate" not in process.stderr.read()  # a worker that aborts prints it


def send(
    port: int, method: str, path: str, body: bytes | Iterator[bytes] | None = None
) -> tuple[int, bytes]:
    """Send a request, and return the status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"}
    connection.request(method, path, body, headers, encode_chunked=True)
    answer = connection.getresponse()
    status, content = answer.status, answer.read()
    connection.close()
    return status, content


def test_it_decides(port: int) -> None:
    """The shipped policy and models are used: the test sentence is rejected."""
    body = json.dumps({"text": Policy.load().publication.test_sentence}).encode()
    status, content = send(port, "POST", "/v1/moderate", body)
    assert status == 200
    decision = json.loads(content)
    assert decision["action"] == "reject"
    assert list(decision) == [
        "id",
        "action",
        "reasons",
        "observed",
        "scores",
        "language",
        "policy",
        "models",
        "took_ms",
        "recorded",
        "comment_id",
        "revision",
    ]


def test_it_is_ready(port: int) -> None:
    """The shipped models give every score."""
    assert send(port, "GET", "/readyz") == (200, b'{"status":"ok","waiting":0}\n')


def test_it_serves_the_pages(port: int) -> None:
    """It serves the pages with their scripts."""
    for path in ("/try", "/desk/static/try.js", "/docs", "/docs/swagger/js/swagger-ui-bundle.js"):
        assert send(port, "GET", path)[0] == 200


def test_a_refusal_reaches_the_client(port: int) -> None:
    """The client can read the answer, even if its body is over the limit."""
    assert send(port, "POST", "/v1/moderate", b"[" * 100_000)[0] == 400
    large = b" " * (4 * 1024 * 1024 + 1)
    assert send(port, "POST", "/v1/moderate", large)[0] == 413
    assert send(port, "POST", "/v1/moderate", iter([b'{"text": "a"}', large]))[0] == 413


def test_a_client_that_stalls(port: int) -> None:
    """After a timeout the client gets an error."""
    with socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S * 3) as client:
        head = "POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: 99\r\n\r\n{{".encode())
        answer = client.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_bad_policy_stops_it(tmp_path: Path) -> None:
    """The exit code is 2, and every problem is listed with its table and key."""
    policy = tmp_path / "mine.toml"
    policy.write_text('[length]\nmost_word = 3\n[nonsense]\nreview = "always"\n')
    with start(str(policy)) as process:
        assert process.stderr is not None
        output = process.stderr.read()
        assert process.wait(timeout=30) == 2
    assert "[length] most_word: no such setting; did you mean 'most_words'?" in output
    assert "[nonsense]: no such rule" in output
    assert "Traceback" not in output
