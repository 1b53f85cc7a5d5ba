"""PostgreSQL stops, restarts, or is away when the service starts. No decision is lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.faults.service import Load, Postgres, Service, recorded, running, until

AWAY_S = 20 if os.environ.get("CI") == "true" else 4


def test_postgresql_stops_and_starts_again(server: Postgres, tmp_path: Path) -> None:
    """Each comment is answered without delay, and recorded once."""
    server.start()
    with running(Service(tmp_path / "service", server.url)) as service:
        with Load(service) as load:
            until(lambda: len(load.answers) > 20, "answers")
            server.stop()
            time.sleep(AWAY_S)
            away = len([answer for answer in load.answers if not answer.recorded])
            server.start()
            until(lambda: load.answers[-1].recorded, "decisions in the record again")
        until(lambda: service.waiting() == 0, "the spool")
        decisions, comments = recorded(server.url)
    assert load.refused == []
    assert load.unanswered == 0
    assert away > 20
    assert sorted(answer.decision for answer in load.answers) == sorted(decisions)
    assert len(comments) == len(set(comments))
    assert max(answer.took_s for answer in load.answers) < 3  # no request waited for a connection


def test_postgresql_is_away_at_start(server: Postgres, tmp_path: Path) -> None:
    """The service starts and decides, and records when the database comes."""
    with running(Service(tmp_path / "service", server.url)) as service:
        answers = [service.decide(f"Short {n}", id=f"c{n}") for n in range(5)]
        assert not any(answer["recorded"] for answer in answers)
        assert service.ask("GET", "/readyz")[0] == 200
        assert service.ask("GET", "/v1/queue")[0] == 503
        server.start()
        until(lambda: service.waiting() == 0, "the spool")
        until(lambda: service.ask("GET", "/v1/queue")[0] == 200, "the queue")
        assert service.decide("Short 0", id="c0")["id"] == answers[0]["id"]
        assert sorted(recorded(server.url)[0]) == sorted(answer["id"] for answer in answers)
