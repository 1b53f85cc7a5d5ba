"""The service answers when the metrics folder is full or was removed."""

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
    """Existing metrics have allocated space; new ones are lost. No worker dies."""
    if small_disk is None:  # this process may not mount a disk
        return
    with running(_service(tmp_path / "home", small_disk / "tmp")) as service:
        until(lambda: len(service.workers_now()) == 2, "both workers")
        workers = service.workers_now()
        service.decide("Short 1")
        fill(small_disk)
        routes = ("/readyz", "/v1/models", "/v1/guidelines", "/healthz", "/docs", "/nowhere")
        for route in routes * 4:  # new metrics, and the first ones of each worker
            assert service.ask("GET", route)[0] in {200, 404}
            service.decide("Short 2")
        assert service.workers_now() == workers
        assert b"moderation_decisions_total" in service.ask("GET", "/metrics")[1]
        service.kill_worker()
        for _ in range(20):
            service.decide("Short 3")


def test_a_removed_folder(tmp_path: Path) -> None:
    """The next worker creates it, and the metrics start again."""
    temporary = tmp_path / "tmp"
    with running(_service(tmp_path / "home", temporary)) as service:
        service.decide("Short 1")
        for folder in temporary.glob("moderation-metrics-*"):
            shutil.rmtree(folder)
        assert service.ask("GET", "/metrics")[0] == 200
        for _ in range(2):
            service.kill_worker()
        until(lambda: b"moderation_requests" in service.ask("GET", "/metrics")[1], "metrics again")
        for _ in range(20):
            service.decide("Short 2")


def test_a_new_worker_continues_the_counters(tmp_path: Path) -> None:
    """It has the number of the dead worker, so files do not accumulate."""
    temporary = tmp_path / "tmp"
    with running(_service(tmp_path / "home", temporary)) as service:
        for _ in range(3):
            service.decide("Short 1")
            service.kill_worker()
        metrics = service.ask("GET", "/metrics")[1].decode()
        assert 'moderation_decisions_total{action="review",route="v1"} 3.0' in metrics
        names = {path.name for path in temporary.glob("moderation-metrics-*/counter_*.db")}
        assert names <= {"counter_0.db", "counter_1.db", "counter_2.db"}


def test_the_folder_of_a_killed_service(tmp_path: Path) -> None:
    """The next service removes it, and leaves the folders of running services alone."""
    temporary = tmp_path / "tmp"
    with running(_service(tmp_path / "lives", temporary)):
        (living,) = temporary.glob("moderation-metrics-*")
        killed = _service(tmp_path / "killed", temporary)
        killed.start()
        assert killed.process is not None
        workers = killed.workers_now()
        killed.process.kill()
        killed.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "their end")
        assert len([*temporary.glob("moderation-metrics-*")]) == 2
        with running(_service(tmp_path / "new", temporary)):
            folders = [*temporary.glob("moderation-metrics-*")]
            assert len(folders) == 2
            assert living in folders
        assert [*temporary.glob("moderation-*")] == [living]
