"""The files in which workers add up their numbers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from api.monitoring.worker_files import FILE_SIZE, PreallocatedFile


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Another worker may add up at any moment: it never finds a file that is half made."""
    made = threading.Event()

    def make() -> None:
        for number in range(200):
            PreallocatedFile(str(tmp_path / f"counter_{number}.db")).close()  # type: ignore[no-untyped-call]  # it has no types
        made.set()

    worker = threading.Thread(target=make)
    worker.start()
    found = 0
    while not made.is_set():
        for path in tmp_path.glob("*.db"):
            assert [*MmapedDict.read_all_values_from_file(str(path))] == []  # type: ignore[no-untyped-call]  # likewise
            found += 1
    worker.join()
    assert found
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {FILE_SIZE}


def test_no_room_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a file of half its size."""

    def full(path: Path, _: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        PreallocatedFile(str(tmp_path / "counter_1.db"))
    assert [*tmp_path.iterdir()] == []
