"""Clients that disconnect, write slowly or read slowly do not affect the others."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from tests.faults.service import Service, recorded

HEAD = "POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@contextlib.contextmanager
def _open(service: Service, sent: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(sent.encode())
        yield client


def test_a_request_cut_in_the_middle(service: Service, url: str) -> None:
    """The cut request is not decided, and the next one is."""
    for _ in range(20):
        with _open(service, f'{HEAD}Content-Length: 99\r\n\r\n{{"text": "Hal'):
            pass
    assert service.decide(id="c1")["recorded"] is True
    assert recorded(url)[1] == ["c1"]


def test_slow_writers(service: Service) -> None:
    """Some threads wait for slow clients, and the others answer."""
    with contextlib.ExitStack() as slow:
        for _ in range(6):
            slow.enter_context(_open(service, f"{HEAD}Content-Length: 99\r\n\r\n{{"))
        assert all(service.decide(f"Short {n}")["recorded"] for n in range(20))


def test_slow_readers_of_the_export(service: Service) -> None:
    """An unread stream blocks neither the database nor the other clients."""
    text = "words " * 500
    for part in range(3):
        comments = [{"text": text, "id": f"{part}-{n}"} for n in range(1000)]
        assert service.ask("POST", "/v1/moderate/batch", {"comments": comments})[0] == 200
    with contextlib.ExitStack() as slow:
        for _ in range(4):
            client = slow.enter_context(contextlib.closing(socket.socket()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", service.port))
            client.sendall(b"GET /v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(16).startswith(b"HTTP/1.1 200")
        answers = [service.decide(f"Short {n}", id=f"c{n}") for n in range(20)]
        assert all(answer["recorded"] for answer in answers)
        status, content = service.ask("GET", "/v1/export")
    assert (status, content.count(b"\n")) == (200, 3020)
