"""Fixtures for faults in real server processes, databases and disks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.record.conftest import keep, moderator, postgres, sessions, spool, url
from tests.faults.service import Postgres, Service, running

__all__ = ["keep", "moderator", "postgres", "sessions", "spool", "url"]


@pytest.fixture
def service(tmp_path: Path, url: str) -> Iterator[Service]:
    """A running service over an empty SQLite or PostgreSQL record."""
    with running(Service(tmp_path / "service", url)) as started:
        yield started


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL server that is not started yet."""
    base = Path(tempfile.mkdtemp(prefix="record-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(base, "postgres")
    try:
        postgresql = Postgres(base)
        yield postgresql
        if (base / "data" / "postmaster.pid").exists():
            postgresql.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of 16 MiB; None if this process may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True).returncode == 0  # noqa: S603 - mount(8)
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - umount(8)
