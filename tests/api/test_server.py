"""The production server, as a process of its own, over a real socket."""

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

from api.server import RECEIVE_TIMEOUT_S
from moderation import Policy

START = "from api.server import serve; serve(port=0, workers=2, policy={policy!r})"


def started(policy: str | None = None) -> subprocess.Popen[str]:
    """The server, on a free port."""
    command = [sys.executable, "-c", START.format(policy=policy)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port that it names when it listens; at the end it must stop by itself, and in peace."""
    with started() as process:
        assert process.stderr is not None
        said, found = "", None
        while not found and (line := process.stderr.readline()):
            said += line
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            pytest.fail(said)
        yield int(found[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert "terminate" not in process.stderr.read()  # what a worker says that aborts


def asked(
    port: int, method: str, path: str, body: bytes | Iterator[bytes] | None = None
) -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"}
    connection.request(method, path, body, headers, encode_chunked=True)
    answer = connection.getresponse()
    status, content = answer.status, answer.read()
    connection.close()
    return status, content


def test_it_decides(port: int) -> None:
    """The shipped policy and models answer; the test sentence is refused."""
    body = json.dumps({"text": Policy.load().publication.test_sentence}).encode()
    status, content = asked(port, "POST", "/v1/moderate", body)
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
    """With the shipped models every score is there."""
    assert asked(port, "GET", "/readyz") == (200, b'{"status":"ok","waiting":0}\n')


def test_the_page_is_there(port: int) -> None:
    """The page and what it needs are served."""
    for path in ("/try", "/desk/static/try.js", "/docs", "/docs/swagger/js/swagger-ui-bundle.js"):
        assert asked(port, "GET", path)[0] == 200


def test_bad_bytes_over_the_wire(port: int) -> None:
    """A refusal reaches the client, also where the body is too large to be read."""
    assert asked(port, "POST", "/v1/moderate", b"[" * 100_000)[0] == 400
    large = b" " * (4 * 1024 * 1024 + 1)
    assert asked(port, "POST", "/v1/moderate", large)[0] == 413
    assert asked(port, "POST", "/v1/moderate", iter([b'{"text": "a"}', large]))[0] == 413


def test_a_client_that_stalls(port: int) -> None:
    """A body that does not come is given up, and the client is told."""
    with socket.create_connection(("127.0.0.1", port), timeout=RECEIVE_TIMEOUT_S * 3) as client:
        head = "POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: 99\r\n\r\n{{".encode())
        answer = client.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_bad_policy_stops_it(tmp_path: Path) -> None:
    """Exit code 2, and every mistake by table and key."""
    policy = tmp_path / "mine.toml"
    policy.write_text('[length]\nmost_word = 3\n[nonsense]\nreview = "always"\n')
    with started(str(policy)) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(timeout=30) == 2
    assert "[length] most_word: no such setting; did you mean 'most_words'?" in said
    assert "[nonsense]: no such rule" in said
    assert "Traceback" not in said
