"""The files through which workers share their metrics."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from api.monitoring.worker_files import FILE_SIZE, PreallocatedFile


def test_a_file_is_complete_from_the_start(tmp_path: Path) -> None:
    """Another worker that sums the metrics never reads a file that is half written."""
    finished = threading.Event()

    def create() -> None:
        for number in range(200):
            PreallocatedFile(str(tmp_path / f"counter_{number}.db")).close()  # type: ignore[no-untyped-call]  # it has no types
        finished.set()

    worker = threading.Thread(target=create)
    worker.start()
    files_read = 0
    while not finished.is_set():
        for path in tmp_path.glob("*.db"):
            assert list(MmapedDict.read_all_values_from_file(str(path))) == []  # type: ignore[no-untyped-call]  # it has no types
            files_read += 1
    worker.join()
    assert files_read
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {FILE_SIZE}


def test_a_full_disk_is_an_error_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the wrong size would break the other workers."""

    def full(path: Path, _: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        PreallocatedFile(str(tmp_path / "counter_1.db"))
    assert list(tmp_path.iterdir()) == []
