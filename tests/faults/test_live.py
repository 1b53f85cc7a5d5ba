"""The running service counts over all workers, and never logs a comment."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.service import Service, running

WORD = "xylophonist"  # a word that must be in the record only


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service over an empty SQLite record."""
    folder = tmp_path / "service"
    with running(Service(folder, f"sqlite:///{folder}/record.sqlite")) as started:
        yield started


def _raw(service: Service, request: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(request.encode())
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass


def test_logs_and_metrics_hold_no_word_of_a_comment(service: Service) -> None:
    """Neither bad requests nor failures bring a comment's words into the log."""
    decision = service.decide(WORD, id="c1", author=WORD)
    about = f"/v1/decisions/{decision['id']}"
    json = "Content-Type: application/json\r\n"
    for path, body in {
        "/v1/moderate": {"text": WORD, WORD: 1},
        "/v1/moderate/batch": {"comments": [{"text": f"{WORD}\0"}, {"text": WORD}]},
        "/v1/suggest": {"text": f"u {WORD}"},
        f"{about}/verdict": {"action": "reject", "who": "a", "reason": WORD},
        f"{about}/appeal": {"reason": WORD},
        f"{about}/appeal/outcome": {"action": "approve", "who": "b", "reason": WORD},
        "/v1/erase": {"author": WORD},
    }.items():
        service.ask("POST", path, body)
    service.ask("POST", "/v1/moderate", f'{{"text": "{WORD}'.encode())
    service.ask("GET", f"/v1/{WORD}")
    _raw(service, f"{WORD} is no request\r\n\r\n")
    _raw(service, f"POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\n{json}{WORD}\r\n\r\n")
    _raw(
        service,
        f"POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\n{json}Content-Length: 2\r\n\r\n"
        f'{{}}{{"text": "{WORD}"}}',
    )
    _raw(
        service,
        f"POST /v1/moderate HTTP/1.1\r\nHost: localhost\r\n{json}Transfer-Encoding: chunked\r\n\r\n"
        f"{WORD}\r\n",
    )
    record = service.folder / "record.sqlite"
    for file in service.folder.glob("record.sqlite*"):
        file.rename(file.with_name(f"hidden{file.suffix}"))
    record.mkdir()
    service.ask("GET", about)
    service.decide(WORD, id="c2", author=WORD)
    assert WORD not in service.ask("GET", "/metrics")[1].decode()
    assert '"event": "request"' in service.stderr
    assert WORD not in service.stderr


def test_metrics_are_those_of_all_workers(service: Service) -> None:
    """Every worker reports the numbers of all workers."""
    for number in range(40):
        service.decide(f"Short {number}")
    for _ in range(4):
        metrics = service.ask("GET", "/metrics")[1].decode()
        assert 'moderation_decisions_total{action="review",route="v1"} 40.0' in metrics
        assert "moderation_decisions_lost_total 0.0" in metrics
        assert "moderation_spool_length 0.0" in metrics


def test_live_is_not_ready(service: Service) -> None:
    """A service that cannot record is not ready, but must not be killed."""
    spool = service.folder / "spool"
    spool.rename(service.folder / "elsewhere")
    spool.write_text("no folder")
    assert service.ask("GET", "/healthz")[0] == 200
    assert service.ask("GET", "/readyz")[0] == 503
