"""An author is erased while the real service runs: no file of the record has a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.service import Load, Service, running

TRACES = (b"kumquat-author", b"Kumquat", b"kumquat-comment")


def traces(folder: Path) -> set[str]:
    """Return the names of the files under `folder` that contain a trace of the author."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "stderr"]
    return {path.name for path in files if any(trace in path.read_bytes() for trace in TRACES)}


@pytest.mark.parametrize("by", ["request", "command"])
def test_an_author_is_erased_under_load(tmp_path: Path, by: str) -> None:
    """Two workers write other comments meanwhile, and have connections of their own."""
    record = tmp_path / "record"
    record.mkdir()
    database = f"sqlite:///{record}/record.sqlite"
    with running(Service(record / "service", database)) as service:
        for number in range(10):
            text = f"Kumquat {number} " + "in spring " * (number * 60)
            service.decide(text, id=f"kumquat-comment-{number}", author="kumquat-author")
            service.decide("Short reply", id=f"r{number}", author="mohan", parent=text)
        with Load(service, clients=2):
            assert traces(record)
            if by == "request":
                status, body = service.ask("POST", "/v1/erase", {"author": "kumquat-author"})
                assert (status, json.loads(body)["erased"]) == (200, 10)
            else:
                arguments = "-m moderation record erase --author kumquat-author".split()
                settings = {
                    "MODERATION_DATABASE": database,
                    "MODERATION_SPOOL": str(record / "service" / "spool"),
                }
                subprocess.run(  # noqa: S603 - our own
                    [sys.executable, *arguments], env={**os.environ, **settings}, check=True
                )
        assert traces(record) == set()
