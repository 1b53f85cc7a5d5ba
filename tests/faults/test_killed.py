"""Killed workers and stopped services keep every decision that was answered as recorded."""

from __future__ import annotations

import os
import signal
import socket
import time
from functools import partial
from pathlib import Path

from tests.faults.service import Load, Service, recorded, until


def _more(load: Load, before: int) -> bool:
    return len(load.answers) > before + 20


def test_killed_workers_lose_nothing_that_was_answered(service: Service, url: str) -> None:
    """After SIGKILL under load, each decision answered as recorded is in the record once.

    A client that resends a comment without an answer gets the same decision.
    """
    with Load(service) as load:
        for _ in range(3):
            before = len(load.answers)
            until(partial(_more, load, before), "answers")
            service.kill_worker()
        before = len(load.answers)
        until(partial(_more, load, before), "answers after the last kill")
    until(lambda: service.waiting() == 0, "the spool")
    decisions, comments = recorded(url)
    answered = [answer.decision for answer in load.answers if answer.recorded]
    assert load.refused == []
    assert len(answered) > 60
    assert set(answered) <= set(decisions)
    assert len(decisions) == len(set(decisions))
    assert len(comments) == len(set(comments))


def test_a_dead_worker_is_not_counted(service: Service) -> None:
    """The system lists a dead worker until its parent notices, which may take a while."""
    assert service.process is not None
    until(lambda: len(service.workers_now()) == 2, "both workers")
    killed, other = service.workers_now()
    service.process.send_signal(signal.SIGSTOP)
    try:
        os.kill(killed, signal.SIGKILL)
        until(lambda: service.workers_now() == [other], "its death")
        assert Path(f"/proc/{killed}").exists()
    finally:
        service.process.send_signal(signal.SIGCONT)
    until(lambda: len(service.workers_now()) == 2, "another worker")
    assert killed not in service.workers_now()


def test_a_request_under_way_is_answered_when_asked_to_stop(service: Service, url: str) -> None:
    """A request that SIGTERM interrupts is decided, recorded and answered."""
    body = b'{"text": "Too short", "id": "the last one"}'
    head = (
        "POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(head.encode() + body[:10])
        time.sleep(0.5)  # until a worker has taken it
        assert service.process is not None
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)  # until the worker was told to stop
        client.sendall(body[10:])
        with client.makefile("rb") as stream:
            answer = stream.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"recorded":true' in answer
    assert service.process.wait(timeout=60) == 0
    assert recorded(url)[1] == ["the last one"]
