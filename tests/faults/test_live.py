"""The running service: what it counts over all workers, and what it never writes down."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.service import Service, running

WORD = "xylophonist"  # a comment's word that must stand nowhere but in the record


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service over an empty SQLite record."""
    folder = tmp_path / "service"
    with running(Service(folder, f"sqlite:///{folder}/record.sqlite")) as started:
        yield started


def _raw(service: Service, sent: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall(sent.encode())
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass


def test_logs_and_metrics_hold_no_word_of_a_comment(service: Service) -> None:
    """Whatever is sent and whatever breaks, the server's own words are all that is logged."""
    made = service.decide(WORD, id="c1", author=WORD)
    about = f"/v1/decisions/{made['id']}"
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
    assert '"event": "request"' in service.said
    assert WORD not in service.said


def test_metrics_are_those_of_all_workers(service: Service) -> None:
    """Whichever worker is asked, it tells what all have done."""
    for number in range(40):
        service.decide(f"Short {number}")
    for _ in range(4):
        told = service.ask("GET", "/metrics")[1].decode()
        assert 'moderation_decisions_total{action="review",route="v1"} 40.0' in told
        assert "moderation_decisions_lost_total 0.0" in told
        assert "moderation_spool_length 0.0" in told


def test_live_is_not_ready(service: Service) -> None:
    """Where nothing can be kept the service says so, but is not to be killed for it."""
    spool = service.folder / "spool"
    spool.rename(service.folder / "elsewhere")
    spool.write_text("no folder")
    assert service.ask("GET", "/healthz")[0] == 200
    assert service.ask("GET", "/readyz")[0] == 503
