"""A disk that is full: comments are decided, the loss is counted and said."""

from __future__ import annotations

from pathlib import Path

from tests.faults.service import Service, running, until


def fill(disk: Path) -> Path:
    """Leave not a byte."""
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
    """Decided all the same, readiness 503, counted; and all is well when there is room again.

    Where no disk can be mounted, folders take the places of database and spool instead.
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
        made = service.decide("Short 2", id="c2" * 200)
        assert (made["action"], made["recorded"]) == ("review", False)
        assert service.ask("GET", "/healthz")[0] == 200
        until(lambda: service.ask("GET", "/readyz")[0] == 503, "a word about the disk")
        for _ in range(50):  # the log is on that disk, too: its last page is full before long
            assert b"moderation_decisions_lost_total 1.0" in service.ask("GET", "/metrics")[1]
        if small_disk:
            filler.unlink()
            until(lambda: service.decide("Short 3", id="c3")["recorded"], "room again")
