"""The folder in which workers add up their metrics fills up, or is tidied away: answers go on."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.service import Service, running, until
from tests.faults.test_disk import fill


def _service(home: Path, temporary: Path) -> Service:
    temporary.mkdir(exist_ok=True)
    record = f"sqlite:///{home / 'record.sqlite'}"
    return Service(home, record, environment={"TMPDIR": str(temporary)})


def test_a_full_disk_for_metrics(small_disk: Path | None, tmp_path: Path) -> None:
    """What is counted has its room already; what has none is missed. No worker dies of it."""
    if small_disk is None:  # where nothing can be mounted there is nothing to fill
        return
    with running(_service(tmp_path / "home", small_disk / "tmp")) as service:
        until(lambda: len(service.workers_now()) == 2, "both workers")
        workers = service.workers_now()
        service.decide("Short 1")
        fill(small_disk)
        routes = ("/readyz", "/v1/models", "/v1/guidelines", "/healthz", "/docs", "/nowhere")
        for route in routes * 4:  # new numbers, and each worker's first
            assert service.ask("GET", route)[0] in {200, 404}
            service.decide("Short 2")
        assert service.workers_now() == workers
        assert b"moderation_decisions_total" in service.ask("GET", "/metrics")[1]
        service.kill_worker()
        for _ in range(20):
            service.decide("Short 3")


def test_a_folder_tidied_away(tmp_path: Path) -> None:
    """A worker that comes after that makes it anew, and the numbers begin again."""
    temporary = tmp_path / "tmp"
    with running(_service(tmp_path / "home", temporary)) as service:
        service.decide("Short 1")
        for folder in temporary.glob("moderation-metrics-*"):
            shutil.rmtree(folder)
        assert service.ask("GET", "/metrics")[0] == 200
        for _ in range(2):
            service.kill_worker()
        until(lambda: b"moderation_requests" in service.ask("GET", "/metrics")[1], "numbers again")
        for _ in range(20):
            service.decide("Short 2")


def test_a_worker_that_follows_goes_on_counting(tmp_path: Path) -> None:
    """It has the number of the one that died, so that files do not pile up."""
    temporary = tmp_path / "tmp"
    with running(_service(tmp_path / "home", temporary)) as service:
        for _ in range(3):
            service.decide("Short 1")
            service.kill_worker()
        told = service.ask("GET", "/metrics")[1].decode()
        assert 'moderation_decisions_total{action="review",route="v1"} 3.0' in told
        names = {path.name for path in temporary.glob("moderation-metrics-*/counter_*.db")}
        assert names <= {"counter_0.db", "counter_1.db", "counter_2.db"}
