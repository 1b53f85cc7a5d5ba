"""Silent, slow and early clients of the real server, with and without nginx in front of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import resource
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.nginx import nginx
from tests.faults.service import Service, running, until

IDLE = 1000
SLOW_HEAD = b"GET /healthz HTTP/1.1\r\nHost: a"
SLOW_BODY = (
    b"POST /coral/plain HTTP/1.1\r\nHost: a\r\nX-Coral-Signature: sha256=%b\r\n"
    b"Content-Length: 1000\r\n\r\n{" % (b"0" * 64)
)
SLOW_CHUNKS = SLOW_BODY.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked") + b"9\r\na"
REVIEW = b'"action":"review"'
HEAD = (
    "POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Authorization: Bearer {key}\r\nContent-Length: {length}\r\n{more}\r\n"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service with two workers, which requires a key."""
    folder = tmp_path_factory.mktemp("connections")
    environment = {"MODERATION_CORAL_SECRETS": "secret", "MODERATION_UNPROTECTED": "false"}
    stopped = Service(
        folder / "service", f"sqlite:///{folder}/record.sqlite", environment=environment
    )
    with running(stopped) as started:
        yield started


@pytest.fixture
def key(service: Service) -> str:
    """The secret of a key that may decide. Each test has its own, which has its rate unused."""
    return service.make_key("decide")


@contextlib.contextmanager
def clients(port: int, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Open connections, send the same bytes on each, and keep them open for the block."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            opened.append(stack.enter_context(socket.create_connection(("127.0.0.1", port), 60)))
            opened[-1].sendall(sent)
        yield opened
    resource.setrlimit(resource.RLIMIT_NOFILE, most)


def receive(client: socket.socket, expected: bytes = b"\r\n\r\n") -> bytes:
    """Return what the server sends, up to these bytes and what came with them."""
    received = b""
    while expected not in received and (data := client.recv(65_536)):
        received += data
    return received


def slowest_health(port: int, times: int = 20) -> float:
    """Ask for the service's health several times. Return how long the slowest answer took."""
    slowest = 0.0
    for _ in range(times):
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        slowest = max(slowest, time.perf_counter() - began)
    return slowest


@pytest.mark.parametrize(
    ("count", "sent"),
    [
        pytest.param(IDLE, b"", id="silent"),
        pytest.param(IDLE, SLOW_HEAD, id="slow heads"),
        pytest.param(IDLE, SLOW_BODY, id="slow bodies"),
        pytest.param(IDLE, SLOW_CHUNKS, id="slow chunks"),
    ],
)
def test_slow_clients(service: Service, count: int, sent: bytes) -> None:
    """A thousand slow connections cost no thread. One answer on a busy machine takes under 2 s."""
    with clients(service.port, count, sent):
        assert slowest_health(service.port) < 2


def test_behind_nginx(service: Service, tmp_path: Path) -> None:
    """The documented proxy holds back what is incomplete."""
    documented = Path("docs/api.md").read_text("utf-8").partition("```nginx\n")[2]
    server = documented.partition("```")[0].replace(":8000", f":{service.port}")
    with (
        nginx(tmp_path / "nginx", {"main": server}) as ports,
        clients(ports["main"], 400, SLOW_HEAD),
        clients(ports["main"], 400, SLOW_BODY),
    ):
        assert slowest_health(ports["main"]) < 2


def test_a_request_in_pieces(service: Service, key: str) -> None:
    """It is answered as if it had arrived at once, and so is the next one behind it."""
    body = json.dumps({"text": "Too short"}).encode()
    request = HEAD.format(key=key, length=len(body), more="").encode() + body
    with socket.create_connection(("127.0.0.1", service.port), 60) as client:
        for start in range(0, len(request), 16):
            client.sendall(request[start : start + 16])
            time.sleep(0.001)
        assert REVIEW in receive(client, REVIEW)
        client.sendall(request + request[:100])
        assert REVIEW in receive(client, REVIEW)
        client.sendall(request[100:])
        assert REVIEW in receive(client, REVIEW)


def test_chunks_in_pieces(service: Service, key: str) -> None:
    """A chunked body is read to its end, even if it looks as if it ended before."""
    head = HEAD.format(key=key, length=0, more="Transfer-Encoding: chunked\r\n")
    head = head.replace("Content-Length: 0\r\n", "")
    pieces = [
        '2\r\n{"\r\n',
        '6\r\ntext":\r\n',
        "2\r\n\r\n\r\n",
        '5\r\n"Too \r\n',
        '7\r\nshort"}\r\n',
    ]
    with socket.create_connection(("127.0.0.1", service.port), 60) as client:
        for piece in (head, *pieces, "0\r\n", "\r\n"):
            client.sendall(piece.encode())
            time.sleep(0.02)
        assert REVIEW in receive(client, REVIEW)


@pytest.mark.parametrize("path", ["/v1/moderate", "/v1/moderate/batch", "/v1/moderations"])
def test_the_key_is_checked_before_the_body(service: Service, path: str) -> None:
    """The answer to a request without a valid key comes before its body is sent."""
    head = HEAD.format(key="hr-1-2", length=1_000_000, more="").replace("/v1/moderate", path)
    with socket.create_connection(("127.0.0.1", service.port), 60) as client:
        client.sendall(head.encode())
        answer = receive(client)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'WWW-Authenticate: Bearer realm="House rules"\r\n' in answer


def test_a_client_that_asks_before_it_sends(service: Service) -> None:
    """`Expect: 100-continue` gets 100 with a valid key, and 401 without. It counts once."""
    key = service.make_key("decide")
    body = json.dumps({"text": "Too short"}).encode()
    asks = "Expect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", service.port), 60) as client:
        client.sendall(HEAD.format(key=key, length=len(body), more=asks).encode())
        assert receive(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        answer = receive(client)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'RateLimit: "requests";r=49;' in answer
    with socket.create_connection(("127.0.0.1", service.port), 60) as client:
        client.sendall(HEAD.format(key="hr-1-2", length=len(body), more=asks).encode())
        assert receive(client).startswith(b"HTTP/1.1 401 ")


def test_a_large_body_without_a_key(service: Service) -> None:
    """The client can read the answer after it has sent everything."""
    body = b" " * (16 * 1024 * 1024)
    for _ in range(3):
        assert service.ask("POST", "/v1/moderate", body)[0] == 401


def test_malformed_chunks(service: Service, key: str) -> None:
    """They get 400."""
    head = HEAD.format(key=key, length=0, more="Transfer-Encoding: chunked\r\n")
    head = head.replace("Content-Length: 0\r\n", "")
    for chunks in ("zz\r\n\r\n", "5\r\n{}zzzzzzz\r\n\r\n", "2\r\n{}\r\n0\r\na b: c\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", service.port), 60) as client:
            client.sendall((head + chunks).encode())
            assert receive(client).startswith(b"HTTP/1.1 400 ")
    assert "request failed" not in service.stderr


def behave_badly(port: int, key: str, rng: random.Random) -> None:
    """Send a request that is whole, cut, doubled or random, and end it in some way."""
    body = json.dumps({"text": "Too short"}).encode()
    whole = HEAD.format(key=key, length=len(body), more="").encode() + body
    with socket.create_connection(("127.0.0.1", port), 60) as client, contextlib.suppress(OSError):
        request = rng.choice([whole, whole * 3, SLOW_HEAD, SLOW_BODY, SLOW_CHUNKS, b"\r\n\r\n" * 9])
        request = rng.choice([request, rng.randbytes(300), whole[: rng.randrange(len(whole))]])
        for start in range(0, len(request), size := rng.choice([7, 100, 10_000])):
            client.sendall(request[start : start + size])
        ending = rng.randrange(4)
        if ending == 0:  # a reset
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending == 1:  # nothing more will be sent
            client.shutdown(socket.SHUT_WR)
        if ending in (1, 2):
            client.settimeout(0.05)
            client.recv(100)


def test_clients_that_behave_badly(service: Service, key: str) -> None:
    """They end no worker, whatever they send and however they leave."""
    until(lambda: len(service.workers_now()) == service.workers, "all workers")
    workers = service.workers_now()
    rng = random.Random(18)  # noqa: S311 - not for secrets
    with ThreadPoolExecutor(16) as pool:
        seeds = [rng.random() for _ in range(1_000)]
        list(pool.map(lambda s: behave_badly(service.port, key, random.Random(s)), seeds))  # noqa: S311 - as above
    slowest_health(service.port)
    assert service.workers_now() == workers
    assert "Traceback" not in service.stderr
    assert service.ask("POST", "/v1/moderate", {"text": "Too short"}, key)[0] in (200, 429)


def test_slow_clients_are_disconnected(service: Service, key: str) -> None:
    """A silent one and a slow head are closed, and a slow body gets 400."""
    body = HEAD.format(key=key, length=99, more="").encode() + b"{"
    with contextlib.ExitStack() as stack:
        silent, slow_head, slow_body = (
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port), 60))
            for _ in range(3)
        )
        slow_head.sendall(SLOW_HEAD)
        slow_body.sendall(body)
        assert silent.recv(1) == b""
        assert slow_head.recv(1) == b""
        assert receive(slow_body).startswith(b"HTTP/1.1 400 ")


def test_it_stops_with_silent_clients(tmp_path: Path) -> None:
    """They do not delay the end of the service."""
    stopped = Service(tmp_path / "service", f"sqlite:///{tmp_path}/record.sqlite")
    with contextlib.ExitStack() as stack:
        with running(stopped) as service:
            stack.enter_context(clients(service.port, 10, b""))
            slowest_health(service.port, 5)
            began = time.monotonic()
        assert time.monotonic() - began < 25  # less than gunicorn's grace for connections
