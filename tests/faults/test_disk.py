"""A full disk: comments are decided, and the loss is counted and reported."""

from __future__ import annotations

from pathlib import Path

from tests.faults.service import Service, running, until


def fill(disk: Path) -> Path:
    """Fill the disk to the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk(small_disk: Path | None, tmp_path: Path) -> None:
    """Comments are decided, readiness is 503 and the loss is counted until there is room.

    If no disk can be mounted, a folder and a file block the database and the spool instead.
    """
    home = small_disk or tmp_path / "home"
    record = home / "record.sqlite"
    with running(Service(home, f"sqlite:///{record}")) as service:
        if small_disk:
            assert service.decide("Short 1", id="c1")["recorded"] is True
            filler = fill(small_disk)
        else:
            record.rename(home / "hidden")
            record.mkdir()
            (home / "spool").rename(home / "hidden-spool")
            (home / "spool").write_text("no folder")
        decision = service.decide("Short 2", id="c2" * 200)
        assert (decision["action"], decision["recorded"]) == ("review", False)
        assert service.ask("GET", "/healthz")[0] == 200
        until(lambda: service.ask("GET", "/readyz")[0] == 503, "readiness to report the disk")
        for _ in range(50):  # the log is on the same disk and fills its last page
            assert b"moderation_decisions_lost_total 1.0" in service.ask("GET", "/metrics")[1]
        if small_disk:
            filler.unlink()
            until(lambda: service.decide("Short 3", id="c3")["recorded"], "a recorded decision")
