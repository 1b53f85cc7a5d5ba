"""A receiver that is silent or very slow times out and does not delay the others."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from api.background.loop import BackgroundLoop
from api.decisions import Decider, utc_now
from api.record import webhooks
from api.record.database import Sessions, writing
from api.record.spool import Spool
from api.record.tables import DeliveryRow
from api.record.webhooks import Hook
from moderation import Moderator
from tests.api.record.conftest import NOW

Answer = Callable[[socket.socket, threading.Event], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def _silent(_: socket.socket, end: threading.Event) -> None:
    end.wait(60)


def _drips(client: socket.socket, end: threading.Event) -> None:
    """Send one header line at a time, each well within the timeout of a read."""
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while not end.wait(0.1):
        client.sendall(b"X-More: to come\r\n")


def _takes(client: socket.socket, _: threading.Event) -> None:
    client.sendall(OK)


@contextlib.contextmanager
def _receiver(answer: Answer) -> Iterator[tuple[Hook, list[float]]]:
    """Run a real server with this answer. Yields its hook and the times of the calls."""
    end, called = threading.Event(), []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            called.append(time.monotonic())
            body = b""
            while not body.endswith(b"}"):  # closing on unread bytes would reset the connection
                body += self.request.recv(65_536)
            with contextlib.suppress(OSError):
                answer(self.request, end)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Hook(f"http://127.0.0.1:{server.server_address[1]}/", "a secret"), called
        finally:
            end.set()
            server.shutdown()


def _enqueue(sessions: Sessions, hook: Hook, count: int = 1) -> None:
    with writing(sessions) as session:
        for number in range(count):
            webhooks.enqueue(session, [hook], "decision", {"id": f"d{number}"}, NOW)


@pytest.mark.parametrize("answer", [_silent, _drips])
def test_a_call_has_a_deadline(
    sessions: Sessions, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the timeout the call has failed and is due later."""
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.5)
    with _receiver(answer) as (hook, _):
        _enqueue(sessions, hook)
        start = time.monotonic()
        assert webhooks.deliver(sessions, hook, NOW)
        assert time.monotonic() - start < 5
    with sessions() as session:
        (row,) = session.scalars(select(DeliveryRow))
    assert (row.state, row.tries, row.last_error) == ("due", 1, "TimeoutError")


def test_an_answer_in_time_is_taken(sessions: Sessions) -> None:
    """A complete answer ends the delivery."""
    with _receiver(_takes) as (hook, called):
        _enqueue(sessions, hook)
        assert webhooks.deliver(sessions, hook, NOW)
        assert not webhooks.deliver(sessions, hook, NOW)
    assert len(called) == 1


def test_a_hanging_receiver_does_not_delay_others(
    sessions: Sessions, moderator: Moderator, spool: Spool
) -> None:
    """This holds even if its calls have been due for longer."""
    with _receiver(_drips) as (slow, slow_calls), _receiver(_takes) as (quick, called):
        _enqueue(sessions, slow, 3)
        _enqueue(sessions, quick, 3)
        loop = BackgroundLoop(Decider(moderator, sessions, spool, utc_now, [slow, quick]))
        loop.start()
        deadline = time.monotonic() + webhooks.TIMEOUT_S / 2
        while len(called) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        loop.stop()
        assert (len(slow_calls), len(called)) == (1, 3)
